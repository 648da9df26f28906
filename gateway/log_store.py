"""The log on disk: entries, tiles and the latest signed checkpoint, in one SQLite file of one writer.

An append is one transaction, flushed before it returns (WAL, synchronous=FULL): after a crash all of it is there, or
nothing. The file also remembers what was signed, so that a log which comes back never signs a smaller tree, nor another
tree of the same size. Every method blocks on the disk and may be called from any thread.
"""

import fcntl
import sqlite3
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

from gateway import tiles
from gateway.tiles import WIDTH
from schemas.checkpoint import Checkpoint, read_checkpoint
from schemas.errors import LogUnavailable, ProofInvalid, TooLarge
from schemas.merkle import HASH_BYTES, leaf_hash
from schemas.note import read_note

MAX_ENTRY_BYTES: Final = 0xFFFF
"""A bundle of entries says each one's length in two bytes."""
LAYOUT: Final = 1
"""Of the tables below. Another one is refused, not migrated: a log's past is not rewritten in passing."""
SIGNED: Final = "signed"
"""The latest checkpoint with the log's own signature."""
PUBLISHED: Final = "published"
"""The latest checkpoint that witnesses cosigned, with their lines."""

TABLES: Final = """
CREATE TABLE entry (idx INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE leaf (hash BLOB PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tile (level INTEGER, idx INTEGER, hashes BLOB NOT NULL, PRIMARY KEY (level, idx));
CREATE TABLE head (kind TEXT PRIMARY KEY, note TEXT NOT NULL) WITHOUT ROWID;
"""
"""``tile`` keeps the widest form of each tile: every narrower one is its beginning."""


