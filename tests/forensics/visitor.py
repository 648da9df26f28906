"""A person whose secrets are known to the test. The only file here that knows the client of a job (tests/client)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas import signing
from schemas.job import SealedRequest
from schemas.scalars import from_b64u
from tests import tiny_bundle
from tests.client import Claimed, Job, Outcome, Person
from tests.forensics.face import Face
from tests.forensics.house import House, Kind
from tests.forensics.windows import PUBLIC, Windows, joined, of_bytes, of_tensor


@dataclass
class Visitor:
    """One visit: a consent, one job, and what only this person's browser and one child know."""

    face: Face
    outcome: Outcome = field(default_factory=Outcome)
    claimed_key: bytes = b""
    """Public half of the single-use key that the request was sealed to."""
    sealed: bytes = field(default=b"", repr=False)
    response_secret: bytes = field(default=b"", repr=False)
    reply_key: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    grant: str = field(default="", repr=False)
    person: Person | None = field(default=None, repr=False)

    async def visit(self, house: House, kind: Kind, before_sending: Callable[[], None]) -> None:
        """Ask for one image from the bundle ``kind``; ``before_sending`` is called when the request has been sealed."""
        async with house.http() as http:
            person = self.person = Person(http)
            answer = await person.consent(bundle=house.digests[kind], max_images=1, max_disclosures=1)
            assert answer.status_code == 201, answer.text
            self.token, self.grant = person.token, person.grant
            facts = await person.facts()
            keys = tuple(map(signing.key_of, facts.keys))
            job = _Job(person, keys, self.face.raw, tiny_bundle.STYLES[0], self.face.seed, 1)
            job.visitor, job.before_sending = self, before_sending
            self.outcome = job.outcome
            await job.run()

    async def withdraw(self) -> None:
        """Withdraw the consent while the job goes on."""
        assert self.person is not None
        answer = await self.person.revoke()
        assert answer.status_code == 200, answer.text

    def windows(self) -> Windows:
        """Windows of the secrets of this visit."""
        return joined(
            (
                of_bytes("response secret", self.response_secret),
                of_bytes("reply key", self.reply_key),
                *(
                    of_tensor(name, "text", jws.rpartition(".")[2].encode())
                    | of_bytes(f"{name} signature", from_b64u(jws.rpartition(".")[2]))
                    for name, jws in (("token", self.token), ("grant", self.grant))
                ),
            )
        )

    def ciphertext(self) -> Windows:
        """Windows of the sealed request, which may lie everywhere."""
        return of_tensor(f"{PUBLIC} sealed request,", "raw", self.sealed)


class _Job(Job):
    """A job that tells its visitor what it knows."""

    visitor: Visitor
    before_sending: Callable[[], None]

    def request(self, secret: bytes) -> SealedRequest:
        self.visitor.response_secret = secret
        return super().request(secret)

    def seal(self, to: Claimed) -> bytes:
        sealed = super().seal(to)
        assert to.checked is not None
        self.visitor.sealed, self.visitor.reply_key = sealed, self.reply_key
        self.visitor.claimed_key = to.checked.hpke_key
        self.before_sending()
        return sealed
