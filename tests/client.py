"""A person's side of the protocol in Python, from schemas/ alone: a second implementation of the browser's part."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas import canonical, sealing, signing
from schemas.codes import from_code
from schemas.consent import ConsentGrant, open_token
from schemas.erasure import ErasureReceipt, check_receipt
from schemas.facts import BundleFact, Facts
from schemas.frames import Frame, FrameKind, FrameReader, decode_chunk
from schemas.job import (
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
from schemas.receipt_file import ReceiptFile
from schemas.scalars import digest, from_b64u, to_b64u
from schemas.worker_key import CheckedClaim, check_claim


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
    """One browser session: a key K_u, a gateway, and what it has agreed to."""

    http: httpx.AsyncClient
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    token: str = ""
    grant: str = ""

    async def facts(self) -> Facts:
        """What the gateway says of itself."""
        answer = await self.http.get("/api/v1/facts")
        return canonical.decode(Facts, answer.content, limit_bytes=1 << 20)

    def sign_grant(self, facts: Facts, offered: BundleFact, **edits: Any) -> str:
        """A signed consent to the first style, one image, one worker."""
        now = int(time.time())
        fields: dict[str, Any] = {
            "nonce": secrets.token_hex(16),
            "notice": facts.notice.digest,
            "purpose": "portrait",
            "bundle": offered.digest,
            "styles": sorted(style.id for style in offered.styles),
            "pool": facts.pools[0].name,
            "region": facts.region,
            "max_images": 2,
            "max_disclosures": 2,
            "adult": "yes",
            "this_is_me": "yes",
            "i_hold_the_rights": "yes",
            "salt_commitment": digest(secrets.token_bytes(32)),
            "issued_at": now,
            "expires_at": now + 600,
        }
        return signing.sign(ConsentGrant(**(fields | edits)), self.key, introduce=True)

    async def consent(self, **edits: Any) -> httpx.Response:
        """Post a grant; on success the token is kept."""
        facts = await self.facts()
        self.grant = self.sign_grant(facts, facts.bundles[0], **edits)
        answer = await self.http.post("/api/v1/consents", content=self.grant)
        if answer.status_code == httpx.codes.CREATED:
            self.token = answer.text
            open_token(self.token, gateway=signing.key_of(facts.key), now=int(time.time()))
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
        return await Job(self, signing.key_of(facts.key), record, style, seed, images).run()


@dataclass
class Job:
    """The course of one job; a test may override ``seal`` to misbehave."""

    person: Person
    gateway: Ed25519PublicKey
    record: bytes = field(repr=False)
    style: str
    seed: int
    images: int
    outcome: Outcome = field(default_factory=Outcome)
    said: dict[FrameKind, bytes] = field(default_factory=dict)
    chunks: dict[int, list[bytes]] = field(default_factory=dict)
    order: list[bytes] = field(default_factory=list)
    checked: CheckedClaim | None = None
    reply_key: bytes = field(default=b"", repr=False)
    disclosure: str = ""
    disclosure_answer: httpx.Response | None = None

    async def run(self) -> Outcome:
        """Open the job and follow its stream to the end."""
        body = self.person.job_body(self.images)
        async with self.person.http.stream("POST", "/api/v1/jobs", content=body) as answer:
            if answer.status_code != httpx.codes.OK:
                await answer.aread()
                raise from_code(answer.json()["code"], answer.json().get("detail", ""))
            async for frame in _frames(answer):
                await self.take(frame)
        return self.outcome

    async def take(self, frame: Frame) -> None:
        """React to one frame."""
        outcome = self.outcome
        match frame.kind:
            case FrameKind.WAITING:
                outcome.waited.append(canonical.decode(Waiting, frame.payload))
            case FrameKind.OFFER | FrameKind.ROSTER:
                self.said[frame.kind] = frame.payload
            case FrameKind.CLAIM:
                self.said[frame.kind] = frame.payload
                await self.disclose()
            case FrameKind.PROGRESS:
                outcome.progress.append(canonical.decode(Progress, frame.payload))
            case FrameKind.IMAGE:
                chunk = decode_chunk(frame.payload)
                self.chunks.setdefault(chunk.image, []).append(chunk.sealed)
                self.order.append(chunk.sealed)
            case FrameKind.RECEIPT:
                self.accept_receipt(frame.payload.decode())
            case FrameKind.PROBLEM:
                outcome.problem = canonical.decode(Problem, frame.payload)
            case FrameKind.END:
                outcome.ended = True
                outcome.images = [
                    sealing.open_image(parts, self.reply_key, index) for index, parts in sorted(self.chunks.items())
                ]

    async def disclose(self) -> None:
        """Check the claim, then seal to it."""
        offer_raw, claim = self.said[FrameKind.OFFER], self.said[FrameKind.CLAIM].decode()
        roster = self.said[FrameKind.ROSTER].decode()
        now = int(time.time())
        self.checked = check_claim(offer_raw, roster, claim, gateway=self.gateway, now=now)
        statement = Disclosure(
            token=digest(self.person.token.encode()),
            offer=digest(offer_raw),
            claim=digest(claim.encode()),
            n=1,
            images=self.images,
            issued_at=now,
        )
        self.disclosure = signing.sign(statement, self.person.key, introduce=True)
        offer = canonical.decode(Offer, offer_raw)
        self.disclosure_answer = await self.person.http.post(
            f"/api/v1/jobs/{offer.offer_id}/disclosures",
            content=pack_disclosure(self.disclosure, self.seal(offer_raw, claim)),
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

    def seal(self, offer_raw: bytes, claim: str) -> bytes:
        """The sealed request, and the reply key beside it."""
        assert self.checked is not None
        hashes = (hashlib.sha256(raw).digest() for raw in (offer_raw, claim.encode(), self.disclosure.encode()))
        secret = secrets.token_bytes(sealing.SECRET_BYTES)
        plaintext = canonical.encode(self.request(secret))
        sealed = sealing.seal_request(plaintext, self.checked.hpke_key, sealing.context(*hashes))
        self.reply_key = sealing.reply_key(secret, sealed, self.checked.claim_hash)
        return sealed

    def accept_receipt(self, jws: str) -> None:
        """Verify the receipt against what was received, and keep the whole chain as a file."""
        assert self.checked is not None
        offer_raw, claim = self.said[FrameKind.OFFER], self.said[FrameKind.CLAIM].decode()
        worker = Ed25519PublicKey.from_public_bytes(from_b64u(self.checked.roster.key, 32))
        result = digest(b"".join(self.order)) if self.order else None
        self.outcome.receipt = check_receipt(
            jws, worker=worker, offer=digest(offer_raw), claim=digest(claim.encode()), result=result
        )
        self.outcome.file = ReceiptFile(
            gateway_key=signing.jwk_of(self.gateway),
            grant=self.person.grant,
            token=self.person.token,
            offer=offer_raw.decode(),
            roster=self.said[FrameKind.ROSTER].decode(),
            claim=claim,
            disclosure=self.disclosure,
            receipt=jws,
        )


async def _frames(answer: httpx.Response) -> AsyncIterator[Frame]:
    reader = FrameReader()
    async for piece in answer.aiter_raw():
        for frame in reader.feed(piece):
            yield frame
    reader.finish()
