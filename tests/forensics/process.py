"""Live processes from outside: holding them still, sending them to their end, reading how they ended."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEADLINE_SECONDS: Final = 30
LOOK_SECONDS: Final = 0.001
CORE_WAS_DUMPED: Final = 0x80
"""In a wait status: a core was made, as a file or into a pipe (wait(2), WCOREDUMP)."""
EXIT_CODE_FIELD: Final = 52
"""In /proc/<pid>/stat, counted from 1 (proc(5))."""
UTIME_FIELD: Final = 14
STATE_FIELD: Final = 3
LISTENING: Final = "0A"
"""A socket's state in /proc/net/tcp (include/net/tcp_states.h)."""


def wait_for(condition: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
    """Return when ``condition`` holds.

    Raises:
        TimeoutError: it did not in time.
    """
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError
        time.sleep(LOOK_SECONDS)  # only asking tells


async def until(condition: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
    """As ``wait_for``, while other tasks go on."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(LOOK_SECONDS)


def field_of(pid: int, number: int, thread: int | None = None) -> str:
    """A field of /proc/<pid>/stat, counted from 1 as in proc(5)."""
    where = f"/proc/{pid}/stat" if thread is None else f"/proc/{pid}/task/{thread}/stat"
    text = Path(where).read_text("utf-8", "replace")
    return text.rpartition(") ")[2].split()[number - STATE_FIELD]


def stop(pid: int) -> None:
    """Every thread of ``pid`` stands still on return."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: all(field_of(pid, STATE_FIELD, int(task.name)) in "TZ" for task in _tasks(pid)))


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def go_on(pid: int) -> None:
    """``pid`` runs again."""
    os.kill(pid, signal.SIGCONT)


@contextmanager
def still(pid: int) -> Iterator[None]:
    """``pid`` stands still inside."""
    stop(pid)
    try:
        yield
    finally:
        go_on(pid)


def run_for(pid: int, ticks: int) -> bool:
    """Let a stopped process use at least that many ticks (10 ms) of processor time; whether it stands still again.

    False when it ended instead.
    """
    try:
        until = _used_ticks(pid) + ticks
        go_on(pid)
        wait_for(lambda: _used_ticks(pid) >= until)
        stop(pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return field_of(pid, STATE_FIELD) == "T"


def _used_ticks(pid: int) -> int:
    return int(field_of(pid, UTIME_FIELD)) + int(field_of(pid, UTIME_FIELD + 1))


def listening_port(pid: int) -> int | None:
    """The TCP port on which ``pid`` listens; None when there is none yet."""
    held = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed in between
            held.add(str(entry.readlink()))
    for line in Path(f"/proc/{pid}/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        if state == LISTENING and f"socket:[{inode}]" in held:
            return int(local.rpartition(":")[2], 16)
    return None


def children(pid: int) -> list[int]:
    """Process ids of the children of ``pid``."""
    return [int(child) for task in _tasks(pid) for child in (task / "children").read_text("ascii").split()]


def descendants(pid: int) -> list[int]:
    """Children of ``pid``, theirs, and so on."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def command_of(pid: int) -> list[str]:
    """How ``pid`` was started; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


@dataclass(frozen=True)
class Death:
    """How a process ended, seen before anybody collected its exit."""

    status: int
    """Its wait status (wait(2))."""
    memory: bytes
    """What the kernel says of its mappings."""
    folder: list[Path]
    """What lay in its working folder."""

    @property
    def dumped(self) -> bool:
        """Whether a core was made."""
        return bool(self.status & CORE_WAS_DUMPED)


def end_by(pid: int, number: signal.Signals) -> Death:
    """Send a stopped process to its end by a signal. Its parent must not collect it meanwhile (``still``)."""
    folder = Path(f"/proc/{pid}/cwd").readlink()
    os.kill(pid, number)
    if number != signal.SIGKILL:
        go_on(pid)
    wait_for(lambda: field_of(pid, STATE_FIELD) == "Z")
    memory = Path(f"/proc/{pid}/maps").read_bytes()
    return Death(int(field_of(pid, EXIT_CODE_FIELD)), memory, sorted(folder.iterdir()))
