"""Whether this process may look into others at all, and the table of what it saw."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.forensics.report import Report
from tests.forensics.targets import Memory

UNDUMPABLE = "import ctypes, sys; print(ctypes.CDLL(None).prctl(4, 0), flush=True); sys.stdin.read()"
"""A process that forbids others to read it, as a worker's child does (PR_SET_DUMPABLE)."""


@pytest.fixture(scope="session")
def may_look() -> None:
    """Skip where the memory of a process that is not dumpable cannot be read: that takes root, or CAP_SYS_PTRACE."""
    with subprocess.Popen([sys.executable, "-c", UNDUMPABLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"0\n"
            readable = any(Memory(other.pid))
        except PermissionError:
            readable = False
        finally:
            other.kill()
    if not readable:
        pytest.skip("reading the memory of another process takes root with CAP_SYS_PTRACE: nothing was checked")


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """All that was seen in this run; at its end a table in ``forensics.md`` of pytest's temporary folder."""
    rows = Report()
    yield rows
    (tmp_path_factory.getbasetemp() / "forensics.md").write_text(rows.text(), "utf-8")
