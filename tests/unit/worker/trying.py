"""Guards tried in a process of their own, and what this machine's kernel lacks for them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from worker import landlock
from worker.secret_memory import SecretMemory
from worker.software import ROOT

NEEDS_RIGHTS: Final = {"a keyring", "bpf", "io_uring", "mount", "perf events", "userfaultfd"}
"""Attempts that a machine may refuse to whoever runs the tests."""


def outcomes(guard: str, names: list[str], folder: Path) -> dict[str, tuple[str, str]]:
    """By attempt what became of it before and after ``guard`` was put up; see attempts.py."""
    command = [sys.executable, "-m", "tests.unit.worker.attempts", guard, *names]
    ran = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert ran.stdout, ran.stderr
    return {name: (before, after) for name, (before, after) in json.loads(ran.stdout).items()}


def after(guard: str, names: list[str], folder: Path) -> dict[str, str]:
    """By attempt what becomes of it once ``guard`` is up. Each was done before: that is the control."""
    found = outcomes(guard, names, folder)
    assert {name for name, (before, _) in found.items() if before != "done"} <= NEEDS_RIGHTS
    return {name: outcome for name, (before, outcome) in found.items() if before == "done"}


def lacking() -> set[str]:
    """Checks that fail on this machine, whatever the program does: its kernel does not have what they need."""
    lacks_view, lacks_secrets = landlock.abi() == 0, SecretMemory().kind != "secret"
    return {name for name, lacks in (("narrow-view", lacks_view), ("secret-memory", lacks_secrets)) if lacks}
