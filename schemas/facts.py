"""What a gateway says of itself before anything else happens (``GET /api/v1/facts``)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.bundle_manifest import Style
from schemas.scalars import Count, Digest, Disclosures, Images, Name, Part, Pool, Seconds, Text, Title
from schemas.signing import Jwk


class Notice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text a person reads before consenting; its digest goes into the grant."""

    digest: Digest
    """SHA-256 of ``text`` as UTF-8."""
    text: Text


class PoolFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pool this gateway offers, and what it can promise."""

    name: Pool
    promise: Text
    lots: Count
    """Different workers that must claim a job before one is chosen at random."""
    workers: Count
    """Workers heard of in the last 24 hours."""


class BundleFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bundle this gateway offers."""

    digest: Digest
    name: Name
    version: Title
    title: Title
    licence: Title
    needed: list[Part]
    optional: list[Part]
    embedder: Count
    image_width: Count
    image_height: Count
    styles: list[Style]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What this gateway allows at most."""

    max_images: Images
    max_disclosures: Disclosures
    token_seconds: Seconds
    claim_seconds: Seconds
    """How long a job waits for a worker."""
    job_seconds: Seconds
    """How long a worker may take."""


class Facts(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/facts/v1",
):
    """Everything the page needs to know of its gateway."""

    operator: Title
    contact: Title
    region: Name
    keys: Annotated[list[Jwk], Meta(min_length=1, max_length=4)]
    """The gateway's signing keys: the one that signs now first, then those that still verify."""
    notice: Notice
    pools: Annotated[list[PoolFact], Meta(min_length=1, max_length=3)]
    bundles: Annotated[list[BundleFact], Meta(max_length=16)]
    limits: Limits
