"""One job: asking for an offer, the offer itself, the disclosure, and what is sealed (spec/sealed-job.md)."""

import struct
from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from schemas import signing
from schemas.errors import BadHeader, JobStale, SealedSize, WrongHolder
from schemas.scalars import B64u, Count, Digest, Disclosures, Id, Images, Jws, Name, Pool, Seconds, Seed
from schemas.sealing import SEALED_REQUEST_BYTES

JOB_FRESH_SECONDS: Final = 60
"""A signed request must arrive within this time of its signature, early or late."""
DISCLOSURE_PREFIX_BYTES: Final = 4
MAX_DISCLOSURE_BYTES: Final = 4096


class JobRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/job/v1",
):
    """The browser asks for one offer, signed by K_u. Used once."""

    nonce: Id
    token: Digest
    """SHA-256 of the consent token's JWS."""
    images: Images
    issued_at: Seconds


class JobBody(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/job-body/v1",
):
    """What is posted to open a job: the token and the request for its use."""

    token: Jws
    request: Jws


class Offer(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/offer/v1",
):
    """What workers see before they have any right to more. Constant in shape; no person, no address, no likeness."""

    offer_id: Id
    token: Digest
    bundle: Digest
    pool: Pool
    region: Name
    images: Images
    lot: Annotated[int, Meta(ge=1, le=8)]
    """Which of the job's lots this is; each goes to another worker."""
    lots: Annotated[int, Meta(ge=1, le=8)]
    issued_at: Seconds
    expires_at: Seconds


class Disclosure(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/disclosure/v1",
):
    """The browser chooses one claim and spends one disclosure of its token on it, signed by K_u."""

    token: Digest
    offer: Digest
    claim: Digest
    n: Disclosures
    """Which disclosure of this token it is, counted from 1."""
    images: Images
    issued_at: Seconds


class SealedRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/sealed-request/v1",
):
    """What only the chosen worker's child can read."""

    token: Jws
    grant: Jws
    record: B64u
    """The likeness record, at most 256 bytes."""
    style: Name
    seed: Seed
    images: Images
    response_secret: B64u
    """32 random bytes; the way back is sealed with a key derived from them."""

    def __repr__(self) -> str:
        return "SealedRequest(...)"


class Waiting(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/waiting/v1",
):
    """No worker has taken the job yet."""

    waited_seconds: Seconds
    gives_up_after_seconds: Seconds
    ahead: Count
    """Offers in the same queue that were made earlier and are still waiting."""
    workers: Count
    """Workers of this pool and bundle that the gateway has heard of in the last 24 hours."""


class Progress(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/progress/v1",
):
    """How far the worker is; says nothing about what it draws."""

    phase: Literal["opened", "drawing", "finishing"]
    image: Count
    """Index of the image, from 0."""
    images: Images
    step: Count
    steps: Count


class Problem(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/problem/v1",
):
    """Why a job ended; the code is one of schemas/errors."""

    code: Name
    detail: Annotated[str, Meta(max_length=400)]


class Choose(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/choose/v1",
):
    """All claims are on the stream: the browser may choose among them now."""

    claims: Annotated[int, Meta(ge=1, le=8)]
    lots: Annotated[int, Meta(ge=1, le=8)]


class Stop(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/stop/v1",
):
    """What a gateway tells a worker that shall end a job now."""

    reason: Literal["cancelled", "not-chosen", "revoked", "timeout"]


class Accepted(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/accepted/v1",
):
    """The plain yes of a request/reply on NATS; the plain no is a ``Problem``."""


def pack_disclosure(disclosure: str, sealed: bytes) -> bytes:
    """``u32 big-endian length || disclosure JWS || sealed request``, over HTTP and NATS alike."""
    return struct.pack(">I", len(disclosure)) + disclosure.encode("ascii") + sealed


def unpack_disclosure(raw: bytes) -> tuple[str, bytes]:
    """The disclosure JWS and the sealed request in ``raw``.

    Raises:
        SealedSize: the parts do not add up to the one size they may have.
    """
    if len(raw) < DISCLOSURE_PREFIX_BYTES:
        raise SealedSize
    (length,) = struct.unpack_from(">I", raw)
    end = DISCLOSURE_PREFIX_BYTES + length
    if length > MAX_DISCLOSURE_BYTES or len(raw) - end != SEALED_REQUEST_BYTES:
        raise SealedSize
    try:
        return raw[DISCLOSURE_PREFIX_BYTES:end].decode("ascii"), raw[end:]
    except UnicodeDecodeError:
        raise BadHeader from None


def open_job_request(jws: str, *, holder: str, token: str, now: int) -> JobRequest:
    """The request in ``jws``, signed by ``holder`` (thumbprint) for ``token`` (digest) just now.

    Raises:
        StatementError: see ``signing.open_introduced``.
        WrongHolder: another key or another token.
        JobStale: not of this moment.
    """
    verified = signing.open_introduced(JobRequest, jws)
    if verified.kid != holder or verified.statement.token != token:
        raise WrongHolder
    if abs(now - verified.statement.issued_at) > JOB_FRESH_SECONDS:
        raise JobStale
    return verified.statement


def open_disclosure(jws: str, *, holder: str, now: int) -> tuple[Disclosure, Ed25519PublicKey]:
    """The disclosure in ``jws``, signed by ``holder`` (thumbprint) just now, and that key.

    Raises:
        StatementError: see ``signing.open_introduced``.
        WrongHolder: another key.
        JobStale: not of this moment.
    """
    verified = signing.open_introduced(Disclosure, jws)
    if verified.kid != holder:
        raise WrongHolder
    if abs(now - verified.statement.issued_at) > JOB_FRESH_SECONDS:
        raise JobStale
    return verified.statement, verified.key
