"""The tree of RFC 9162 section 2.1 by its recursive definition: slow, and plainly right."""

from collections.abc import Sequence
from hashlib import sha256


def split_of(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def root(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 2.1.1."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\0" + entries[0]).digest()
    k = split_of(len(entries))
    return sha256(b"\1" + root(entries[:k]) + root(entries[k:])).digest()


def inclusion(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = split_of(len(entries))
    if index < k:
        return [*inclusion(index, entries[:k]), root(entries[k:])]
    return [*inclusion(index - k, entries[k:]), root(entries[:k])]


def consistency(old_size: int, entries: Sequence[bytes]) -> list[bytes]:
    """PROOF of RFC 9162 2.1.4.1; empty from nothing to anything."""
    return _subproof(old_size, entries, whole=True) if old_size > 0 else []


def _subproof(old_size: int, entries: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if old_size == len(entries):
        return [] if whole else [root(entries)]
    k = split_of(len(entries))
    if old_size <= k:
        return [*_subproof(old_size, entries[:k], whole=whole), root(entries[k:])]
    return [*_subproof(old_size - k, entries[k:], whole=False), root(entries[:k])]
