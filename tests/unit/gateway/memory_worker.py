"""A worker without NATS or a child: what it would sign, and what it would sign if it cheated."""

from typing import Any

from schemas import canonical, signing
from schemas.job import Offer
from schemas.scalars import digest, to_b64u
from schemas.worker_key import ClaimMessage
from tests.statements import World, seed, signing_key


class MemoryWorker:
    """The worker whose key is the fixed one of ``name``."""

    def __init__(self, name: str = "worker", pool: str = "company") -> None:
        self.world = World(worker=signing_key(name), hpke_seed=seed(f"hpke of {name}"))
        self.pool = pool

    @property
    def thumbprint(self) -> str:
        """Who it is."""
        return signing.thumbprint(self.world.worker.public_key())

    @property
    def roster(self) -> str:
        """Its roster entry."""
        return self.world.roster_jws(pool=self.pool)

    def claim(self, offer: Offer, /, **edits: Any) -> str:
        """Its claim of ``offer``."""
        named = {"offer": digest(canonical.encode(offer)), "roster": digest(self.roster.encode())}
        return self.world.claim_jws(**(named | edits))

    def message(self, offer: Offer, /, **edits: Any) -> ClaimMessage:
        """What it sends to claim ``offer``."""
        return ClaimMessage(roster=self.roster, claim=self.claim(offer, **edits))

    def receipt(self, offer: Offer, claim: str, /, **edits: Any) -> bytes:
        """Its receipt after that claim, as the frame's payload."""
        named = {
            "offer": digest(canonical.encode(offer)),
            "claim": digest(claim.encode()),
            "salt": to_b64u(seed(f"salt for {claim}")),
        }
        return self.world.receipt_jws(**(named | edits)).encode()

    def unused(self, offer: Offer, claim: str) -> bytes:
        """Its receipt when its child was given nothing."""
        return self.receipt(offer, claim, opened_at=None, exit_kind="unused", images=0, result=None)
