"""Real children where the kernel lacks something: they draw, and their receipts say what did not hold."""

import json
import subprocess
import sys
from typing import Any

import pytest

from schemas.errors import UnsafeHost
from tests.unit.worker.trying import lacking
from worker import host
from worker.models import Bundle
from worker.software import ROOT


def child_without(parts: str, bundle: Bundle, accept_swap: str = "yes") -> dict[str, Any]:
    command = [sys.executable, "-B", "-m", "tests.unit.worker.older_kernel", parts, str(bundle.folder), accept_swap]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def test_with_all_parts_nothing_fails(bundle: Bundle) -> None:
    told = child_without("", bundle)
    assert set(told["failed"]) == lacking()
    assert told["last"] == "DONE"


@pytest.mark.parametrize(
    ("parts", "failed", "memory"),
    [
        ("landlock", {"narrow-view"}, "secret"),
        ("secret-memory", {"secret-memory"}, "locked"),
        ("secret-memory,locking", {"secret-memory"}, "plain"),
        (
            # What other guards still withhold: a number limits what is opened, and the view what is written.
            "filters",
            {"system-calls", "no-new-process", "no-other-process", "no-new-code"},
            "secret",
        ),
        (
            "filters,landlock,secret-memory",
            {
                *("system-calls", "narrow-view", "no-writing", "no-new-process", "no-other-process"),
                *("no-new-code", "secret-memory"),
            },
            "locked",
        ),
    ],
)
def test_what_the_kernel_lacks_is_said_and_nothing_else(
    bundle: Bundle, parts: str, failed: set[str], memory: str
) -> None:
    told = child_without(parts, bundle)
    assert set(told["failed"]) == failed | lacking()
    assert len(told["told"]) == len(told["failed"])
    if "secret-memory" not in lacking():
        assert told["memory"] == memory
    assert told["last"] == "DONE"


def test_with_swap_a_child_locks_its_memory(bundle: Bundle) -> None:
    if not host.may_lock_memory():
        pytest.skip("whoever runs this may not lock memory")
    assert child_without("", bundle)["locked"] is False  # as long as there is no need
    told = child_without("swap", bundle, accept_swap="no")
    assert (told["locked"], told["last"]) == (True, "DONE")


def test_with_swap_a_child_that_cannot_lock_its_memory_refuses_or_says_so(bundle: Bundle) -> None:
    assert child_without("swap,locking", bundle, accept_swap="no") == {"refused": UnsafeHost.code}
    told = child_without("swap,locking", bundle, accept_swap="yes")
    assert (told["locked"], told["last"]) == (False, "DONE")
