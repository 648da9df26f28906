"""What a child forbids itself, tried in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from worker.guards import MALLOC_TUNABLES
from worker.software import ROOT

TRY = """
import os, socket, sys, threading
from worker import guards
ready, tried = threading.Event(), []
def later():
    ready.wait()
    attempt(lambda: socket.socket(socket.AF_INET), "socket in an older thread")
def attempt(what, name):
    try:
        what()
    except OSError:
        tried.append(name)
thread = threading.Thread(target=later)
thread.start()
assert not guards.is_offline() and not guards.is_undumpable()
guards.forbid_traces()
guards.forbid_network()
def write():
    with open(sys.argv[1], "wb", buffering=0) as file:
        file.write(b"x")
attempt(write, "write")
attempt(lambda: socket.socket(socket.AF_INET), "IPv4")
attempt(lambda: socket.socket(socket.AF_INET6), "IPv6")
attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW), "netlink")
ready.set()
thread.join()
socket.socketpair()
assert guards.is_offline() and guards.is_undumpable()
r, w = os.pipe()
os.write(w, b"pipes are no files")
print(sorted(tried))
"""


def test_no_byte_into_a_file_and_no_socket_to_a_network(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    ran = subprocess.run([sys.executable, "-c", TRY, file], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "['IPv4', 'IPv6', 'netlink', 'socket in an older thread', 'write']"
    assert file.stat().st_size == 0


@pytest.mark.parametrize(
    ("tunables", "overwritten"),
    [
        (MALLOC_TUNABLES, True),
        ("glibc.malloc.perturb=165", False),  # the thread cache keeps small chunks as they are
        ("", False),
    ],
)
def test_the_allocator_is_seen_to_overwrite_or_not(tunables: str, *, overwritten: bool) -> None:
    program = "from worker import guards; print(guards.freed_memory_is_overwritten())"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"GLIBC_TUNABLES": tunables},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.strip() == str(overwritten)
