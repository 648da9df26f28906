"""Whether what a child forbids itself holds: each is tried, and a trial that succeeds undoes what it did."""

import mmap
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from worker import libc, system_calls

PR_GET_DUMPABLE: Final = 3
KNOWN: Final = b"sixteen-by-bytes"


def is_undumpable() -> bool:
    """Whether the kernel says that this process may not be dumped."""
    return libc.prctl(PR_GET_DUMPABLE) == 0


def is_offline() -> bool:
    """Whether a socket to the network is refused."""
    kinds = (socket.AF_INET, socket.AF_INET6)
    return all(_refused(partial(socket.socket, kind, socket.SOCK_DGRAM)) for kind in kinds)


def sees_only_its_own() -> bool:
    """Whether the top of the file system, which is nobody's in particular, cannot be listed."""
    return _refused(lambda: list(Path("/").iterdir()))


def cannot_write() -> bool:
    """Whether making a file, a folder and a link here, and a file in shared memory, is refused."""
    here, shared = Path(f"trial-{os.getpid()}"), Path("/dev/shm")  # noqa: S108 - to stay untouched
    ways = (partial(_make_file, here), partial(_nameless, shared), partial(_make_folder, here), partial(_link, here))
    return all([_refused(way) for way in ways])  # noqa: C419 - each is tried, also when one before it was not refused


def cannot_read() -> bool:
    """Whether opening a file and a folder that are surely there is refused."""
    return all(_refused(partial(_open, path)) for path in (__file__, "."))


def cannot_start_processes() -> bool:
    """Whether another process, and another program in this one, are refused."""
    return _refused(_fork) and _forbidden(lambda: os.execv("/nowhere/at/all", ["nothing"]))  # noqa: S606 - there is no such program


def cannot_reach_processes() -> bool:
    """Whether the supervisor can neither be signalled nor its memory be asked for."""
    (read_memory,) = system_calls.numbers({"": system_calls.PROCESSES["process_vm_readv"]})
    supervisor = os.getppid()
    return _forbidden(lambda: os.kill(supervisor, 0)) and _forbidden(
        lambda: libc.syscall(read_memory, supervisor, 0, 0, 0, 0, 0)  # no byte of it, and still refused
    )


def cannot_make_code() -> bool:
    """Whether memory that can be run is refused."""
    return _refused(lambda: mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close())


def is_silent() -> bool:
    """Whether printing is refused, on standard output and standard error."""
    return all([_refused(partial(os.write, stream, b".")) for stream in (1, 2)])  # noqa: C419 - as above


def freed_memory_is_overwritten(size_bytes: int = 600) -> bool:
    """Whether what is freed is overwritten, by looking at two chunks that were just given back.

    One is the C library's, of a size that its thread cache would keep as it is, were it not off; the other was a small
    object of Python's.
    """
    chunk = libc.allocate(KNOWN * (size_bytes // len(KNOWN)))
    fence = libc.allocate(bytes(size_bytes))  # keeps the heap from shrinking below the chunk
    libc.free(chunk)
    rest = libc.peek(chunk, size_bytes)
    libc.free(fence)
    return KNOWN not in rest and KNOWN not in _freed_object(size_bytes // 4)


def _freed_object(size_bytes: int) -> bytes:
    """What stands where a bytes object of Python's stood."""
    value = KNOWN * (size_bytes // len(KNOWN))
    address = id(value)
    del value
    return libc.peek(address, size_bytes)


def _open(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _make_file(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    with suppress(OSError):  # what was made counts, even if unmaking it is refused
        path.unlink()


def _nameless(folder: Path) -> None:
    os.close(os.open(folder, os.O_WRONLY | os.O_TMPFILE))


def _make_folder(path: Path) -> None:
    path.mkdir()
    with suppress(OSError):
        path.rmdir()


def _link(path: Path) -> None:
    path.symlink_to("nowhere")
    with suppress(OSError):
        path.unlink()


def _fork() -> None:
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)


def _refused(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return True
    return False


def _forbidden(action: Callable[[], object]) -> bool:
    """Refused as something that is not allowed; for actions that would fail in any case, but in another way."""
    try:
        action()
    except PermissionError:
        return True
    except OSError:
        pass
    return False
