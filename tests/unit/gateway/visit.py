"""One person's way through a door in memory, step by step; a test edits a step."""

from typing import Any

import msgspec

from gateway.admission import YES, admit_grant, admit_job, take_claim
from gateway.door import Door
from gateway.ledger import TokenUse
from schemas import canonical, signing, subjects
from schemas.consent import ConsentToken
from schemas.job import Disclosure, JobBody, JobRequest, Offer, pack_disclosure
from schemas.scalars import digest
from schemas.worker_key import ClaimMessage
from tests.statements import NOW, World, signing_key
from tests.unit.gateway.doors import Scene
from tests.unit.gateway.memory_bus import Said


class Visit:
    """One person's way through the door, step by step; a test edits a step."""

    def __init__(self, **grant: Any) -> None:
        self.scene = Scene()
        self.door: Door = self.scene.door()
        self.world: World = self.scene.world
        self.grant = grant
        self.token = ""
        self.nonces = 0

    async def consent(self) -> str:
        """Give the consent; the token."""
        self.token = await admit_grant(self.door, self.world.grant_jws(**self.grant))
        return self.token

    def body(self, *, key: str = "browser", token: str | None = None, **edits: Any) -> bytes:
        """What is posted to open a job."""
        self.nonces += 1
        base = JobRequest(
            nonce=f"{self.nonces:032x}", token=digest((token or self.token).encode()), images=1, issued_at=NOW
        )
        request = signing.sign(msgspec.structs.replace(base, **edits), signing_key(key), introduce=True)
        return canonical.encode(JobBody(token=token or self.token, request=request))

    async def claimed(self) -> tuple[Offer, str]:
        """An open job and the claim that took it."""
        offer = (await admit_job(self.door, self.body())).offer
        claim = self.world.claim_jws(offer=digest(canonical.encode(offer)))
        said = Said(canonical.encode(ClaimMessage(roster=self.world.roster_jws(), claim=claim)))
        assert await take_claim(self.door, offer, said) is not None
        assert await said.answered == YES
        return offer, claim

    def disclosure(self, offer: Offer, claim_jws: str, *, key: str = "browser", **edits: Any) -> bytes:
        """What is posted to disclose to that claim."""
        fields: dict[str, Any] = {
            "token": digest(self.token.encode()),
            "offer": digest(canonical.encode(offer)),
            "claim": digest(claim_jws.encode()),
            "n": 1,
            "images": 1,
            "issued_at": NOW,
        }
        jws = signing.sign(Disclosure(**(fields | edits)), signing_key(key), introduce=True)
        return pack_disclosure(jws, bytes(8192))

    def use(self) -> TokenUse:
        """The token's counters."""
        jti = signing.open_signed(ConsentToken, self.token, self.world.gateway.public_key()).statement.jti
        return canonical.decode(TokenUse, self.scene.bus.values[subjects.KV_TOKENS, jti].value)

    def spent(self) -> tuple[int, int]:
        """Portraits and disclosures."""
        return self.use().images, self.use().disclosures
