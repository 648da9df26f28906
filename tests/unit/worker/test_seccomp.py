"""The two filters, each tried in a process of its own: done before, refused after, and what stays possible."""

from pathlib import Path

import pytest

from tests.unit.worker import attempts
from tests.unit.worker.trying import NEEDS_RIGHTS, after, outcomes
from worker import seccomp

NETWORK = [
    *("an IPv4 socket", "an IPv6 socket", "a netlink socket", "a connection"),
    *("a socket in an older thread", "io_uring"),  # in every thread, and not past the filter either
]
LOCAL = ["a local socket", "a pair of sockets"]
PROCESSES = [
    *("fork", "a program", "another program instead", "clone of a process"),
    *("tracing", "another's memory", "another's descriptors", "a signal"),
]
KERNEL = ["a keyring", "bpf", "userfaultfd", "perf events", "mount", "a shared segment", "a file in memory"]
WRITING = [
    *("a file without a name", "a byte into a file", "opening for writing"),
    *("opening for both", "opening for appending", "opening cut to nothing"),
]
CHANGING = [
    *("a new file", "a file in shared memory", "a folder", "a link", "renaming", "a fifo"),
    *("other rights on a file", "another time on a file", "cutting a file"),
]
READING = ["reading a file", "reading what is not its own", "listing a folder", "listing the top"]
LOADING = [*READING, "runnable memory", "memory made runnable", "prctl", "a pipe"]
TO_THE_LAST = ["randomness", "memory", "a word of output", "a word of error"]


def test_from_the_start_nothing_is_written_started_or_reached(tmp_path: Path) -> None:
    refused = [*NETWORK, *LOCAL, *PROCESSES, *KERNEL, *WRITING, *CHANGING]
    found = after("filter at start", refused, tmp_path)
    assert {name: outcome for name, outcome in found.items() if outcome != "EPERM"} == {}
    assert set(refused) - set(found) <= NEEDS_RIGHTS


def test_from_the_start_what_loading_takes_is_left(tmp_path: Path) -> None:
    left = [*LOADING, *TO_THE_LAST, "a thread"]
    assert after("filter at start", left, tmp_path) == dict.fromkeys(left, "done")


def test_a_cards_driver_may_write_and_ask_a_local_daemon(tmp_path: Path) -> None:
    left = [*LOCAL, *WRITING, *LOADING, *TO_THE_LAST, "a thread"]
    assert after("filter at start, card", left, tmp_path) == dict.fromkeys(left, "done")


def test_a_cards_driver_may_do_no_more(tmp_path: Path) -> None:
    found = after("filter at start, card", [*NETWORK, *PROCESSES, *KERNEL, *CHANGING], tmp_path)
    assert set(found.values()) == {"EPERM"}


def test_once_warm_drawing_is_all_that_is_left(tmp_path: Path) -> None:
    refused = [*NETWORK, *LOCAL, *PROCESSES, *KERNEL, *WRITING, *CHANGING, *LOADING, "clone3", "openat2"]
    assert set(after("filter once warm", refused, tmp_path).values()) == {"EPERM"}
    assert after("filter once warm", ["a thread"], tmp_path) == {"a thread": "EAGAIN"}  # Python's word for any reason
    assert after("filter once warm", TO_THE_LAST, tmp_path) == dict.fromkeys(TO_THE_LAST, "done")


@pytest.mark.parametrize("guard", ["filter at start", "filter at start, card"])
def test_what_a_filter_cannot_look_into_is_said_not_to_exist(tmp_path: Path, guard: str) -> None:
    found = after(guard, ["clone3", "openat2"], tmp_path)  # the C library then takes clone and openat
    assert found == {"clone3": "ENOSYS", "openat2": "ENOSYS"}


@pytest.mark.parametrize("guard", ["filter at start", "filter at start, card", "filter once warm"])
def test_another_numbering_of_the_same_calls_is_no_way_round(tmp_path: Path, guard: str) -> None:
    ((before, now),) = outcomes(guard, ["a number beside the table"], tmp_path).values()
    assert before in {"done", "ENOSYS"}
    assert now == "EPERM"


def test_every_attempt_is_judged() -> None:
    judged = [*NETWORK, *LOCAL, *PROCESSES, *KERNEL, *WRITING, *CHANGING, *LOADING, *TO_THE_LAST]
    judged += ["a thread", "clone3", "openat2", "a number beside the table"]
    there = attempts.Bystanders()
    try:
        assert sorted(attempts.attempts(there)) == sorted(judged)
    finally:
        there.leave()


def test_a_filter_fits_into_the_kernel() -> None:
    longest = 4096 - 8  # BPF_MAXINSNS, without what install puts in front
    for rules in (seccomp.at_start("cpu"), seccomp.at_start("cuda"), seccomp.once_warm()):
        assert 0 < len(list(rules)) < longest
