"""A small valid world of statements, made from fixed seeds; attacks in tests are edits of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import canonical, embedding, sealing, signing
from schemas.consent import ConsentGrant, ConsentToken, Revocation
from schemas.erasure import Check, ErasureReceipt
from schemas.job import Disclosure, JobRequest, Offer, SealedRequest
from schemas.scalars import digest, to_b64u
from schemas.worker_key import Claim, Endorsement, RosterEntry

NOW = 1_800_000_000
NOTICE = digest(b"a notice")
BUNDLE = digest(b"a bundle")
SOFTWARE = digest(b"a program")


def seed(name: str) -> bytes:
    """32 fixed bytes that belong to ``name``."""
    return hashlib.sha256(b"likeness test seed " + name.encode()).digest()


def signing_key(name: str) -> Ed25519PrivateKey:
    """The fixed Ed25519 key of ``name``."""
    return Ed25519PrivateKey.from_private_bytes(seed(name))


def example_record() -> embedding.LikenessRecord:
    """A record with all parts, of nobody."""
    colours = ((38, 14, 16), (-4, 28, 12), (-52, 5, 7), (-60, 3, 4), None)
    attributes = (4, 2, 1, 1, 1, 1, 3, 1, 0, 2, 2, 2, 2, 0)
    vector = [((i * 37) % 101 - 50) / 400 for i in range(embedding.EMBEDDING_LENGTH)]
    return embedding.LikenessRecord(
        geometry=bytes((i * 11 - 120) % 256 if (i * 11 - 120) % 256 != 128 else 0 for i in range(24)),
        look=embedding.Look(colours=colours, attributes=attributes),
        embedding=embedding.quantise(vector),
    )


@dataclass
class World:
    """Keys of everybody and one valid statement of each kind; ``edit`` makes a signed variation."""

    now: int = NOW
    browser: Ed25519PrivateKey = field(default_factory=lambda: signing_key("browser"))
    gateway: Ed25519PrivateKey = field(default_factory=lambda: signing_key("gateway"))
    worker: Ed25519PrivateKey = field(default_factory=lambda: signing_key("worker"))
    company: Ed25519PrivateKey = field(default_factory=lambda: signing_key("company root"))
    hpke_seed: bytes = field(default_factory=lambda: seed("hpke"), repr=False)

    def grant(self, **edits: Any) -> ConsentGrant:
        """A consent to two portraits by one worker."""
        base = ConsentGrant(
            nonce="00" * 16,
            notice=NOTICE,
            purpose="portrait",
            bundle=BUNDLE,
            styles=["plain", "studio"],
            pool="company",
            region="local",
            max_images=2,
            max_disclosures=1,
            adult="yes",
            this_is_me="yes",
            i_hold_the_rights="yes",
            volunteer_machine="no",
            salt_commitment=digest(seed("salt")),
            issued_at=self.now,
            expires_at=self.now + 900,
        )
        return msgspec.structs.replace(base, **edits)

    def grant_jws(self, **edits: Any) -> str:
        """The signed grant."""
        return signing.sign(self.grant(**edits), self.browser, introduce=True)

    def token(self, *, grant_jws: str | None = None, **edits: Any) -> ConsentToken:
        """The token for that grant."""
        grant = self.grant()
        base = ConsentToken(
            jti="11" * 16,
            iss=signing.thumbprint(self.gateway.public_key()),
            aud="company",
            cnf=signing.thumbprint(self.browser.public_key()),
            grant=digest((grant_jws or self.grant_jws()).encode()),
            notice=grant.notice,
            purpose=grant.purpose,
            bundle=grant.bundle,
            styles=grant.styles,
            region=grant.region,
            max_images=grant.max_images,
            max_disclosures=grant.max_disclosures,
            iat=self.now,
            exp=self.now + 900,
        )
        return msgspec.structs.replace(base, **edits)

    def token_jws(self, **edits: Any) -> str:
        """The countersigned token."""
        return signing.sign(self.token(**edits), self.gateway)

    def revocation_jws(self, **edits: Any) -> str:
        """The person withdraws that consent."""
        base = Revocation(
            jti="11" * 16,
            token=digest(self.token_jws().encode()),
            salt=to_b64u(seed("revocation salt")),
            issued_at=self.now,
        )
        return signing.sign(msgspec.structs.replace(base, **edits), self.browser, introduce=True)

    def endorsement_jws(self, **edits: Any) -> str:
        """The company's word for the worker."""
        base = Endorsement(
            worker=signing.thumbprint(self.worker.public_key()), issued_at=self.now, not_after=self.now + 86400
        )
        return signing.sign(msgspec.structs.replace(base, **edits), self.company, introduce=True)

    def job_request_jws(self, **edits: Any) -> str:
        """A signed request to use the token."""
        base = JobRequest(nonce="22" * 16, token=digest(self.token_jws().encode()), images=1, issued_at=self.now)
        return signing.sign(msgspec.structs.replace(base, **edits), self.browser, introduce=True)

    def offer(self, **edits: Any) -> Offer:
        """An offer for that job."""
        base = Offer(
            offer_id="33" * 16,
            token=digest(self.token_jws().encode()),
            bundle=BUNDLE,
            pool="company",
            region="local",
            images=1,
            lot=1,
            lots=1,
            issued_at=self.now,
            expires_at=self.now + 60,
        )
        return msgspec.structs.replace(base, **edits)

    def roster(self, **edits: Any) -> RosterEntry:
        """The gateway's listing of the worker."""
        public = self.worker.public_key()
        base = RosterEntry(
            worker=signing.thumbprint(public),
            key=to_b64u(public.public_bytes_raw()),
            pool="company",
            region="local",
            operator="Example Ltd",
            software=SOFTWARE,
            bundles=[BUNDLE],
            endorsement=None,
            attestation=None,
            enrolled_at=self.now,
            not_after=self.now + 24 * 3600,
        )
        return msgspec.structs.replace(base, **edits)

    def roster_jws(self, **edits: Any) -> str:
        """The signed roster entry."""
        return signing.sign(self.roster(**edits), self.gateway)

    def hpke(self) -> sealing.WorkerKey:
        """The single-use key of the claim."""
        return sealing.worker_key(self.hpke_seed)

    def claim(self, **edits: Any) -> Claim:
        """The worker's claim of the offer."""
        base = Claim(
            offer=digest(canonical.encode(self.offer())),
            hpke_key=to_b64u(self.hpke().public),
            worker=signing.thumbprint(self.worker.public_key()),
            roster=digest(self.roster_jws().encode()),
            bundle=BUNDLE,
            issued_at=self.now,
            lease_seconds=30,
            quote=None,
        )
        return msgspec.structs.replace(base, **edits)

    def claim_jws(self, **edits: Any) -> str:
        """The signed claim."""
        return signing.sign(self.claim(**edits), self.worker)

    def disclosure(self, **edits: Any) -> Disclosure:
        """The browser's choice of that claim."""
        base = Disclosure(
            token=digest(self.token_jws().encode()),
            offer=digest(canonical.encode(self.offer())),
            claim=digest(self.claim_jws().encode()),
            n=1,
            images=1,
            issued_at=self.now,
        )
        return msgspec.structs.replace(base, **edits)

    def disclosure_jws(self, **edits: Any) -> str:
        """The signed disclosure."""
        return signing.sign(self.disclosure(**edits), self.browser, introduce=True)

    def sealed_request(self, **edits: Any) -> SealedRequest:
        """What goes into the envelope."""
        base = SealedRequest(
            token=self.token_jws(),
            grant=self.grant_jws(),
            record=to_b64u(embedding.encode(example_record())),
            style="studio",
            seed=7,
            images=1,
            response_secret=to_b64u(seed("response")),
        )
        return msgspec.structs.replace(base, **edits)

    def context(self) -> bytes:
        """The HPKE info of this job."""
        hashes = (canonical.encode(self.offer()), self.claim_jws().encode(), self.disclosure_jws().encode())
        return sealing.context(*(hashlib.sha256(raw).digest() for raw in hashes))

    def receipt(self, **edits: Any) -> ErasureReceipt:
        """The worker's statement after the job."""
        base = ErasureReceipt(
            offer=digest(canonical.encode(self.offer())),
            claim=digest(self.claim_jws().encode()),
            hpke_key=digest(self.hpke().public),
            bundle=BUNDLE,
            worker=signing.thumbprint(self.worker.public_key()),
            software=SOFTWARE,
            opened_at=self.now + 1,
            exited_at=self.now + 5,
            exit_kind="normal",
            checks=[Check(name="process-ended", outcome="passed", detail="The child process has ended.")],
            kernel_init_on_free="unknown",
            images=1,
            result=digest(b"sealed chunks"),
            salt=to_b64u(seed("receipt salt")),
        )
        return msgspec.structs.replace(base, **edits)

    def receipt_jws(self, **edits: Any) -> str:
        """The signed receipt."""
        return signing.sign(self.receipt(**edits), self.worker)
