"""The command, as an operator types it."""

import subprocess
import sys
from pathlib import Path

import pytest

from worker.models import Bundle
from worker.software import ROOT, software_digest


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        cwd=ROOT,
        env={"LIKENESS_THREADS": "1", **settings},
        check=False,
        capture_output=True,
        text=True,
    )


def test_check_says_what_would_run_and_leaves_nothing(bundle: Bundle, tmp_path: Path) -> None:
    ran = run("--check", LIKENESS_BUNDLES=str(bundle.folder), HOME=str(tmp_path), TMPDIR=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    for said in (software_digest(), bundle.digest, "CPUExecutionProvider", "off by 0.000"):
        assert said in ran.stdout
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"LIKENESS_POOL": "mine"}, "setting-invalid"),
        ({"LIKENESS_ACCEPT_SWAP": "yes"}, "setting-invalid"),
        (
            {"LIKENESS_ACCEPT_SWAP": "yes", "LIKENESS_GATEWAY_KEY": "A" * 43, "LIKENESS_BUNDLES": "/nowhere"},
            "bundle-damaged",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, settings: dict[str, str], code: str) -> None:
    ran = run(HOME=str(tmp_path), **settings)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith(f"worker: {code}: ")
    assert "Traceback" not in ran.stderr
