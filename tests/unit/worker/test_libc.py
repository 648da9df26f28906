"""The C library as Python does not offer it."""

import errno
import mmap

import pytest

from worker import libc

READABLE = mmap.PROT_READ | mmap.PROT_WRITE
ANYWHERE = mmap.MAP_PRIVATE | mmap.MAP_ANON
NO_SUCH_CALL = 100_000


def test_a_refusal_is_an_error_with_its_number() -> None:
    with pytest.raises(OSError, match="Errno") as refused:
        libc.syscall(NO_SUCH_CALL)
    assert refused.value.errno == errno.ENOSYS
    with pytest.raises(OSError, match="Errno") as refused:
        libc.prctl(-1)
    assert refused.value.errno == errno.EINVAL
    with pytest.raises(OSError, match="Errno") as refused:
        libc.map_pages(0, READABLE, ANYWHERE)
    assert refused.value.errno == errno.EINVAL


def test_new_pages_are_empty_and_can_be_locked_and_left_out_of_dumps() -> None:
    address = libc.map_pages(mmap.PAGESIZE, READABLE, ANYWHERE)
    libc.lock_pages(address, mmap.PAGESIZE)
    libc.advise(address, mmap.PAGESIZE, mmap.MADV_DONTDUMP)
    assert libc.peek(address, mmap.PAGESIZE) == bytes(mmap.PAGESIZE)
    with pytest.raises(OSError, match="Errno"):
        libc.advise(address + 1, mmap.PAGESIZE, mmap.MADV_DONTDUMP)


def test_a_chunk_holds_what_it_was_given() -> None:
    chunk = libc.allocate(b"some bytes")
    assert libc.peek(chunk, 10) == b"some bytes"
    libc.free(chunk)


def test_a_buffer_is_where_it_says() -> None:
    buffer = libc.Buffer(b"a\0b")
    assert libc.peek(buffer.address, 3) == b"a\0b"
