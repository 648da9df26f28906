"""Where the hashes of the tree lie: tiles of 256 (C2SP tlog-tiles), and the proofs that are built from them.

Values in, values out: whoever calls says how a tile is read. The tree is that of RFC 9162 section 2.1; level 0 holds
leaf hashes, and a hash of level n + 1 is the root of a whole tile of level n.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.merkle import EMPTY_ROOT, HASH_BYTES, node_hash

WIDTH: Final = 256
"""Hashes in a whole tile."""
HEIGHT: Final = 8
"""Levels of the tree that one tile spans."""

Read = Callable[[int, int], bytes]
"""The tile of a level and an index: 32 bytes a hash, and at least the hashes that the tree in question has there."""


@dataclass(frozen=True, slots=True)
class TilePath:
    """The name of a tile, or of a bundle of entries."""

    level: int | None
    """None for entries, which lie as the tiles of level 0 do."""
    index: int
    width: int = WIDTH
    """Hashes or entries in it, 1 to 256."""

    def __str__(self) -> str:
        """``<L>/<N>[.p/<W>]``: a whole tile's width is not said."""
        thousands = f"{self.index:03d}"
        thousands = thousands.zfill(-(-len(thousands) // 3) * 3)
        parts = [thousands[at : at + 3] for at in range(0, len(thousands), 3)]
        number = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{'entries' if self.level is None else self.level}/{number}{partial}"


def read_tile_path(text: str) -> TilePath | None:
    """The name that ``text`` spells, or None where it spells none, or not in the one way."""
    parts = re.fullmatch(r"(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,4}[0-9]{3})(?:\.p/([0-9]{1,3}))?", text)
    if parts is None:
        return None
    path = TilePath(
        level=None if parts[1] == "entries" else int(parts[1]),
        index=int(re.sub("[x/]", "", parts[2])),
        width=int(parts[3] or WIDTH),
    )
    is_one = (path.level is None or path.level < 64) and 0 < path.width <= WIDTH
    return path if is_one and str(path) == text else None


def tiles_of(size: int) -> Iterator[TilePath]:
    """All tiles of the tree of ``size`` leaves, level by level."""
    level = 0
    while count := size >> (HEIGHT * level):
        yield from (TilePath(level, index) for index in range(count // WIDTH))
        if count % WIDTH:
            yield TilePath(level, count // WIDTH, count % WIDTH)
        level += 1


def grow(read: Read, size: int, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles, by level and index, that are new or longer when ``leaves`` follow the first ``size`` leaf hashes."""
    changed: dict[tuple[int, int], bytes] = {}
    level = 0
    hashes = list(leaves)
    while hashes:
        above: list[bytes] = []
        index, width = divmod(size >> (HEIGHT * level), WIDTH)
        tile = read(level, index)[: width * HASH_BYTES] if width else b""
        for start in range(-width, len(hashes), WIDTH):
            tile += b"".join(hashes[max(start, 0) : start + WIDTH])
            changed[level, index] = tile
            if len(tile) == WIDTH * HASH_BYTES:
                above.append(fold(tile))
            index, tile = index + 1, b""
        hashes = above
        level += 1
    return changed


def root(read: Read, size: int) -> bytes:
    """The root of the tree of the first ``size`` leaves."""
    return _range_root(read, 0, size) if size else EMPTY_ROOT


def inclusion(read: Read, index: int, size: int) -> list[bytes]:
    """The hashes that lead from the leaf at ``index`` to the root of the tree of ``size`` leaves (RFC 9162 2.1.3.1).

    Raises:
        IndexError: there is no such leaf in that tree.
    """
    if not 0 <= index < size:
        raise IndexError(index)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            path.append(_range_root(read, middle, end))
            end = middle
        else:
            path.append(_range_root(read, start, middle))
            start = middle
    return path[::-1]


def consistency(read: Read, old_size: int, new_size: int) -> list[bytes]:
    """The hashes that show how the tree of ``old_size`` leaves begins that of ``new_size`` (RFC 9162 2.1.4.1).

    Raises:
        IndexError: the tree has not grown.
    """
    if not 0 <= old_size <= new_size:
        raise IndexError(old_size)
    if old_size in {0, new_size}:
        return []
    path: list[bytes] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _largest_power_below(end - start)
        if old_size <= middle:
            path.append(_range_root(read, middle, end))
            end = middle
        else:
            path.append(_range_root(read, start, middle))
            start = middle
    # The verifier knows the old root; only where the old tree is one whole subtree is it also the path's beginning.
    if start:
        path.append(_range_root(read, start, end))
    return path[::-1]


def fold(hashes: bytes) -> bytes:
    """The root over ``hashes``, whose number is a power of two."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            node_hash(hashes[at : at + HASH_BYTES], hashes[at + HASH_BYTES : at + 2 * HASH_BYTES])
            for at in range(0, len(hashes), 2 * HASH_BYTES)
        )
    return hashes


def _range_root(read: Read, start: int, end: int) -> bytes:
    """The root over the leaves from ``start`` to ``end``; ``start`` is a multiple of the largest subtree among them."""
    count = end - start
    if count & (count - 1) == 0:
        return _subtree(read, count.bit_length() - 1, start)
    middle = start + _largest_power_below(count)
    return node_hash(_range_root(read, start, middle), _range_root(read, middle, end))


def _subtree(read: Read, height: int, start: int) -> bytes:
    """The root over the 2**height leaves that begin at ``start``, a multiple of their number."""
    level, above = divmod(height, HEIGHT)
    index, offset = divmod(start >> (HEIGHT * level), WIDTH)
    hashes = read(level, index)[offset * HASH_BYTES : (offset + (1 << above)) * HASH_BYTES]
    return fold(hashes)


def _largest_power_below(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)
