"""What a child forbids itself before a key or a face exists in it. Linux with glibc; elsewhere it refuses to run."""

import ctypes
import os
import platform
import resource
import signal
import socket
import struct
import sys
from typing import Final

from schemas.errors import UnsafeHost

PR_SET_PDEATHSIG: Final = 1
PR_GET_DUMPABLE: Final = 3
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38

MALLOC_TUNABLES: Final = "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"
"""Freed memory is overwritten at once. Without the second half, chunks up to 1032 bytes would escape the first."""


def forbid_traces() -> None:
    """No core dump, no byte into any file, no debugger of the same user, no life after the supervisor's.

    A zero core limit does not stop a core_pattern that is a pipe; not being dumpable does, so both are set. Pipes are
    not files: a size limit of zero leaves them alone.

    Raises:
        UnsafeHost: this system does not have these means.
    """
    if sys.platform != "linux":
        raise UnsafeHost("a child needs Linux")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) or libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise UnsafeHost("prctl was refused")
    if os.getppid() == 1:
        raise UnsafeHost("the supervisor is gone")


SECCOMP: Final = {"x86_64": (0xC000003E, 317, 41), "aarch64": (0xC00000B7, 277, 198)}
"""By machine: the kernel's name for it, and the numbers of seccomp(2) and socket(2)."""
SET_MODE_FILTER: Final = 1
ALL_THREADS: Final = 1
IO_URING_SETUP: Final = 425
X32: Final = 0x40000000
"""Numbers from here on are the same calls in another dress."""
LOAD, EQUALS, AT_LEAST, ANSWER = 0x20, 0x15, 0x35, 0x06
ALLOW, DENY = 0x7FFF0000, 0x00050001
"""DENY: the call fails with EPERM."""


def forbid_network() -> None:
    """No socket from now on but local ones, in any thread; what cannot be had is seen by ``is_offline``.

    A filter in the kernel (seccomp): the child cannot lift it, nor can any library in it.
    """
    if platform.machine() not in SECCOMP:
        return
    architecture, seccomp, socket_call = SECCOMP[platform.machine()]
    # A step: code, steps to skip when true, when false, operand. Operands 0, 4, 16 are call, machine, first argument.
    steps = (
        (LOAD, 0, 0, 4),
        (EQUALS, 0, 7, architecture),
        (LOAD, 0, 0, 0),
        (AT_LEAST, 5, 0, X32),
        (EQUALS, 4, 0, IO_URING_SETUP),
        (EQUALS, 0, 2, socket_call),
        (LOAD, 0, 0, 16),
        (EQUALS, 0, 1, socket.AF_UNIX),
        (ANSWER, 0, 0, ALLOW),
        (ANSWER, 0, 0, DENY),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.syscall(seccomp, SET_MODE_FILTER, ALL_THREADS, program)


def is_offline() -> bool:
    """Whether a socket to the network is refused, by trying."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
        except OSError:
            continue
        return False
    return True


def is_undumpable() -> bool:
    """Whether the kernel says that this process may not be dumped."""
    return int(ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) == 0


def freed_memory_is_overwritten(size_bytes: int = 600) -> bool:
    """Whether the allocator really overwrites what is freed, by looking at a chunk it has just taken back.

    The default size is one that glibc's tcache would keep untouched, were it not off.
    """
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.free.restype = None
    chunk = libc.malloc(size_bytes)
    fence = libc.malloc(size_bytes)  # keeps the heap from shrinking below the chunk
    ctypes.memset(chunk, 0x41, size_bytes)
    libc.free(chunk)
    # The first bytes hold the allocator's own links, whatever its settings.
    rest = ctypes.string_at(chunk + 64, size_bytes - 64)
    libc.free(fence)
    return b"\x41" * 16 not in rest
