"""Where the opened record lies."""

import mmap
import re
from pathlib import Path

import pytest

from schemas.errors import TooLarge
from worker.secret_memory import SecretMemory

VALUE = bytes(range(32))


def test_it_holds_one_value_at_a_time() -> None:
    memory = SecretMemory()
    assert memory.read() == b""
    memory.keep(VALUE)
    memory.keep(b"shorter")
    assert memory.read() == b"shorter"
    memory.wipe()
    assert memory.read() == b""


def test_nothing_of_it_is_in_its_name() -> None:
    memory = SecretMemory()
    memory.keep(b"sixteen-by-bytes")
    assert "sixteen" not in f"{memory!r}{memory}"


def test_what_is_longer_than_its_pages_is_refused_and_what_was_held_stays() -> None:
    memory = SecretMemory()
    memory.keep(bytes(mmap.PAGESIZE))
    with pytest.raises(TooLarge):
        memory.keep(bytes(mmap.PAGESIZE + 1))
    assert memory.read() == bytes(mmap.PAGESIZE)


def test_not_even_the_kernel_reads_it() -> None:
    memory = SecretMemory()
    if memory.kind != "secret":
        pytest.skip("this kernel has no memfd_secret")
    memory.keep(VALUE)
    found = addresses("secretmem")
    assert found
    for start in found:
        with pytest.raises(OSError, match="Input/output error"):
            read_by_the_kernel(start, len(VALUE))
    assert memory.read() == VALUE


def test_other_memory_can_be_read_that_way() -> None:
    with mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_SHARED | mmap.MAP_ANON) as ordinary:
        ordinary.write(VALUE)
        assert any(read_by_the_kernel(start, len(VALUE)) == VALUE for start in addresses("/dev/zero"))


def addresses(name: str) -> list[int]:
    """Where mappings of that name begin in this process."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [int(re.split("-", line)[0], 16) for line in lines if name in line]


def read_by_the_kernel(address: int, size_bytes: int) -> bytes:
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(size_bytes)
