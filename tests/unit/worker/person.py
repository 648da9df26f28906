"""The browser and the gateway of one job, for tests of the worker: statements about a real bundle and key."""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import canonical, embedding, sealing, signing
from schemas.frames import decode_chunk
from schemas.job import Offer, SealedRequest
from schemas.scalars import Pool, digest, to_b64u
from schemas.sealing import WorkerKey
from schemas.worker_key import Claim, Enrolled
from tests import tiny_bundle
from tests.statements import World, seed
from worker.pipe import Task


@dataclass
class Person:
    """Who asks for one portrait of nobody in ``bundle``. Attacks are edits of the statements or of the parts here."""

    bundle: str
    """Digest."""
    images: int = 1
    pool: Pool = "company"
    retired: list[Ed25519PrivateKey] = field(default_factory=list)
    """Keys that the gateway signed with before and that still verify."""
    token_key: Ed25519PrivateKey | None = None
    """What the token is signed with, if not with the key that signs now."""
    world: World = field(default_factory=lambda: World(now=int(time.time())))
    grant_edits: dict[str, Any] = field(default_factory=dict)
    token_edits: dict[str, Any] = field(default_factory=dict)
    request_edits: dict[str, Any] = field(default_factory=dict)
    disclosure_edits: dict[str, Any] = field(default_factory=dict)
    record: bytes = field(default_factory=lambda: embedding.encode(tiny_bundle.public_record()))
    reply_key: bytes = b""

    @property
    def gateway(self) -> str:
        """The thumbprint of the gateway's key."""
        return signing.thumbprint(self.world.gateway.public_key())

    @property
    def gateway_keys(self) -> signing.Keys:
        """All the gateway's keys, the one that signs first."""
        return tuple(key.public_key() for key in (self.world.gateway, *self.retired))

    def grant(self) -> str:
        """The consent."""
        edits: dict[str, Any] = {"bundle": self.bundle, "styles": sorted(tiny_bundle.STYLES), "max_images": 4}
        edits |= {"pool": self.pool, "volunteer_machine": "yes" if self.pool == "volunteer" else "no"}
        return self.world.grant_jws(**(edits | self.grant_edits))

    def token(self) -> str:
        """The token for it."""
        edits: dict[str, Any] = {"bundle": self.bundle, "styles": sorted(tiny_bundle.STYLES), "max_images": 4}
        edits["aud"] = self.pool
        token = self.world.token(grant_jws=self.grant(), **(edits | self.token_edits))
        return signing.sign(token, self.token_key or self.world.gateway)

    def offer(self, **edits: Any) -> bytes:
        """The offer's bytes."""
        base = {"token": digest(self.token().encode()), "bundle": self.bundle, "images": self.images}
        return canonical.encode(self.world.offer(pool=self.pool, **(base | edits)))

    def enrolled(self, worker: Ed25519PrivateKey | None = None) -> Enrolled:
        """The gateway's answer to the worker's enrolment."""
        if worker is not None:
            self.world.worker = worker
        roster = self.world.roster_jws(bundles=[self.bundle], pool=self.pool)
        return Enrolled(roster=roster, keys=[signing.jwk_of(key) for key in self.gateway_keys])

    def claim(self, hpke_key: bytes, offer: bytes) -> str:
        """The claim that a worker with this key makes."""
        statement = Claim(
            offer=digest(offer),
            hpke_key=to_b64u(hpke_key),
            worker=signing.thumbprint(self.world.worker.public_key()),
            roster=digest(self.enrolled().roster.encode()),
            bundle=self.bundle,
            issued_at=self.world.now,
            lease_seconds=30,
            quote=None,
        )
        return signing.sign(statement, self.world.worker)

    def disclose(self, offer: bytes, claim: str, hpke_key: bytes) -> tuple[str, bytes]:
        """The disclosure and the sealed request for this claim; keeps the reply key."""
        base = self.world.disclosure(
            token=digest(self.token().encode()), offer=digest(offer), claim=digest(claim.encode()), images=self.images
        )
        statement = msgspec.structs.replace(base, **self.disclosure_edits)
        disclosure = signing.sign(statement, self.world.browser, introduce=True)
        hashes = [hashlib.sha256(raw).digest() for raw in (offer, claim.encode(), disclosure.encode())]
        plaintext = canonical.encode(self.request())
        sealed = sealing.seal_request(plaintext, hpke_key, sealing.context(*hashes))
        self.reply_key = sealing.reply_key(seed("response"), sealed, hashes[1])
        return disclosure, sealed

    def request(self) -> SealedRequest:
        """What is sealed."""
        base = self.world.sealed_request(
            token=self.token(),
            grant=self.grant(),
            record=to_b64u(self.record),
            style=tiny_bundle.STYLES[1],
            images=self.images,
        )
        return msgspec.structs.replace(base, **self.request_edits)

    def task(self, hpke_key: bytes) -> Task:
        """All that a child with this key needs."""
        offer = self.offer()
        claim = self.claim(hpke_key, offer)
        disclosure, sealed = self.disclose(offer, claim, hpke_key)
        return Task(
            gateway=b"".join(key.public_bytes_raw() for key in self.gateway_keys),
            offer=offer,
            roster=self.enrolled().roster.encode(),
            claim=claim.encode(),
            disclosure=disclosure.encode(),
            sealed=sealed,
        )

    def open_images(self, chunks: list[bytes]) -> list[bytes]:
        """The images in what a child said (payloads of its CHUNK messages)."""
        found: dict[int, list[bytes]] = {}
        for chunk in map(decode_chunk, chunks):
            found.setdefault(chunk.image, []).append(chunk.sealed)
        return [sealing.open_image(parts, self.reply_key, image) for image, parts in sorted(found.items())]


def read_offer(raw: bytes) -> Offer:
    """The offer in ``raw``."""
    return canonical.decode(Offer, raw)


def another_key() -> WorkerKey:
    """A key that is nobody's."""
    return sealing.worker_key(seed("another"))
