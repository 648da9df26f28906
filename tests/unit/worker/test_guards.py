"""What a child forbids itself beside filters and view: each thing happens without the guard, and not with it."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import UnsafeHost
from tests.unit.worker.trying import after
from worker import guards
from worker.software import ROOT

CRASH = """
import os, resource, sys
from worker import guards, libc
_, most = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
process = os.fork()
if process == 0:
    if "traces" in sys.argv:
        guards.forbid_traces()
    if "dumpable" in sys.argv:
        libc.prctl(guards.PR_SET_DUMPABLE, 0)
    os.abort()
print("dumped" if os.WCOREDUMP(os.waitpid(process, 0)[1]) else "not dumped")
"""

LOOK_INTO = """
import os, sys
from worker import guards, libc
if os.geteuid() == 0:  # root may look into everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
ready, go_on = os.pipe(), os.pipe()
process = os.fork()
if process == 0:
    libc.prctl(guards.PR_SET_DUMPABLE, 1)  # changing the user has switched it off
    if "traces" in sys.argv:
        guards.forbid_traces()
    os.write(ready[1], b".")
    os.read(go_on[0], 1)
    os._exit(0)
os.read(ready[0], 1)
try:
    open(f"/proc/{process}/mem", "rb").close()
    print("looked into")
except PermissionError:
    print("refused")
os.write(go_on[1], b".")
os.waitpid(process, 0)
"""

OUTLIVE = """
import os, sys, signal
from worker import guards
if os.fork():
    signal.pause()
if "traces" in sys.argv:
    guards.forbid_traces()
os.write(1, b"ready\\n")
os.write(1, os.read(0, 100))
"""

LOCK = """
import os
from worker import guards, host
before = host.look_at(os.getpid()).locked
guards.lock_memory()
later = bytearray(2**24)
print(before, host.look_at(os.getpid()).locked)
"""

MAY_NOT_LOCK = """
from tests.unit.worker.older_kernel import forget
from schemas.errors import UnsafeHost
from worker import guards
forget("locking")
try:
    guards.lock_memory()
except UnsafeHost as error:
    print(error.code)
"""


def said(program: str, folder: Path, *words: str) -> str:
    command = [sys.executable, "-B", "-c", program, *words]
    ran = subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.mark.parametrize("guard", ["traces", "dumpable"])
def test_a_crash_leaves_no_core(tmp_path: Path, guard: str) -> None:
    if said(CRASH, tmp_path) != "dumped":
        pytest.skip("this machine dumps no core of anything")
    assert said(CRASH, tmp_path, guard) == "not dumped"


def test_another_program_of_the_same_user_cannot_look_into_it(tmp_path: Path) -> None:
    assert said(LOOK_INTO, tmp_path) == "looked into"
    assert said(LOOK_INTO, tmp_path, "traces") == "refused"


@pytest.mark.parametrize(("guard", "heard"), [("none", b"still here"), ("traces", b"")])
def test_it_does_not_outlive_who_started_it(tmp_path: Path, guard: str, heard: bytes) -> None:
    with subprocess.Popen(
        [sys.executable, "-B", "-c", OUTLIVE, guard],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as supervisor:
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"ready\n"
        supervisor.kill()
        supervisor.wait()
        supervisor.stdin.write(b"still here")
        try:
            supervisor.stdin.close()
        except BrokenPipeError:  # nobody is there to read it
            assert guard == "traces"
        assert supervisor.stdout.read() == heard


def test_no_byte_goes_into_a_file_and_pipes_are_no_files(tmp_path: Path) -> None:
    assert after("traces", ["a byte into a file", "a pipe"], tmp_path) == {
        "a byte into a file": "EFBIG",
        "a pipe": "done",
    }


def test_nothing_printed_goes_anywhere(tmp_path: Path) -> None:
    words = ["a word of output", "a word of error"]
    assert after("words", words, tmp_path) == dict.fromkeys(words, "EBADF")


def test_without_a_free_number_nothing_can_be_opened(tmp_path: Path) -> None:
    found = after("descriptors", ["reading a file", "an IPv4 socket", "a pipe", "a file in memory"], tmp_path)
    assert set(found.values()) == {"EMFILE"}


def test_all_memory_is_locked_that_of_later_too(tmp_path: Path) -> None:
    from worker import host  # noqa: PLC0415

    if not host.may_lock_memory():
        pytest.skip("whoever runs this may not lock memory")
    assert said(LOCK, tmp_path) == "False True"


def test_who_may_not_lock_memory_is_told(tmp_path: Path) -> None:
    assert said(MAY_NOT_LOCK, tmp_path) == UnsafeHost.code


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "riscv64")])
def test_elsewhere_it_refuses(monkeypatch: pytest.MonkeyPatch, system: str, machine: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(UnsafeHost):
        guards.forbid_traces()
