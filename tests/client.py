"""A person's side of the protocol in Python, from schemas/ alone: a second implementation of the browser's part."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas import canonical, errors, sealing, signing
from schemas.codes import from_code
from schemas.consent import (
    Admitted,
    ConsentGrant,
    ConsentToken,
    Revocation,
    Revoked,
    check_grant_of_token,
    consent_leaf,
    open_token,
    revocation_leaf,
)
from schemas.consent_file import ConsentFile, PolicyText
from schemas.erasure import ErasureReceipt, check_receipt, erasure_leaf
from schemas.facts import BundleFact, Facts
from schemas.frames import Frame, FrameKind, FrameReader, ImageChunk, decode_chunk
from schemas.job import (
    Choose,
    Disclosure,
    JobBody,
    JobRequest,
    Offer,
    Problem,
    Progress,
    SealedRequest,
    Waiting,
    pack_disclosure,
)
from schemas.log_policy import Policy, read_policy
from schemas.log_proof import check_inclusion
from schemas.pools import PROMISES
from schemas.receipt_file import ReceiptFile, check_receipt_file
from schemas.scalars import digest, from_b64u, to_b64u
from tests.gathering import Claimed, Gathering

__all__ = ["Claimed", "Job", "Outcome", "Person"]

WORKING: Final = {FrameKind.PROGRESS, FrameKind.IMAGE, FrameKind.RECEIPT}
"""What a chosen worker says, until its receipt."""


@dataclass
class Outcome:
    """What one job gave."""

    images: list[bytes] = field(default_factory=list, repr=False)
    receipt: ErasureReceipt | None = None
    problem: Problem | None = None
    progress: list[Progress] = field(default_factory=list)
    waited: list[Waiting] = field(default_factory=list)
    ended: bool = False
    file: ReceiptFile | None = field(default=None, repr=False)


@dataclass
class Person:
    """One browser session: a key K_u, a gateway, what it pinned and what it has agreed to."""

    http: httpx.AsyncClient
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    company: Ed25519PublicKey | None = None
    """The company root of the page's address."""
    policy_text: PolicyText = ""
    """What the page pins; asked of the gateway at the first consent when a test gives none."""
    token: str = ""
    grant: str = ""
    kept: ConsentFile | None = field(default=None, repr=False)

    @property
    def policy(self) -> Policy:
        """The witness policy, read."""
        return read_policy(self.policy_text)

    async def facts(self) -> Facts:
        """What the gateway says of itself."""
        answer = await self.http.get("/api/v1/facts")
        return canonical.decode(Facts, answer.content, limit_bytes=1 << 20)

    def sign_grant(self, facts: Facts, offered: BundleFact, salt: bytes, **edits: Any) -> str:
        """A signed consent to every style, two images, two workers."""
        now = int(time.time())
        pool = edits.get("pool", facts.pools[0].name)
        fields: dict[str, Any] = {
            "nonce": secrets.token_hex(16),
            "notice": facts.notice.digest,
            "purpose": "portrait",
            "bundle": offered.digest,
            "styles": sorted(style.id for style in offered.styles),
            "pool": pool,
            "region": facts.region,
            "max_images": 2,
            "max_disclosures": 2,
            "adult": "yes",
            "this_is_me": "yes",
            "i_hold_the_rights": "yes",
            "volunteer_machine": "yes" if pool == "volunteer" else "no",
            "salt_commitment": digest(salt),
            "issued_at": now,
            "expires_at": now + 600,
        }
        return signing.sign(ConsentGrant(**(fields | edits)), self.key, introduce=True)

    async def consent(self, **edits: Any) -> httpx.Response:
        """Post a grant; on success the token is checked and kept, with the proof that it stands in the log."""
        facts = await self.facts()
        self.policy_text = self.policy_text or (await self.http.get("/log/policy")).text
        salt = secrets.token_bytes(32)
        self.grant = self.sign_grant(facts, facts.bundles[0], salt, **edits)
        answer = await self.http.post("/api/v1/consents", content=self.grant)
        if answer.status_code == httpx.codes.CREATED:
            self.keep(facts, salt, canonical.decode(Admitted, answer.content))
        return answer

    def keep(self, facts: Facts, salt: bytes, admitted: Admitted) -> None:
        """Check what the gateway answered, and make the file that a person keeps."""
        now = int(time.time())
        token = open_token(admitted.token, gateway=tuple(map(signing.key_of, facts.keys)), now=now)
        grant = check_grant_of_token(token, self.grant)
        check_inclusion(self.policy, admitted.proof, consent_leaf(grant, admitted.token), now=now)
        self.token = admitted.token
        self.kept = ConsentFile(
            gateway_keys=facts.keys,
            policy=self.policy_text,
            notice=facts.notice.text,
            promise=PROMISES[grant.pool],
            grant=self.grant,
            token=self.token,
            salt=to_b64u(salt),
            proof=admitted.proof,
        )

    def revocation(self, **edits: Any) -> str:
        """The signed withdrawal of the consent."""
        fields: dict[str, Any] = {
            "jti": canonical.decode(ConsentToken, from_b64u(self.token.split(".")[1])).jti,
            "token": digest(self.token.encode()),
            "salt": to_b64u(secrets.token_bytes(32)),
            "issued_at": int(time.time()),
        }
        return signing.sign(Revocation(**(fields | edits)), self.key, introduce=True)

    async def revoke(self, statement: str = "") -> httpx.Response:
        """Withdraw the consent; the answer is checked when it is a yes."""
        statement = statement or self.revocation()
        answer = await self.http.post("/api/v1/revocations", content=statement)
        if answer.status_code == httpx.codes.OK:
            said = canonical.decode(Revoked, answer.content)
            if said.token != digest(self.token.encode()):
                raise errors.GrantMismatch
            leaf = revocation_leaf(signing.open_introduced(Revocation, statement).statement, statement)
            check_inclusion(self.policy, said.proof, leaf, now=int(time.time()))
        return answer

    def job_body(self, images: int = 1, **edits: Any) -> bytes:
        """The signed request for one job."""
        fields: dict[str, Any] = {
            "nonce": secrets.token_hex(16),
            "token": digest(self.token.encode()),
            "images": images,
            "issued_at": int(time.time()),
        }
        request = signing.sign(JobRequest(**(fields | edits)), self.key, introduce=True)
        return canonical.encode(JobBody(token=self.token, request=request))

    async def draw(self, record: bytes, style: str, *, seed: int = 1, images: int = 1) -> Outcome:
        """One whole job: offer, claim, disclosure, sealed request, images, receipt."""
        facts = await self.facts()
        keys = tuple(map(signing.key_of, facts.keys))
        return await Job(self, keys, record, style, seed, images).run()


