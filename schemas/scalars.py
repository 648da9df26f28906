"""The small values that statements are made of, each with its one spelling (spec/encoding.md section 2).

Patterns end in ``$``, which in Python also matches before a trailing newline; every one therefore has a
``max_length`` as well.
"""

import base64
import binascii
import hashlib
from typing import Annotated, Final, Literal

from msgspec import Meta

from schemas.errors import BadField

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""Largest integer that a JSON reader with 64-bit floats holds exactly."""

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
"""SHA-256 as 64 lower-case hex digits."""

Thumbprint = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", max_length=43)]
"""RFC 7638 SHA-256 thumbprint of a key, base64url without padding."""

Id = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", max_length=32)]
"""16 random bytes as hex."""

Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,47}$", max_length=48)]
"""A plain identifier: lower case, digits, hyphens."""

Title = Annotated[str, Meta(min_length=1, max_length=120)]
"""A short text for people."""

Text = Annotated[str, Meta(max_length=8000)]
"""A longer text for people."""

B64u = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]*$", max_length=2048)]
"""Bytes as base64url without padding; the length is checked where it is decoded."""

Jws = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$", max_length=4096)]
"""A compact JWS with a 64-byte signature."""

LogProofText = Annotated[str, Meta(max_length=8000)]
"""A C2SP tlog-proof (spec/transparency-log.md)."""

Seconds = Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
"""Unix time, or a length of time, in whole seconds."""

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Images = Annotated[int, Meta(ge=1, le=8)]
Disclosures = Annotated[int, Meta(ge=1, le=8)]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]

Pool = Literal["attested", "company", "volunteer"]
Part = Literal["embedding", "geometry", "look"]


def to_b64u(raw: bytes) -> str:
    """``raw`` as base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_b64u(text: str, length_bytes: int | None = None) -> bytes:
    """The bytes that ``text`` spells, refusing every spelling but the canonical one.

    Raises:
        BadField: not base64url, not canonical, or not ``length_bytes`` long.
    """
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadField("not base64url") from error
    if to_b64u(raw) != text:
        raise BadField("base64url with other than the canonical spelling")
    if length_bytes is not None and len(raw) != length_bytes:
        raise BadField("a binary field has the wrong length")
    return raw


def digest(raw: bytes) -> str:
    """SHA-256 of ``raw`` as hex."""
    return hashlib.sha256(raw).hexdigest()
