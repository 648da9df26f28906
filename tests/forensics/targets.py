"""Where to look: the memory of live processes, the files they hold open, folders, and what programs share."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

PIECE_BYTES: Final = 4 << 20
OVERLAP_BYTES: Final = 64
"""Neighbours in memory or in a file share these, so that no window lies between two pieces."""
LARGEST_FILE_BYTES: Final = 256 << 20
SHARED_FOLDERS: Final = (Path("/dev/shm"), Path("/dev/mqueue"))
"""Looked through whole: what is mapped there need not change a file's time."""
COMMON_FOLDERS: Final = tuple(map(Path, ("/tmp", "/var/tmp", "/var/log", "/var/crash", "/run", "/var/lib/systemd")))
"""Looked through for what is new: programs that ignore TMPDIR write there."""


class Memory:
    """Every readable mapping of a live process, in pieces. The reader must be root: a child is not dumpable."""

    def __init__(self, pid: int, *, writable: bool = False) -> None:
        self.pid = pid
        self.unread: list[str] = []
        """Mappings that could not be read, the kernel's own ([vvar]) among them."""
        self._writable = writable

    def __iter__(self) -> Iterator[bytes]:
        self.unread = []
        with open(f"/proc/{self.pid}/mem", "rb", 0) as memory:  # noqa: PTH123 - unbuffered, at addresses
            for start, end, name in self._mappings():
                try:
                    yield from _pieces(memory.fileno(), start, end)
                except (OSError, OverflowError):
                    self.unread.append(name)

    def _mappings(self) -> Iterator[tuple[int, int, str]]:
        for line in Path(f"/proc/{self.pid}/maps").read_text("utf-8", "replace").splitlines():
            addresses, rights, *_, name = (
                line.split(maxsplit=5) if len(line.split()) > 5 else [*line.split(), "unnamed"]
            )
            start, _, end = addresses.partition("-")
            if rights[0] != "r":
                self.unread += [name] * (rights[:3] != "---")
            elif rights[1] == "w" or not self._writable:
                yield int(start, 16), int(end, 16), name


def _pieces(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, PIECE_BYTES):
        if piece := os.pread(descriptor, min(PIECE_BYTES + OVERLAP_BYTES, end - at), at):
            yield piece


class Files:
    """Files whole, in pieces; each path followed by its content. A file's name is looked at too."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = list(paths)
        self.unread: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        self.unread = []
        for path in self.paths:
            yield os.fsencode(path)
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except OSError as error:
                if not isinstance(error, FileNotFoundError):  # gone in between: nothing is left of it
                    self.unread.append(str(path))
                continue
            try:
                yield from self._content(path, descriptor)
            finally:
                os.close(descriptor)

    def _content(self, path: Path, descriptor: int) -> Iterator[bytes]:
        size = os.fstat(descriptor).st_size
        if size > LARGEST_FILE_BYTES:
            self.unread.append(str(path))
            return
        yield from _pieces(descriptor, 0, size)


def below(folder: Path, since: float = 0.0) -> Iterator[Path]:
    """Every regular file below ``folder`` that changed after ``since`` (unix seconds)."""
    for top, _, names in os.walk(folder):
        yield from (path for name in names if _is_recent(path := Path(top, name), since))


def changed_in(folder: Path, since: float) -> Iterator[Path]:
    """Files in ``folder`` that changed after ``since``, and those below folders in it that did: what is new there."""
    with suppress(OSError):
        for entry in sorted(folder.iterdir()):
            if _is_recent(entry, since, stat.S_ISDIR):
                yield from below(entry, since)
            elif _is_recent(entry, since):
                yield entry


def _is_recent(path: Path, since: float, kind: Callable[[int], bool] = stat.S_ISREG) -> bool:
    """Whether ``path`` is there, of that kind, and changed after ``since``."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    return kind(facts.st_mode) and max(facts.st_mtime, facts.st_ctime) >= since


def held_open(pid: int) -> Iterator[Path]:
    """Regular files that a process holds open, deleted ones and memory files among them."""
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if stat.S_ISREG(entry.stat().st_mode):
                    yield entry


def cores(since: float, *folders: Path) -> Iterator[Path]:
    """Core files made after ``since`` (unix seconds), in ``folders`` or where this machine puts them.

    Where core_pattern is a pipe no file tells; there the wait status of a process does (``process.Death``).
    """
    pattern = Path("/proc/sys/kernel/core_pattern").read_text("utf-8").strip()
    if pattern.startswith("/"):
        folders = (*folders, Path(pattern).parent)
    prefix = Path(pattern).name.partition("%")[0] or "core"
    for folder in folders:
        yield from (path for path in changed_in(folder, since) if path.name.startswith(("core.", prefix)))


def shared(since: float) -> Iterator[Path]:
    """Files that any program may have left in common places after ``since`` (unix seconds)."""
    for folder in SHARED_FOLDERS:
        yield from below(folder)
    for folder in COMMON_FOLDERS:
        yield from changed_in(folder, since)
