"""What a child forbids itself before a key or a face exists in it. Linux on two machines; elsewhere it refuses to run.

What a kernel cannot refuse is not an error here: ``trials`` tries each of these, and the receipt says what held.
"""

import os
import platform
import resource
import signal
import sys
from pathlib import Path
from typing import Final

from schemas.errors import UnsafeHost
from worker import landlock, libc, seccomp, system_calls
from worker.pipe import PIPES
from worker.settings import Provider
from worker.software import ROOT

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
LOCK_ALL: Final = 0b111
"""mlockall(2): pages that are there, pages that come, each as soon as it is there (MCL_ONFAULT, Linux 4.4)."""

ENVIRONMENT: Final = {
    "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0",
    "PYTHONMALLOC": "malloc",
}
"""Freed memory is overwritten at once. Without the second tunable, chunks up to 1032 bytes would escape the first;
without the second variable, Python's own small objects would."""

MOST_FILES: Final = 2**16

LIBRARIES: Final = tuple(map(Path, ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache")))
PROCESSORS: Final = Path("/sys/devices/system/cpu")
"""Where the C library counts them."""


def forbid_traces() -> None:
    """No core dump, no byte into any file, no debugger of the same user, no life after the supervisor's.

    A zero core limit does not stop a core_pattern that is a pipe; not being dumpable does, so both are set. Pipes are
    not files: a size limit of zero leaves them alone.

    Raises:
        UnsafeHost: this system does not have these means.
    """
    if sys.platform != "linux" or platform.machine() not in system_calls.MACHINES:
        raise UnsafeHost("a child needs Linux on x86_64 or aarch64")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        libc.prctl(PR_SET_DUMPABLE, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except OSError:
        raise UnsafeHost("prctl was refused") from None
    if os.getppid() == 1:
        raise UnsafeHost("the supervisor is gone")


def lock_memory() -> None:
    """No page of this process reaches a swap area.

    Raises:
        UnsafeHost: its limit on locked memory does not allow that.
    """
    try:
        libc.lock_all_pages(LOCK_ALL)
    except OSError:
        raise UnsafeHost("swap is on, and this process may not lock its memory") from None


def forbid_from_the_start(provider: Provider, bundle: Path) -> None:
    """Nothing but its own files can be read, and nothing written, started, or reached on a network.

    Called while there is one thread: the narrow view holds for this thread and those it starts.
    On a graphics card everything can be read and the card's devices written to: its driver was never measured here.
    """
    if provider == "cpu":
        landlock.narrow(_needed(bundle))
    else:
        landlock.narrow([Path("/")], Path("/dev").glob("nvidia*"))
    seccomp.install(list(seccomp.at_start(provider)))


def forbid_words() -> None:
    """What is printed from now on goes nowhere, for it could quote what nobody may read.

    Output and error become standard input, the end of a pipe that cannot be written to.
    """
    for printed in (1, 2):
        os.dup2(0, printed)


def forbid_once_warm(provider: Provider) -> None:
    """No file at all, no new thread and no new code; only the pipes to the supervisor stay open.

    For the processor alone, as above.
    """
    if provider != "cpu":
        return
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.closerange(PIPES, most if 0 < most < MOST_FILES else MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (PIPES, PIPES))
    seccomp.install(list(seccomp.once_warm()))


def _needed(bundle: Path) -> list[Path]:
    """The interpreter, its libraries, this program and the bundle."""
    modules = {Path(entry) for entry in sys.path if entry} - {ROOT}
    program = (ROOT / "schemas", ROOT / "worker")
    return [Path(sys.base_prefix), Path(sys.prefix), *modules, *program, bundle, *LIBRARIES, PROCESSORS]
