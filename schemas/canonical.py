"""The only reader and writer of statement bytes (spec/encoding.md section 3).

Canonical JSON: UTF-8, keys sorted by code point, no white space, integers only, tag field ``kind``. msgspec alone
accepts duplicate and reordered keys, white space and a trailing newline; decoding here re-encodes and compares, so
that each statement has exactly one spelling and a signature covers its meaning.
"""

from typing import Final, TypeVar

import msgspec

from schemas.errors import BadField, NotCanonical, NotJson, TooLarge

MAX_STATEMENT_BYTES: Final = 64 * 1024
"""Largest statement of any kind; most are below 2 KiB."""

T = TypeVar("T", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder(order="sorted")


def encode(statement: msgspec.Struct) -> bytes:
    """The canonical bytes of ``statement``."""
    return _encoder.encode(statement)


def decode(kind: type[T], raw: bytes, limit_bytes: int = MAX_STATEMENT_BYTES) -> T:
    """The statement that ``raw`` is the canonical encoding of.

    Raises:
        TooLarge: longer than ``limit_bytes``.
        NotJson: not JSON at all.
        BadField: JSON, but not of this kind (a field missing, unknown, of another type, or out of range).
        NotCanonical: the right statement in other bytes than the canonical ones.
    """
    if len(raw) > limit_bytes:
        raise TooLarge
    try:
        statement = msgspec.json.decode(raw, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise BadField(_path(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None
    if encode(statement) != raw:
        raise NotCanonical
    return statement


def _path(error: msgspec.ValidationError) -> str:
    # The validator's text may quote a value, and a value may be private: keep only where it went wrong.
    where = str(error).rpartition(" - at ")[2]
    return f"field {where.strip('`')}" if where.startswith("`$") else "a field is missing, unknown or wrong"


def kind_of(statement: type[msgspec.Struct]) -> str:
    """The tag of a statement struct, e.g. ``likeness/claim/v1``."""
    tag = statement.__struct_config__.tag
    if not isinstance(tag, str):
        raise TypeError(f"{statement.__name__} is not a tagged statement")
    return tag
