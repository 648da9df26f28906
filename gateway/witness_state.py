"""What a witness remembers of each log: the largest tree it cosigned. Compared, checked and kept in one transaction.

Were they not one, two requests could both be checked against the same tree, and the smaller be kept last: the log would
have been rolled back under the eyes of its witness (C2SP tlog-witness). SQLite lets one writer in at a time, across
threads and processes, and has the new tree on disk before anybody is answered.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.checkpoint import Checkpoint
from schemas.errors import LogUnavailable
from schemas.merkle import EMPTY_ROOT, check_consistency

TABLES: Final = """
CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL)
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fork (origin TEXT PRIMARY KEY, ours TEXT NOT NULL, theirs TEXT NOT NULL) WITHOUT ROWID;
"""
"""``fork`` keeps, for each log, the first two checkpoints of one size that it signed with different roots."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """The tree is the largest that this witness knows of its log."""

    at: int
    """Unix time, taken while nothing larger could be kept."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The tree was not compared with the one that this witness saw last, or is another of the same size."""

    size: int
    """Of the tree it saw last."""
    is_fork: bool = False


class WitnessState:
    """A witness's memory in one file. Methods block on the disk and may be called from any thread."""

    def __init__(self, file: Path, clock: Callable[[], int]) -> None:
        """Open the memory in ``file``, or begin one.

        Raises:
            LogUnavailable: it cannot be read or written.
        """
        self._turn = threading.Lock()
        self._clock = clock
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA fullfsync = ON")
            self._db.executescript(TABLES)
        except (sqlite3.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise LogUnavailable(f"the witness's memory: {reason}") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._db.close()

    def advance(
        self, checkpoint: Checkpoint, note: str, *, old_size: int, proof: Sequence[bytes]
    ) -> Advanced | Conflict:
        """Take ``checkpoint``, signed in ``note``, for the largest tree, if it continues the one that was seen last.

        Raises:
            ProofInvalid: ``proof`` does not lead from the one to the other.
            LogUnavailable: the disk does not take it; then nothing has changed.
        """
        with self._turn:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                outcome = self._compare(checkpoint, note, old_size, proof)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise LogUnavailable(f"the witness's memory: {error}") from error
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        return outcome

    def fork(self, origin: str) -> tuple[str, str] | None:
        """Two checkpoints by which a log contradicted itself, if it ever did."""
        with self._turn, closing(self._db.execute("SELECT ours, theirs FROM fork WHERE origin = ?", (origin,))) as row:
            found: tuple[str, str] | None = row.fetchone()
        return found

    def _compare(self, checkpoint: Checkpoint, note: str, old_size: int, proof: Sequence[bytes]) -> Advanced | Conflict:
        row = self._db.execute("SELECT size, root, note FROM seen WHERE origin = ?", (checkpoint.origin,)).fetchone()
        seen_size, seen_root, seen_note = row or (0, EMPTY_ROOT, "")
        if old_size != seen_size:
            return Conflict(seen_size)
        if checkpoint.size == seen_size and checkpoint.root != seen_root:
            self._db.execute("INSERT OR IGNORE INTO fork VALUES (?, ?, ?)", (checkpoint.origin, seen_note, note))
            return Conflict(seen_size, is_fork=True)
        check_consistency(seen_size, checkpoint.size, seen_root, checkpoint.root, proof)
        values = (checkpoint.origin, checkpoint.size, checkpoint.root, note)
        self._db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", values)
        # Read before the next writer is let in: at this second no larger tree was known here.
        return Advanced(at=self._clock())
