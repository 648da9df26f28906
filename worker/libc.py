"""The few functions of the C library and of the kernel that Python does not offer. Linux with glibc, 64 bits.

Each takes and returns plain numbers, an address among them, and raises OSError when the kernel refuses.
"""

import ctypes
import os
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.malloc.restype = ctypes.c_void_p
_LIBC.free.restype = None
FAILED_MAP: Final = ctypes.c_void_p(-1).value


class Buffer:
    """Bytes at an address, for as long as this object lives."""

    def __init__(self, raw: bytes) -> None:
        self._raw = ctypes.create_string_buffer(raw, len(raw))
        self.address: Final = ctypes.addressof(self._raw)


def syscall(number: int, *arguments: int) -> int:
    """The kernel's answer to call ``number``."""
    return _or_raise(_LIBC.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)))


def prctl(option: int, argument: int = 0) -> int:
    """Set or ask something of this process; ``PR_*`` in the kernel's include/uapi/linux/prctl.h."""
    return _or_raise(_LIBC.prctl(option, *map(ctypes.c_ulong, (argument, 0, 0, 0))))


def map_pages(size_bytes: int, protection: int, flags: int, descriptor: int = -1) -> int:
    """The address of new pages (mmap(2)): ``mmap.PROT_*``, ``mmap.MAP_*``."""
    length, offset = ctypes.c_size_t(size_bytes), ctypes.c_long(0)
    address = _LIBC.mmap(None, length, protection, flags, descriptor, offset)
    if address is None or address == FAILED_MAP:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(address)


def lock_pages(address: int, size_bytes: int) -> None:
    """Keep these pages out of every swap area (mlock(2))."""
    _or_raise(_LIBC.mlock(ctypes.c_void_p(address), ctypes.c_size_t(size_bytes)))


def lock_all_pages(flags: int) -> None:
    """Keep all pages of this process out of every swap area (mlockall(2))."""
    _or_raise(_LIBC.mlockall(flags))


def advise(address: int, size_bytes: int, advice: int) -> None:
    """Say how these pages are to be treated (madvise(2))."""
    _or_raise(_LIBC.madvise(ctypes.c_void_p(address), ctypes.c_size_t(size_bytes), advice))


def allocate(content: bytes) -> int:
    """The address of a chunk of the allocator's that holds ``content``."""
    chunk = _LIBC.malloc(ctypes.c_size_t(len(content)))
    ctypes.memmove(chunk, content, len(content))
    return int(chunk)


def free(chunk: int) -> None:
    """Give a chunk back to the allocator."""
    _LIBC.free(ctypes.c_void_p(chunk))


def peek(address: int, size_bytes: int) -> bytes:
    """What stands in this process's memory, in use or not."""
    return ctypes.string_at(address, size_bytes)


def _or_raise(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