@dataclass
class Job:
    """The course of one job; a test may override ``seal`` to misbehave."""

    person: Person
    gateway: signing.Keys
    record: bytes = field(repr=False)
    style: str
    seed: int
    images: int
    outcome: Outcome = field(default_factory=Outcome)
    gathering: Gathering = field(init=False)
    chosen: Claimed | None = None
    receipt: str = ""
    order: list[bytes] = field(default_factory=list)
    """Every sealed chunk that came."""
    opened: list[bytes] = field(default_factory=list, repr=False)
    """Images that are complete; they are the outcome once the job has ended well."""
    start: int = 0
    """Where in ``order`` the image that is arriving begins."""
    reply_key: bytes = field(default=b"", repr=False)
    disclosure: str = ""
    n: int = 1
    """Which disclosure of the token this job asks for."""
    disclosure_answer: httpx.Response | None = None

    def __post_init__(self) -> None:
        who = self.person
        self.gathering = Gathering(self.gateway, who.policy, who.company, who.token, self.images)

    async def run(self) -> Outcome:
        """Open the job and follow its stream to the end."""
        body = self.person.job_body(self.images)
        async with self.person.http.stream("POST", "/api/v1/jobs", content=body) as answer:
            if answer.status_code != httpx.codes.OK:
                await answer.aread()
                raise from_code(answer.json()["code"], answer.json().get("detail", ""))
            async for frame in _frames(answer):
                await self.take(frame)
                if self.outcome.ended:
                    return self.outcome
        if self.outcome.problem is None:
            raise errors.ResultInvalid("the answer ended too early")
        return self.outcome

    async def take(self, frame: Frame) -> None:
        """React to one frame."""
        if frame.kind in WORKING and (self.chosen is None or self.receipt):
            raise errors.OutOfOrder
        outcome = self.outcome
        match frame.kind:
            case FrameKind.WAITING:
                outcome.waited.append(canonical.decode(Waiting, frame.payload))
            case FrameKind.OFFER | FrameKind.ROSTER | FrameKind.PROOF | FrameKind.CLAIM | FrameKind.CHOOSE:
                await self.hear(frame.kind, frame.payload)
            case FrameKind.PROGRESS:
                outcome.progress.append(canonical.decode(Progress, frame.payload))
            case FrameKind.IMAGE:
                self.take_chunk(decode_chunk(frame.payload))
            case FrameKind.RECEIPT:
                self.accept_receipt(frame.payload.decode())
            case FrameKind.PROBLEM:
                outcome.problem = canonical.decode(Problem, frame.payload)
            case FrameKind.END:
                self.close()

    def close(self) -> None:
        """The job has ended; its images count when all came, with a receipt that stands in the log."""
        outcome = self.outcome
        if outcome.problem is None and outcome.receipt is not None and outcome.file is None:
            raise errors.ProofInvalid("the receipt came without its proof")
        if outcome.problem is None and (outcome.file is None or len(self.opened) != self.images):
            raise errors.ResultInvalid("the job ended without all images and a receipt")
        outcome.ended, outcome.images = True, self.opened

    def take_chunk(self, chunk: ImageChunk) -> None:
        """Keep the next chunk, and open the image that it completes."""
        here = (len(self.opened), len(self.order) - self.start)
        if (chunk.image, chunk.chunk) != here or chunk.image >= self.images:
            raise errors.ResultInvalid
        self.order.append(chunk.sealed)
        if chunk.last:
            self.opened.append(sealing.open_image(self.order[self.start :], self.reply_key, chunk.image))
            self.start = len(self.order)

    async def hear(self, kind: FrameKind, payload: bytes) -> None:
        """What the gateway says: of a claim, that one may be chosen, or that the receipt is logged."""
        if self.chosen is not None:
            if kind is not FrameKind.PROOF or not self.receipt or self.outcome.file:
                raise errors.OutOfOrder
            self.accept_proof(payload.decode())
        elif self.outcome.problem is not None:
            raise from_code(self.outcome.problem.code, self.outcome.problem.detail)
        elif kind is FrameKind.CHOOSE:
            self.chosen = self.gathering.choose(canonical.decode(Choose, payload))
            await self.disclose(self.chosen)
        else:
            self.gathering.take(kind, payload)

    async def disclose(self, to: Claimed) -> None:
        """Seal to one checked claim."""
        statement = Disclosure(
            token=digest(self.person.token.encode()),
            offer=digest(to.offer),
            claim=digest(to.claim.encode()),
            n=self.n,
            images=self.images,
            issued_at=int(time.time()),
        )
        self.disclosure = signing.sign(statement, self.person.key, introduce=True)
        offer = canonical.decode(Offer, to.offer)
        self.disclosure_answer = await self.person.http.post(
            f"/api/v1/jobs/{offer.offer_id}/disclosures",
            content=pack_disclosure(self.disclosure, self.seal(to)),
        )

    def request(self, secret: bytes) -> SealedRequest:
        """What the worker shall know."""
        return SealedRequest(
            token=self.person.token,
            grant=self.person.grant,
            record=to_b64u(self.record),
            style=self.style,
            seed=self.seed,
            images=self.images,
            response_secret=to_b64u(secret),
        )

    def seal(self, to: Claimed) -> bytes:
        """The sealed request, and the reply key beside it."""
        assert to.checked is not None
        hashes = (hashlib.sha256(raw).digest() for raw in (to.offer, to.claim.encode(), self.disclosure.encode()))
        secret = secrets.token_bytes(sealing.SECRET_BYTES)
        plaintext = canonical.encode(self.request(secret))
        sealed = sealing.seal_request(plaintext, to.checked.hpke_key, sealing.context(*hashes))
        self.reply_key = sealing.reply_key(secret, sealed, to.checked.claim_hash)
        return sealed

    def accept_receipt(self, jws: str) -> None:
        """Verify the receipt against what was received."""
        assert self.chosen is not None
        assert self.chosen.checked is not None
        worker = Ed25519PublicKey.from_public_bytes(from_b64u(self.chosen.checked.roster.key, 32))
        self.outcome.receipt = check_receipt(
            jws,
            worker=worker,
            offer=digest(self.chosen.offer),
            claim=digest(self.chosen.claim.encode()),
            result=digest(b"".join(self.order)) if self.order else None,
        )
        self.receipt = jws

    def accept_proof(self, proof: str) -> None:
        """Verify that the receipt stands in the log, and keep the whole chain as a file."""
        assert self.chosen is not None
        assert self.outcome.receipt is not None
        assert self.person.kept is not None
        leaf = erasure_leaf(self.outcome.receipt, self.receipt)
        check_inclusion(self.person.policy, proof, leaf, now=int(time.time()))
        self.outcome.file = ReceiptFile(
            consent=self.person.kept,
            offer=self.chosen.offer.decode(),
            roster=self.chosen.roster,
            roster_proof=self.chosen.proof,
            claim=self.chosen.claim,
            disclosure=self.disclosure,
            receipt=self.receipt,
            receipt_proof=proof,
        )
        assert all(check_receipt_file(self.outcome.file)), "what the person keeps has passed the check of others"


async def _frames(answer: httpx.Response) -> AsyncIterator[Frame]:
    reader = FrameReader()
    async for piece in answer.aiter_raw():
        for frame in reader.feed(piece):
            yield frame
    reader.finish()
