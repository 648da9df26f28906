"""`likeness up`, as a newcomer runs it: everything comes up, one signal ends it, nothing is left."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from schemas import canonical, embedding
from tests import tiny_bundle
from tests.client import Person

pytestmark = [pytest.mark.anyio, pytest.mark.system]
TOP: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-m", "gateway.cli")


@asynccontextmanager
async def up(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A run of `likeness up` below ``folder``, and the address that it prints."""
    tiny_bundle.write_bundle(folder / "bundle")
    temporary = folder / "temporary"
    temporary.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(temporary),
        "LIKENESS_STATE": str(folder / "state"),
        "LIKENESS_BUNDLES": str(folder / "bundle"),
        "LIKENESS_PAGE": str(folder / "web"),
        "LIKENESS_THREADS": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "up", "--port", "0", "--i-accept-swap"), env=environ, cwd=TOP, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            yield process, await address(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address(process: asyncio.subprocess.Process) -> str:
    """The address that it prints once everything is up."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(rb"http://\S+", line):
            return found[0].decode()
    raise AssertionError("it ended without an address")


def family(pid: int) -> set[int]:
    """The processes that descend from ``pid``."""
    found: set[int] = set()
    todo = [pid]
    while todo:
        listed = Path(f"/proc/{todo[-1]}/task/{todo.pop()}/children")
        children = [int(child) for child in listed.read_text("ascii").split()] if listed.exists() else []
        found.update(children)
        todo.extend(children)
    return found


def living(pids: set[int]) -> set[int]:
    """Those of ``pids`` that still run."""
    return {pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()}


async def gone(pids: set[int]) -> None:
    """Return when none of ``pids`` runs any more."""
    async with asyncio.timeout(20):
        while living(pids):  # noqa: ASYNC110 - they are not our children
            await asyncio.sleep(0.02)


async def draw(url: str, file: Path) -> None:
    """A visit that gives a portrait, and a receipt file."""
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
        person = Person(http)
        await person.consent()
        outcome = await person.draw(embedding.encode(tiny_bundle.public_record()), tiny_bundle.STYLES[0])
    assert outcome.images
    assert outcome.file
    keep(file, canonical.encode(outcome.file))
    keep(file.with_suffix(".png"), outcome.images[0])


def keep(file: Path, raw: bytes) -> None:
    """As the page's download button would."""
    file.write_bytes(raw)


def called(pid: int) -> bytes:
    """How a process was started."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_portrait_a_receipt_and_one_signal_that_ends_it_all(tmp_path: Path, number: signal.Signals) -> None:
    async with up(tmp_path) as (process, url):
        pids = family(process.pid)
        assert len(pids) >= 3
        await draw(url, tmp_path / "receipt.json")
        process.send_signal(number)
        assert await process.wait() == 0
        await gone(pids)
    assert list((tmp_path / "temporary").iterdir()) == []
    for file in ("receipt.json", "receipt.png"):
        checked = await asyncio.create_subprocess_exec(*COMMAND, "verify", str(tmp_path / file), cwd=TOP)
        assert await checked.wait() == 0


async def test_when_one_part_dies_all_are_stopped(tmp_path: Path) -> None:
    async with up(tmp_path) as (process, _):
        pids = family(process.pid)
        (server,) = (pid for pid in pids if b"nats-server" in called(pid))
        os.kill(server, signal.SIGKILL)
        assert await process.wait() == 1
        await gone(pids)


async def test_when_it_is_killed_outright_its_parts_end_too(tmp_path: Path) -> None:
    async with up(tmp_path) as (process, _):
        pids = family(process.pid)
        process.kill()
        await process.wait()
        await gone(pids)