class LogStore:
    """One log in one folder, which is ours alone from now until ``close``."""

    def __init__(self, folder: Path) -> None:
        """Open the log in ``folder``, or begin one.

        Raises:
            LogUnavailable: another process has it open, it cannot be read or written, or it is of another layout.
            ProofInvalid: it does not hold the tree that it signed.
        """
        self._turn = threading.Lock()
        with ExitStack() as undo, _as_refusals():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = undo.enter_context((folder / "lock").open("wb"))
            try:
                # Held until the process ends, however it ends: the kernel lets go of it.
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LogUnavailable("another process is writing this log") from None
            self._db = sqlite3.connect(folder / "log.sqlite", isolation_level=None, check_same_thread=False)
            undo.callback(self._db.close)
            self._prepare()
            self._check_signed()
            undo.pop_all()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        # On macOS an fsync stops at the drive's cache unless it is asked for more.
        self._db.execute("PRAGMA fullfsync = ON")
        (layout,) = self._db.execute("PRAGMA user_version").fetchone()
        if layout == 0:
            self._db.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {LAYOUT}; COMMIT;")
        elif layout != LAYOUT:
            raise LogUnavailable(f"the log on disk has layout {layout}; this program knows {LAYOUT}")

    def _check_signed(self) -> None:
        note = self.signed()
        if note is not None:
            self._check_tree(read_checkpoint(read_note(note).text))

    def close(self) -> None:
        """Let go of the folder."""
        with self._turn:
            self._db.close()
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing ------------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[bytes]) -> int:
        """Put ``entries`` at the end, all or none of them; the index of the first. On disk when this returns.

        Raises:
            TooLarge: an entry is longer than ``MAX_ENTRY_BYTES``.
            LogUnavailable: the disk does not take them; nothing was appended.
        """
        if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
            raise TooLarge("a log entry may have 65535 bytes")
        leaves = [leaf_hash(entry) for entry in entries]
        with self._writing():
            first = self._size()
            places = range(first, first + len(entries))
            self._db.executemany("INSERT INTO entry VALUES (?, ?)", zip(places, entries, strict=True))
            # Of equal entries the first is found again.
            self._db.executemany("INSERT OR IGNORE INTO leaf VALUES (?, ?)", zip(leaves, places, strict=True))
            changed = tiles.grow(self._read, first, leaves)
            self._db.executemany(
                "INSERT OR REPLACE INTO tile VALUES (?, ?, ?)", ((*place, hashes) for place, hashes in changed.items())
            )
        return first

    def keep_signed(self, note: str) -> None:
        """Remember that the log signed ``note``, a checkpoint. To be called before anybody else sees the signature.

        Raises:
            ProofInvalid: it is not about this tree, or smaller than what was signed before.
            LogUnavailable: the disk does not take it.
        """
        checkpoint = read_checkpoint(read_note(note).text)
        before = self.signed()
        if before is not None and checkpoint.size < read_checkpoint(read_note(before).text).size:
            raise ProofInvalid("the log has signed a larger tree")
        self._check_tree(checkpoint)
        self._keep(SIGNED, note)

    def keep_published(self, note: str) -> None:
        """Remember ``note``, a checkpoint with its cosignatures.

        Raises:
            LogUnavailable: the disk does not take it.
        """
        self._keep(PUBLISHED, note)

    # --- reading ------------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Entries in the log."""
        with self._reading():
            return self._size()

    def signed(self) -> str | None:
        """The checkpoint that the log signed last; None before the first."""
        return self._head(SIGNED)

    def published(self) -> str | None:
        """The checkpoint that was published last; None before the first."""
        return self._head(PUBLISHED)

    def root(self, size: int) -> bytes:
        """The root of the tree of the first ``size`` entries.

        Raises:
            IndexError: the log does not have so many.
        """
        with self._reading(size):
            return tiles.root(self._read, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The hashes that lead from the entry at ``index`` to ``root(size)``.

        Raises:
            IndexError: no such entry, or the log does not have so many.
        """
        with self._reading(size):
            return tiles.inclusion(self._read, index, size)

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """The hashes that lead from ``root(old_size)`` to ``root(new_size)``.

        Raises:
            IndexError: the one is not smaller than the other, or the log does not have so many entries.
        """
        with self._reading(new_size):
            return tiles.consistency(self._read, old_size, new_size)

    def index_of(self, leaf: bytes) -> int | None:
        """Where the entry with this leaf hash stands: the first, if there are several; None if there is none."""
        with self._reading():
            row = self._db.execute("SELECT idx FROM leaf WHERE hash = ?", (leaf,)).fetchone()
        return None if row is None else int(row[0])

    def entry(self, index: int) -> bytes:
        """The entry at ``index``.

        Raises:
            IndexError: there is none.
        """
        with self._reading(index + 1):
            (body,) = self._db.execute("SELECT body FROM entry WHERE idx = ?", (index,)).fetchone()
        return bytes(body)

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first ``width`` hashes of a tile; None where the tree does not reach so far."""
        with self._reading():
            hashes = self._read(level, index)[: width * HASH_BYTES]
        return hashes if len(hashes) == width * HASH_BYTES else None

    def bundle(self, index: int, width: int) -> bytes | None:
        """The first ``width`` of the 256 entries from ``index`` * 256 on, each after its length in two bytes."""
        first = index * WIDTH
        with self._reading():
            rows = self._db.execute(
                "SELECT body FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", (first, first + width)
            ).fetchall()
        return b"".join(struct.pack(">H", len(body)) + body for (body,) in rows) if len(rows) == width else None

    # --- under the lock -----------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self, size: int = 0) -> Iterator[None]:
        with self._turn, _as_refusals():
            if not 0 <= size <= self._size():
                raise IndexError(size)
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, _as_refusals():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def _size(self) -> int:
        (last,) = self._db.execute("SELECT MAX(idx) FROM entry").fetchone()
        return 0 if last is None else int(last) + 1

    def _read(self, level: int, index: int) -> bytes:
        row = self._db.execute("SELECT hashes FROM tile WHERE level = ? AND idx = ?", (level, index)).fetchone()
        return b"" if row is None else bytes(row[0])

    def _head(self, kind: str) -> str | None:
        with self._reading():
            row = self._db.execute("SELECT note FROM head WHERE kind = ?", (kind,)).fetchone()
        return None if row is None else str(row[0])

    def _keep(self, kind: str, note: str) -> None:
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO head VALUES (?, ?)", (kind, note))

    def _check_tree(self, checkpoint: Checkpoint) -> None:
        try:
            root = self.root(checkpoint.size)
        except IndexError:
            raise ProofInvalid("the log has signed for more entries than it holds") from None
        if root != checkpoint.root:
            raise ProofInvalid("the log has signed another tree than the one it holds")


@contextmanager
def _as_refusals() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        # What the disk or the file lacks; never a path, and never what was to be written.
        reason = error.strerror if isinstance(error, OSError) else error
        raise LogUnavailable(f"the log on disk: {reason}") from error
