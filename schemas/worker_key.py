"""Who a worker is, and the single-use key it offers for one job (spec/sealed-job.md section 2)."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from schemas import canonical, signing
from schemas.attestation import AttestationKey, Quote, check_quote, quote_binding
from schemas.errors import ClaimMismatch, NotEndorsed, QuoteInvalid, UnknownKey
from schemas.job import Offer
from schemas.scalars import B64u, Digest, Jws, Name, Pool, Seconds, Thumbprint, Title, digest, from_b64u
from schemas.sealing import PUBLIC_KEY_BYTES

ROSTER_SECONDS: Final = 24 * 3600
ENDORSEMENT_SECONDS: Final = 90 * 24 * 3600
MAX_LEASE_SECONDS: Final = 120


class Endorsement(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/endorsement/v1",
):
    """A company vouches for one of its workers, signed by the company root (its key travels in the page's fragment)."""

    worker: Thumbprint
    issued_at: Seconds
    not_after: Seconds


class Enrolment(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/enrolment/v1",
):
    """A worker introduces itself to a gateway, signed by its identity key."""

    pool: Pool
    region: Name
    operator: Title
    software: Digest
    """SHA-256 over the worker's own source files (worker/README.md says how)."""
    bundles: Annotated[list[Digest], Meta(min_length=1, max_length=16)]
    endorsement: Jws | None
    attestation: AttestationKey | None
    """The key of the worker's TPM; the pool ``attested`` needs one."""
    issued_at: Seconds


class RosterEntry(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/roster/v1",
):
    """A gateway lists a worker for at most 24 hours, signed by the gateway."""

    worker: Thumbprint
    key: B64u
    """The worker's Ed25519 identity key, 32 bytes."""
    pool: Pool
    region: Name
    operator: Title
    software: Digest
    bundles: Annotated[list[Digest], Meta(min_length=1, max_length=16)]
    endorsement: Jws | None
    attestation: AttestationKey | None
    enrolled_at: Seconds
    not_after: Seconds


class Claim(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/claim/v1",
):
    """A worker takes one offer with one fresh key, signed by its identity key."""

    offer: Digest
    """SHA-256 of the offer's canonical bytes."""
    hpke_key: B64u
    """X-Wing public key, 1216 bytes, made by the child process that will do the work; serves this claim only."""
    worker: Thumbprint
    roster: Digest
    """SHA-256 of the roster entry's JWS."""
    bundle: Digest
    issued_at: Seconds
    lease_seconds: Annotated[int, Meta(ge=1, le=MAX_LEASE_SECONDS)]
    """How long the child waits for the sealed request before it ends unused."""
    quote: Quote | None
    """By the TPM key of the roster entry, over this key and this offer; the pool ``attested`` needs one."""


class Enrolled(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/enrolled/v1",
):
    """A gateway's answer to an enrolment. The worker compares ``keys`` with the thumbprints it was set up with."""

    roster: Jws
    keys: Annotated[list[signing.Jwk], Meta(min_length=1, max_length=4)]


class ClaimMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/claim-message/v1",
):
    """What a worker sends to take an offer."""

    roster: Jws
    claim: Jws


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim that may be sealed to."""

    claim: Claim
    roster: RosterEntry
    hpke_key: bytes
    claim_hash: bytes
    """SHA-256 of the claim's JWS, 32 bytes."""


def check_claim(offer_raw: bytes, roster_jws: str, claim_jws: str, *, gateway: signing.Keys, now: int) -> CheckedClaim:
    """What must be true before a byte is sealed (spec/sealed-job.md 2.4, in its order).

    Raises:
        StatementError: one of the three cannot be read or is signed by another key.
        ClaimMismatch: they do not belong together, or the entry or the lease is over.
        QuoteInvalid: the pool is ``attested`` and the TPM says nothing, or something else.
    """
    offer = canonical.decode(Offer, offer_raw)
    roster = signing.open_signed(RosterEntry, roster_jws, *gateway).statement
    if not roster.enrolled_at <= now + 60 or not now < roster.not_after <= roster.enrolled_at + ROSTER_SECONDS:
        raise ClaimMismatch("the roster entry is not valid now")
    key = Ed25519PublicKey.from_public_bytes(from_b64u(roster.key, 32))
    if signing.thumbprint(key) != roster.worker:
        raise ClaimMismatch("the roster entry names another key")
    claim = signing.open_signed(Claim, claim_jws, key).statement
    belongs = (
        claim.offer == digest(offer_raw)
        and claim.worker == roster.worker
        and claim.roster == digest(roster_jws.encode("ascii"))
        and claim.bundle == offer.bundle
        and offer.bundle in roster.bundles
        and offer.pool == roster.pool
        and offer.region == roster.region
    )
    if not belongs:
        raise ClaimMismatch
    if not claim.issued_at - 60 <= now < claim.issued_at + claim.lease_seconds:
        raise ClaimMismatch("the claim's lease is over")
    hpke_key = from_b64u(claim.hpke_key, PUBLIC_KEY_BYTES)
    if offer.pool == "attested":
        _check_attested(roster, claim, quote_binding(hpke_key, bytes.fromhex(claim.offer)))
    return CheckedClaim(
        claim=claim,
        roster=roster,
        hpke_key=hpke_key,
        claim_hash=bytes.fromhex(digest(claim_jws.encode("ascii"))),
    )


def _check_attested(roster: RosterEntry, claim: Claim, binding: bytes) -> None:
    if roster.attestation is None or claim.quote is None:
        raise QuoteInvalid("the pool asks for a quote and there is none")
    check_quote(claim.quote, roster.attestation, binding=binding, software=roster.software)


def check_endorsement(roster: RosterEntry, root: Ed25519PublicKey, *, now: int) -> Endorsement:
    """The endorsement in ``roster`` when it is by the company root ``root``, about this worker, and of today.

    Raises:
        NotEndorsed: there is none, or it is another's, another root's, over, or longer than ``ENDORSEMENT_SECONDS``.
        StatementError: it cannot be read.
    """
    if roster.endorsement is None or roster.pool != "company":
        raise NotEndorsed
    try:
        endorsement = signing.open_signed(Endorsement, roster.endorsement, root).statement
    except UnknownKey:
        raise NotEndorsed from None
    latest = endorsement.issued_at + ENDORSEMENT_SECONDS
    in_time = endorsement.issued_at - 60 <= now < endorsement.not_after <= latest
    if endorsement.worker != roster.worker or not in_time:
        raise NotEndorsed
    return endorsement
