"""One person's way through a door in memory, step by step; a test edits a step."""

from typing import Any

import msgspec

from gateway.admission import OpenJob, admit_grant, admit_job
from gateway.answers import YES
from gateway.claims import take_claim
from gateway.disclosures import disclose
from gateway.door import Door, Pace
from gateway.ledger import JobEntry, TokenUse, job_key
from gateway.revocations import revoke
from schemas import canonical, signing, subjects
from schemas.consent import ConsentToken, Revoked
from schemas.job import Disclosure, JobBody, JobRequest, Offer, pack_disclosure
from schemas.log_leaf import roster_entry
from schemas.scalars import digest
from tests.statements import NOW, World, signing_key
from tests.unit.gateway.doors import FAST, Scene
from tests.unit.gateway.memory_bus import Said
from tests.unit.gateway.memory_worker import MemoryWorker

VOLUNTEERS: dict[str, Any] = {"pool": "volunteer", "volunteer_machine": "yes"}
"""A grant for the pool whose jobs have three lots."""


class Visit:
    """One person's way through the door, step by step; a test edits a step."""

    def __init__(self, *, settings: dict[str, Any] | None = None, pace: Pace = FAST, **grant: Any) -> None:
        self.scene = Scene()
        self.door: Door = self.scene.door(pace=pace, **({"pools": ("company", "volunteer")} | (settings or {})))
        self.world: World = self.scene.world
        self.grant = grant
        self.token = ""
        self.nonces = 0

    async def consent(self) -> str:
        """Give the consent; the token."""
        self.token = (await admit_grant(self.door, self.world.grant_jws(**self.grant))).token
        return self.token

    def body(self, *, key: str = "browser", token: str | None = None, **edits: Any) -> bytes:
        """What is posted to open a job."""
        self.nonces += 1
        base = JobRequest(
            nonce=f"{self.nonces:032x}", token=digest((token or self.token).encode()), images=1, issued_at=NOW
        )
        request = signing.sign(msgspec.structs.replace(base, **edits), signing_key(key), introduce=True)
        return canonical.encode(JobBody(token=token or self.token, request=request))

    async def opened(self, **edits: Any) -> OpenJob:
        """A job that is open and not offered yet."""
        return await admit_job(self.door, self.body(**edits))

    def worker(self, name: str = "worker") -> MemoryWorker:
        """A worker of the consent's pool, whose roster entry stands in the log."""
        worker = MemoryWorker(name, self.grant.get("pool", "company"))
        if roster_entry(worker.roster) not in self.scene.log.entries:
            self.scene.log.entries.append(roster_entry(worker.roster))
        return worker

    async def claimed(self) -> tuple[Offer, str]:
        """The first offer of a new job, and the claim that took it."""
        job, worker = await self.opened(), self.worker()
        offer = job.offers[0]
        self.scene.bus.offers.append(offer)
        message = worker.message(offer)
        said = Said(subjects.claim(worker.thumbprint, offer.offer_id), canonical.encode(message))
        assert await take_claim(self.door, job, said) is not None
        assert await said.answered == YES
        return offer, message.claim

    def disclosure(self, offer: Offer, claim_jws: str, /, *, key: str = "browser", **edits: Any) -> bytes:
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

    async def disclose(self, offer: Offer, claim_jws: str, /, **edits: Any) -> None:
        """Disclose to that claim; whoever is there takes it."""

        async def take(_subject: str, _payload: bytes) -> bytes | None:
            return YES

        self.scene.bus.on_hand_over = self.scene.bus.on_hand_over or take
        await disclose(self.door, offer.offer_id, self.disclosure(offer, claim_jws, **edits))

    @property
    def jti(self) -> str:
        """The token's id."""
        return signing.open_signed(ConsentToken, self.token, self.world.gateway.public_key()).statement.jti

    def revocation(self, *, key: str = "browser", **edits: Any) -> str:
        """The signed withdrawal of the token."""
        fields = {"jti": self.jti, "token": digest(self.token.encode())}
        return World(browser=signing_key(key)).revocation_jws(**(fields | edits))

    async def revoked(self) -> Revoked:
        """Take the consent back."""
        return await revoke(self.door, self.revocation())

    def use(self) -> TokenUse:
        """The token's counters."""
        return canonical.decode(TokenUse, self.scene.bus.values[subjects.KV_TOKENS, self.jti].value)

    def entry(self, offer_id: str) -> JobEntry:
        """The job as the ledger has it."""
        return canonical.decode(JobEntry, self.scene.bus.values[subjects.KV_JOBS, job_key(offer_id)].value)

    def spent(self) -> tuple[int, int]:
        """Portraits and disclosures."""
        return self.use().images, self.use().disclosures
