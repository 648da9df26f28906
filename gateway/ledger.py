"""What the gateway remembers, and for how long: counters and hashes in NATS key-value buckets, in memory only.

Nothing here says who somebody is, and nothing outlives ``REMEMBER_SECONDS`` (workers: a day). If the memory is lost,
because the NATS server restarted, tokens issued before are refused: a counter that is gone is never taken for zero.
"""

from typing import Final

import msgspec

from schemas.consent import CLOCK_SKEW_SECONDS, GRANT_FRESH_SECONDS, TOKEN_SECONDS
from schemas.job_states import State
from schemas.scalars import Count, Digest, Disclosures, Id, Images, Seconds, Thumbprint

REMEMBER_SECONDS: Final = TOKEN_SECONDS + GRANT_FRESH_SECONDS + CLOCK_SKEW_SECONDS
"""Longer than anything that could be replayed is accepted."""


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
    """How much of one token has been spent. Kept under the token's ``jti``."""

    holder: Thumbprint
    max_images: Images
    max_disclosures: Disclosures
    images: Count
    """Portraits asked for in disclosures so far."""
    disclosures: Count
    """Workers that may have received the likeness record so far."""
    expires_at: Seconds


class JobEntry(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/job-entry/v1",
):
    """One job, so that any replica of the gateway can take its disclosure. Kept under the offer's id."""

    state: State
    jti: Id
    token: Digest
    offer: Digest
    images: Images
    claim: Digest | None
    worker: Thumbprint | None
    lapses_at: Seconds
    """When the offer, and later the claim's lease, is over."""
    disclosed_at: Seconds | None


def nonce_key(holder: str, nonce: str) -> str:
    """Where a nonce is kept; each key has its own, so that nobody can use up somebody else's."""
    return f"nonce.{holder}.{nonce}"


def job_key(offer_id: str) -> str:
    """Where a job is kept."""
    return f"offer.{offer_id}"
