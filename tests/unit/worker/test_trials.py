"""Each trial of a child: it notices when its guard is not there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.worker.trying import lacking
from worker import guards
from worker.software import ROOT

TRY = """
import json, os, sys
from worker import trials
from tests.unit.worker.guards_by_name import GUARDS
names = ["is_undumpable", "is_offline", "sees_only_its_own", "cannot_write", "cannot_read", "cannot_start_processes",
         "cannot_reach_processes", "cannot_make_code", "is_silent"]
answer = os.fdopen(os.dup(1), "w")
if sys.argv[1:]:
    GUARDS[sys.argv[1]]()
held = []
for name in names:
    try:
        if getattr(trials, name)():
            held.append(name)
    except OSError:  # asking itself was refused
        pass
answer.write(json.dumps([held, os.listdir() if not sys.argv[1:] else []]))
answer.flush()
os._exit(0)
"""
BY_GUARD = {
    "traces": {"is_undumpable"},
    "words": {"is_silent"},
    "filter at start": {"is_offline", "cannot_write", "cannot_start_processes", "cannot_reach_processes"},
    "filter at start, card": {"is_offline", "cannot_start_processes", "cannot_reach_processes"},
    "filter once warm": {
        *("is_offline", "sees_only_its_own", "cannot_write", "cannot_read", "cannot_start_processes"),
        *("cannot_reach_processes", "cannot_make_code"),
    },
    "view": {"sees_only_its_own", "cannot_write"},
}


def held(folder: Path, *guard: str) -> tuple[set[str], list[str]]:
    """The trials that say that something is withheld; what they leave in the folder."""
    ran = subprocess.run(
        [sys.executable, "-B", "-c", TRY, *guard],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found, left = json.loads(ran.stdout.lstrip("."))  # what the trial of silence prints where nothing keeps it silent
    return set(found), left


def test_without_a_guard_every_trial_says_so_and_undoes_what_it_did(tmp_path: Path) -> None:
    assert held(tmp_path) == (set(), [])


@pytest.mark.parametrize("guard", BY_GUARD)
def test_each_guard_is_noticed_by_its_trials_alone(tmp_path: Path, guard: str) -> None:
    if guard == "view" and "narrow-view" in lacking():
        pytest.skip("this kernel has no Landlock")
    assert held(tmp_path, guard)[0] == BY_GUARD[guard]


@pytest.mark.parametrize(
    ("environment", "overwritten"),
    [
        (guards.ENVIRONMENT, True),
        # The thread cache keeps small chunks as they are; so does Python's own allocator.
        (guards.ENVIRONMENT | {"GLIBC_TUNABLES": "glibc.malloc.perturb=165"}, False),
        ({"GLIBC_TUNABLES": guards.ENVIRONMENT["GLIBC_TUNABLES"]}, False),
        ({}, False),
    ],
)
def test_the_allocator_is_seen_to_overwrite_or_not(environment: dict[str, str], *, overwritten: bool) -> None:
    program = "from worker import trials; print(trials.freed_memory_is_overwritten())"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == str(overwritten)
