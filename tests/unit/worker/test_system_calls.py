"""The table of system calls, against the kernel's own headers where this machine has them."""

import platform
import re
from itertools import pairwise
from pathlib import Path

import pytest

from worker import system_calls
from worker.system_calls import MACHINES, Calls, numbers

TABLES: dict[str, Calls] = {
    name: table for name, table in vars(system_calls).items() if name.isupper() and isinstance(table, dict)
}
REFUSED = (
    "RINGS",
    "SOCKETS",
    "PROCESSES",
    "KERNEL",
    "OUTLIVING",
    "FILES",
    "OPEN",
    "OPENAT",
    "OPENAT2",
    "CLONE",
    "CLONE3",
)
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
ALL: Calls = {name: pair for table in TABLES.values() for name, pair in table.items()}


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_the_kernels(machine: str) -> None:
    header = HEADERS[machine]
    if not header.exists():
        pytest.skip("no headers of the kernel for that machine")
    said = dict(re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(), re.MULTILINE))
    ours = {name: pair[MACHINES.index(machine)] for name, pair in ALL.items()}
    # A call that is younger than the headers is not in them.
    wrong = {name: number for name, number in ours.items() if name in said and str(number) != said[name]}
    assert wrong == {}
    assert sum(name in said for name in ours) > 100


def test_each_name_has_one_number() -> None:
    for table in TABLES.values():
        assert {name: ALL[name] for name in table} == table
    for i, machine in enumerate(MACHINES):
        found = sorted(number for pair in ALL.values() if (number := pair[i]) is not None)
        assert all(a < b for a, b in pairwise(found)), machine


def test_drawing_needs_nothing_that_is_refused() -> None:
    refused = {name for table in REFUSED for name in TABLES[table]}
    assert refused & set(system_calls.DRAWING) == set()
    assert set(TABLES) == {*REFUSED, "DRAWING", "MAPPING", "SOCKET", "SECCOMP"}


def test_a_call_that_a_machine_lacks_has_no_number() -> None:
    assert numbers(system_calls.OPEN, "x86_64") == [2]
    assert numbers(system_calls.OPEN, "aarch64") == []
    assert numbers(system_calls.MAPPING) == numbers(system_calls.MAPPING, platform.machine())
