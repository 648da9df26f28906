"""What stands in the log: salted commitments to what is about a person, and public facts (spec/transparency-log.md 2).

A commitment is exactly 32 bytes; no public fact is. Whoever holds the statement can find its leaf; without the
statement and its salt a leaf says only that something was consented to, withdrawn or ended at about that time.
"""

import hashlib
from typing import Final, Literal

import msgspec

from schemas import canonical
from schemas.errors import BadField
from schemas.scalars import Digest, Name, Title

COMMITMENT_BYTES: Final = 32
SALT_BYTES: Final = 32

CommitmentTo = Literal["consent", "erasure", "revocation"]


class PublicFact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/public-fact/v1",
):
    """Something about the gateway that everybody may know, named by its digest."""

    what: Literal["bundle", "page", "styles", "wheel"]
    """``styles``: the catalogue of a bundle; ``page``: the list of the page's files with their digests."""
    name: Name
    version: Title
    digest: Digest


def commitment(to: CommitmentTo, salt: bytes, jws: str) -> bytes:
    """SHA-256("likeness/<to>-leaf/v1" || salt || SHA-256(jws)), 32 bytes.

    ``salt`` is 32 bytes: of a consent the grant's ``salt_commitment`` (``jws`` is the token), of a revocation and of a
    receipt their own ``salt``.

    Raises:
        BadField: the salt has another length.
    """
    if len(salt) != SALT_BYTES:
        raise BadField("a salt has 32 bytes")
    label = f"likeness/{to}-leaf/v1".encode("ascii")
    return hashlib.sha256(label + salt + hashlib.sha256(jws.encode("ascii")).digest()).digest()


def public_entry(fact: PublicFact) -> bytes:
    """The entry of ``fact``."""
    return canonical.encode(fact)


def roster_entry(roster_jws: str) -> bytes:
    """The entry of a roster entry: the statement as the gateway signed it."""
    return roster_jws.encode("ascii")
