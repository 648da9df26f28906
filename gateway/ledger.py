"""What the gateway remembers, and for how long: counters and hashes in NATS key-value buckets, in memory only.

Nothing here says who somebody is, and nothing outlives ``REMEMBER_SECONDS`` (what is about workers: a day). If the
memory is lost, because the NATS server restarted, tokens issued before are refused: a counter that is gone is never
taken for zero.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas import canonical
from schemas.consent import CLOCK_SKEW_SECONDS, GRANT_FRESH_SECONDS, TOKEN_SECONDS
from schemas.job_states import State
from schemas.scalars import Count, Digest, Disclosures, Id, Images, Seconds, Thumbprint, from_b64u
from schemas.worker_key import RosterEntry

REMEMBER_SECONDS: Final = TOKEN_SECONDS + GRANT_FRESH_SECONDS + CLOCK_SKEW_SECONDS
"""Longer than anything that could be replayed is accepted."""
STRIKE_SECONDS: Final = 24 * 3600
"""For how long a receipt that never came counts against its worker."""
MAX_STRIKES: Final = 3
"""A worker that owes so many receipts gets no further job."""


class Used(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/used/v1",
):
    """A nonce that must not come again: of a grant, or of a job request."""

    at: Seconds


class TokenUse(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/token-use/v1",
):
    """How much of one token has been spent. Kept under the token's ``jti``.

    Whatever depends on the order of two events of one token is decided by compare-and-set on this one entry.
    """

    holder: Thumbprint
    token: Digest
    """SHA-256 of the token's JWS."""
    max_images: Images
    max_disclosures: Disclosures
    images: Count
    """Portraits asked for in disclosures so far."""
    disclosures: Count
    """Workers that may have received the likeness record so far."""
    jobs: Count
    """Jobs opened so far."""
    offer_id: Id | None
    """The job opened last; it alone goes on."""
    expires_at: Seconds
    revoked_at: Seconds | None
    revocation: Digest | None
    """The commitment (32 bytes, as hex) to the revocation that came first."""


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lot of a job, claimed."""

    offer: Digest
    claim: Digest
    worker: Thumbprint
    lapses_at: Seconds
    """When the claim's lease is over."""


class JobEntry(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/job-entry/v1",
):
    """One job, so that any replica of the gateway can take its disclosure. Kept under the id that its offers share."""

    state: State
    jti: Id
    token: Digest
    images: Images
    offers: Annotated[list[Digest], Meta(min_length=1, max_length=8)]
    """One for each lot."""
    claims: Annotated[list[Taken], Meta(max_length=8)]
    """By different workers, each of another lot, in the order in which they came."""
    chosen: Thumbprint | None
    """The worker that the disclosure was handed to."""
    disclosed_at: Seconds | None


class Strikes(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/strikes/v1",
):
    """When a worker that had been disclosed to failed to say how it ended. Kept under its thumbprint."""

    at: Annotated[list[Seconds], Meta(max_length=MAX_STRIKES)]
    """The last few times, oldest first."""


def listed(raw: bytes) -> RosterEntry:
    """The worker whose roster entry (a JWS of our own) is the value ``raw`` in KV_WORKERS, under its thumbprint."""
    return canonical.decode(RosterEntry, from_b64u(raw.decode("ascii").split(".")[1]))


def nonce_key(holder: str, nonce: str) -> str:
    """Where a nonce is kept; each key has its own, so that nobody can use up somebody else's."""
    return f"nonce.{holder}.{nonce}"


def job_key(offer_id: str) -> str:
    """Where a job is kept."""
    return f"offer.{offer_id}"


def recent_strikes(strikes: Strikes | None, *, now: int) -> list[int]:
    """The times in ``strikes`` that still count."""
    return [at for at in strikes.at if at > now - STRIKE_SECONDS] if strikes else []
