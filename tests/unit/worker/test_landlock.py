"""The narrow view, tried in a process of its own."""

from pathlib import Path

import pytest

from tests.unit.worker.trying import after
from worker import landlock

OUTSIDE = ["reading what is not its own", "listing the top", "a file in shared memory"]
WRITING = [
    *("a new file", "a file without a name", "a byte into a file", "opening for writing", "opening for both"),
    *("opening for appending", "opening cut to nothing", "a folder", "a link", "renaming", "a fifo", "cutting a file"),
]
OWN = ["reading a file", "listing a folder"]

pytestmark = pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock")
of_abi_3 = pytest.mark.skipif(landlock.abi() < 3, reason="this kernel's Landlock does not withhold cutting files")
of_abi_6 = pytest.mark.skipif(landlock.abi() < 6, reason="this kernel's Landlock knows no ports, signals and sockets")


def test_only_what_was_named_can_be_seen(tmp_path: Path) -> None:
    assert set(after("view", OUTSIDE, tmp_path).values()) == {"EACCES"}
    assert after("view", OWN, tmp_path) == dict.fromkeys(OWN, "done")


@of_abi_3
@pytest.mark.parametrize("guard", ["view", "view of a card"])
def test_what_can_be_seen_can_only_be_read(tmp_path: Path, guard: str) -> None:
    assert set(after(guard, [*WRITING, "a program"], tmp_path).values()) == {"EACCES"}


def test_with_a_card_all_can_be_read(tmp_path: Path) -> None:
    left = [*OWN, "reading what is not its own", "listing the top"]
    assert after("view of a card", left, tmp_path) == dict.fromkeys(left, "done")


@of_abi_6
def test_ports_and_processes_outside_are_out_of_reach(tmp_path: Path) -> None:
    found = after("view", ["a connection", "a signal", "tracing"], tmp_path)
    assert found == {"a connection": "EACCES", "a signal": "EPERM", "tracing": "EPERM"}


def test_a_named_path_that_is_not_there_is_no_hindrance(tmp_path: Path) -> None:
    assert set(after("view with gaps", OUTSIDE, tmp_path).values()) == {"EACCES"}
    assert after("view with gaps", OWN, tmp_path) == dict.fromkeys(OWN, "done")
