"""Programs that are started together end together, and leave nobody behind."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gateway import household as household_module
from gateway.household import Household

pytestmark = pytest.mark.anyio
FOR_EVER = "import time, pathlib, sys; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + FOR_EVER
WITH_A_CHILD = (
    "import subprocess, sys, pathlib, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "pathlib.Path(sys.argv[1]).write_text(str(child.pid)); time.sleep(600)"
)


async def start(household: Household, name: str, program: str, mark: Path) -> None:
    await household.start(name, [sys.executable, "-c", program, str(mark)], dict(os.environ))
    async with asyncio.timeout(20):
        while not mark.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_all_are_gone_after_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(household_module, "STOP_SECONDS", 0.2)
    household = Household()
    await start(household, "obedient", FOR_EVER, tmp_path / "obedient")
    await start(household, "stubborn", STUBBORN, tmp_path / "stubborn")
    await start(household, "parent", WITH_A_CHILD, tmp_path / "parent")
    assert household.dead() is None
    grandchild = int((tmp_path / "parent").read_text("ascii") or "0")
    pids = [child.pid for child in household.children.values()]
    await household.stop()
    assert not any(is_alive(pid) for pid in (*pids, grandchild))


async def test_the_first_that_ends_is_named(tmp_path: Path) -> None:
    household = Household()
    await start(household, "lasting", FOR_EVER, tmp_path / "lasting")
    await household.start("brief", [sys.executable, "-c", ""], dict(os.environ))
    try:
        await asyncio.wait_for(household.first_end(), 20)
        assert household.dead() == "brief"
    finally:
        await household.stop()
