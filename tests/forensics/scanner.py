"""Looking for many windows at once, in one pass over the bytes.

Wherever a window lies, a whole word of 8 bytes on a multiple of 8 is inside its first 16 bytes. So only those words are
looked up, in a table of all words of all windows; where a word is known the whole window is compared.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from tests.forensics.windows import WINDOW_BYTES, WORD_BYTES

TABLE_BITS: Final = 22
SPREADING: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: the upper bits of a product with it depend on all bits of a word."""

Words = npt.NDArray[np.uint64]


@dataclass
class Seen:
    """What one scan saw."""

    found: dict[str, set[bytes]] = field(default_factory=dict, repr=False)
    """By name of a form: its windows that were there."""
    scanned_bytes: int = 0
    seconds: float = 0.0

    def add(self, other: "Seen") -> None:
        """Take in what another scan saw."""
        for name, windows in other.found.items():
            self.found.setdefault(name, set()).update(windows)
        self.scanned_bytes += other.scanned_bytes
        self.seconds += other.seconds

    @property
    def hits(self) -> dict[str, int]:
        """Windows that were there, by name; nothing for a name without any."""
        return {name: len(windows) for name, windows in sorted(self.found.items())}


class Scanner:
    """Looks for ``wanted``: windows of 16 bytes or more, by name."""

    def __init__(self, wanted: Mapping[str, Iterable[bytes]]) -> None:
        self.wanted: Final = {name: frozenset(windows) for name, windows in wanted.items()}
        self._names: dict[bytes, list[str]] = {}
        for name, windows in self.wanted.items():
            for window in windows:
                self._names.setdefault(window, []).append(name)
        self._places: dict[int, list[tuple[bytes, int]]] = {}
        for window in self._names:
            for at in range(WINDOW_BYTES - WORD_BYTES + 1):
                word = int.from_bytes(window[at : at + WORD_BYTES], "little")
                self._places.setdefault(word, []).append((window, at))
        self._words = np.array(sorted(self._places), np.uint64)
        self._table = np.zeros(1 << TABLE_BITS, np.bool_)
        self._table[_slot(self._words)] = True

    @property
    def count(self) -> int:
        """Different windows that are looked for."""
        return len(self._names)

    def scan(self, pieces: Iterable[bytes]) -> Seen:
        """What is in ``pieces``; a window that lies across two of them is not seen."""
        seen = Seen()
        started = time.perf_counter()
        for piece in pieces:
            seen.scanned_bytes += len(piece)
            for at, word in self._known_words(piece):
                self._compare(piece, at, word, seen)
        seen.seconds = time.perf_counter() - started
        return seen

    def _known_words(self, piece: bytes) -> Iterable[tuple[int, int]]:
        if not self._places:
            return ()
        words = np.frombuffer(piece, "<u8", len(piece) // WORD_BYTES)
        likely = np.flatnonzero(self._table[_slot(words)])
        ranks = np.searchsorted(self._words, words[likely])
        known = likely[self._words[np.minimum(ranks, len(self._words) - 1)] == words[likely]]
        return zip((known * WORD_BYTES).tolist(), words[known].tolist(), strict=True)

    def _compare(self, piece: bytes, at: int, word: int, seen: Seen) -> None:
        for window, offset in self._places[word]:
            start = at - offset
            if start >= 0 and piece[start : start + len(window)] == window:
                for name in self._names[window]:
                    seen.found.setdefault(name, set()).add(window)


def _slot(words: Words) -> Words:
    return (words * SPREADING) >> np.uint64(64 - TABLE_BITS)
