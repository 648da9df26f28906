"""A page for what was opened: out of everybody's reach where the kernel offers that, else locked and left out of dumps.

``memfd_secret(2)`` (Linux 5.14, where it is switched on) takes pages out of the kernel's own map of memory: no
debugger, no dump and not even root by way of /proc reads them, and no swap area gets them.
"""

import ctypes
import mmap
import os
from typing import Final, Literal

from schemas.errors import TooLarge
from worker import libc

MEMFD_SECRET: Final = 447
"""The number of the call, the same on every machine."""
MADV_DONTFORK: Final = 10
MADV_DONTDUMP: Final = 16

MemoryKind = Literal["secret", "locked", "plain"]
"""``secret``: memfd_secret; ``locked``: ordinary memory that no swap area gets; ``plain``: not even that."""


class SecretMemory:
    """Holds one value at a time. Opened before the process limits the size of its files, which these pages count as."""

    def __init__(self, size_bytes: int = mmap.PAGESIZE) -> None:
        address, kind = _pages(size_bytes)
        self.kind: Final = kind
        self._room = memoryview((ctypes.c_ubyte * size_bytes).from_address(address)).cast("B")
        self._used = 0

    def __repr__(self) -> str:
        return f"SecretMemory({self.kind})"

    def keep(self, value: bytes) -> None:
        """Hold ``value`` instead of what was held.

        Raises:
            TooLarge: longer than these pages.
        """
        if len(value) > len(self._room):
            raise TooLarge
        self.wipe()
        self._room[: len(value)] = value
        self._used = len(value)

    def read(self) -> bytes:
        """A copy of what is held, in ordinary memory: to be dropped at once."""
        return bytes(self._room[: self._used])

    def wipe(self) -> None:
        """Hold nothing."""
        self._room[:] = bytes(len(self._room))
        self._used = 0


def _pages(size_bytes: int) -> tuple[int, MemoryKind]:
    try:
        return _secret_pages(size_bytes), "secret"
    except OSError:
        return _ordinary_pages(size_bytes)


def _secret_pages(size_bytes: int) -> int:
    descriptor = libc.syscall(MEMFD_SECRET, 0)
    try:
        os.ftruncate(descriptor, size_bytes)
        return libc.map_pages(size_bytes, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, descriptor)
    finally:
        os.close(descriptor)


def _ordinary_pages(size_bytes: int) -> tuple[int, MemoryKind]:
    address = libc.map_pages(size_bytes, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANON)
    for advice in (MADV_DONTDUMP, MADV_DONTFORK):
        libc.advise(address, size_bytes, advice)
    try:
        libc.lock_pages(address, size_bytes)
    except OSError:
        return address, "plain"
    return address, "locked"
