"""What a stranger checks of a log: that its checkpoint is witnessed, and that it is about exactly the entries it shows.

Nothing is believed but the policy: every leaf is hashed again, every tile built again and compared with the one that
is served, and the tree of an earlier visit must be found as the beginning of this one.
"""

import base64
import binascii
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gateway import tiles
from gateway.tiles import HEIGHT, WIDTH, TilePath
from schemas.checkpoint import Checkpoint
from schemas.errors import NoteMalformed, ProofInvalid
from schemas.log_policy import Policy, Witnessed, open_checkpoint
from schemas.merkle import HASH_BYTES, leaf_hash

COMMITMENT_BYTES: Final = 32
"""An entry of exactly this length is a commitment (spec/transparency-log.md 2.1)."""
SHOWN_CHARACTERS: Final = 400
"""Of a public fact, at most."""

Fetch = Callable[[str], bytes]
"""What the log serves under a name such as ``checkpoint``; raises a LikenessError where it serves nothing."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A public fact, as its entry says it. Who signed it is not checked here."""

    index: int
    text: str
    """Printable ASCII."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A log that was read from its first entry to its last."""

    note: str
    """The checkpoint with its signatures."""
    witnessed: Witnessed
    tile_count: int
    commitment_count: int
    facts: tuple[Fact, ...]


def look(fetch: Fetch, policy: Policy, *, now: int, before: Checkpoint | None = None) -> Sighting:
    """The log as it is served, if all of it agrees; ``before`` is a checkpoint of an earlier visit.

    Raises:
        NoteMalformed, NoteUntrusted, CheckpointUnwitnessed, CheckpointStale: see ``open_checkpoint``.
        ProofInvalid: entries, tiles and checkpoint do not belong together, or ``before`` is not their beginning.
        LikenessError: what ``fetch`` raises.
    """
    note = _text(fetch("checkpoint"))
    witnessed = open_checkpoint(policy, note, now=now)
    checkpoint = witnessed.checkpoint
    if before is not None and checkpoint.size < before.size:
        raise ProofInvalid("the log shows fewer entries than it has signed before")
    tree = _Tree(fetch)
    facts: list[Fact] = []
    for index, entry in enumerate(_entries(fetch, checkpoint.size)):
        if before is not None and index == before.size:
            tree.check(before, "the log does not go on from the checkpoint that it signed before")
        tree.add(leaf_hash(entry))
        if len(entry) != COMMITMENT_BYTES:
            facts.append(Fact(index=index, text=told(entry)))
    if before is not None and checkpoint.size == before.size:
        tree.check(before, "the log signed two trees of one size")
    tree.check(checkpoint, "the entries are not those that the checkpoint is about")
    tree.compare_partial()
    return Sighting(
        note=note,
        witnessed=witnessed,
        tile_count=tree.compared,
        commitment_count=checkpoint.size - len(facts),
        facts=tuple(facts),
    )


def told(entry: bytes) -> str:
    """What a public fact says, for a terminal: its kind first, and no character that could do anything."""
    said = _statement(entry)
    if said is None:
        return f"an entry of {len(entry)} bytes that this program cannot read"
    kind = said.pop("kind", "of no kind")
    words = [str(kind), *(f"{name}={json.dumps(value)}" for name, value in said.items())]
    text = " ".join(words).encode("ascii", "backslashreplace").decode()
    printable = "".join(each if each.isprintable() else "?" for each in text)
    return printable if len(printable) <= SHOWN_CHARACTERS else printable[:SHOWN_CHARACTERS] + "..."


def _statement(entry: bytes) -> dict[str, Any] | None:
    """The members of a JSON object, or of one that is signed as a compact JWS."""
    body = entry
    if not entry.startswith(b"{"):
        payload = [*entry.split(b"."), b""][1]
        try:
            body = base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        except binascii.Error:
            return None
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _entries(fetch: Fetch, size: int) -> Iterator[bytes]:
    for path in tiles.tiles_of(size):
        if path.level != 0:
            return
        body = fetch(f"tile/{TilePath(None, path.index, path.width)}")
        at = 0
        for _ in range(path.width):
            (length,) = struct.unpack_from(">H", body, at) if at + 2 <= len(body) else (len(body),)
            at += 2 + length
            if at > len(body):
                raise ProofInvalid("a bundle holds fewer entries than its name says")
            yield body[at - length : at]
        if at != len(body):
            raise ProofInvalid("a bundle holds more entries than its name says")


@dataclass
class _Tree:
    """The tree as it follows from the entries: of each level only the last tile is kept."""

    fetch: Fetch
    size: int = 0
    compared: int = 0
    last: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    """By level: index and hashes."""
    pending: list[bytes] = field(default_factory=list)
    """Leaf hashes that are not in a tile yet, less than fill one."""

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        self.pending.append(leaf)
        if (self.size + len(self.pending)) % WIDTH == 0:
            self._grow()

    def check(self, checkpoint: Checkpoint, complaint: str) -> None:
        """Returns only if the tree is that of ``checkpoint``."""
        self._grow()
        if (self.size, tiles.root(self._read, self.size)) != (checkpoint.size, checkpoint.root):
            raise ProofInvalid(complaint)

    def compare_partial(self) -> None:
        """Compare the tiles that are not full with those that are served."""
        for level, (index, hashes) in self.last.items():
            if self.size >> (HEIGHT * level) & (WIDTH - 1):
                self._compare(level, index, hashes)

    def _grow(self) -> None:
        changed = tiles.grow(self._read, self.size, self.pending)
        self.size += len(self.pending)
        self.pending.clear()
        for (level, index), hashes in changed.items():
            self.last[level] = (index, hashes)
            if len(hashes) == WIDTH * HASH_BYTES:
                self._compare(level, index, hashes)

    def _compare(self, level: int, index: int, hashes: bytes) -> None:
        if self.fetch(f"tile/{TilePath(level, index, len(hashes) // HASH_BYTES)}") != hashes:
            raise ProofInvalid("a tile holds other hashes than follow from the entries")
        self.compared += 1

    def _read(self, level: int, index: int) -> bytes:
        at, hashes = self.last[level]
        assert at == index
        return hashes


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise NoteMalformed("the checkpoint is not UTF-8") from None
