"""How long does it take from a fresh clone to the first portrait?

`make run`, stage by stage, in a clone of the last commit. The caches of the package clients are whatever they are on
this machine (warm after a first run); nothing of this checkout is used. It takes minutes, so it runs only when asked
for: `--fresh-clone`.
"""

import asyncio
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.machine import ROOT
from bench.notebook import Notebook
from schemas import embedding
from tests import tiny_bundle
from tests.client import Outcome, Person

STAGES: Final = {
    "Python environment": ".venv/.run",
    "browser models": ".build/edge/manifest.json",
    "packages of the page": "gateway/web/node_modules/.made",
    "the page": ".build/web/.made",
}
"""What `make run` makes before it starts anything, in an order in which each stage finds what it needs."""
READY: Final = re.compile(r"is ready: (http://\S+)")
START_SECONDS: Final = 180


def bench_fresh_clone(request: pytest.FixtureRequest, benchmark: BenchmarkFixture, notebook: Notebook) -> None:
    if not request.config.getoption("--fresh-clone"):
        pytest.skip("takes minutes: ask for it with --fresh-clone")
    seconds: dict[str, float] = benchmark.pedantic(_from_clone_to_portrait, rounds=1)  # type: ignore[no-untyped-call]
    notebook.versions = machine.versions() | {
        "uv": machine.program_version("uv", "--version"),
        "node": machine.program_version("node", "--version"),
    }
    for stage, taken in seconds.items():
        notebook.row(stage, "s", [taken])
    notebook.row("all of it", "s", [sum(seconds.values())])
    notebook.note("One round. Not measured: an empty package cache, which is a measure of the line.")


def _from_clone_to_portrait() -> dict[str, float]:
    """Seconds of each stage."""
    with tempfile.TemporaryDirectory() as home:
        clone = Path(home) / "likeness"
        seconds = {"git clone": _timed(["git", "clone", "--quiet", str(ROOT), str(clone)], ROOT)}
        for stage, target in STAGES.items():
            seconds[stage] = _timed(["make", target], clone)
        started = time.perf_counter()
        with _running(clone, Path(home) / "state") as address:
            seconds["make run, until it says that it is ready"] = time.perf_counter() - started
            started = time.perf_counter()
            outcome = asyncio.run(_first_portrait(address))
            seconds["first portrait, receipt checked"] = time.perf_counter() - started
    assert outcome.problem is None
    assert outcome.images
    return seconds


def _timed(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=_environment(), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _environment() -> dict[str, str]:
    """Ours, without settings, and without what would lead the clone's commands back to this checkout."""
    left_out = ("LIKENESS_", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


@contextmanager
def _running(clone: Path, state: Path) -> Iterator[str]:
    """`make run` in the clone, on a free port; its address once it is ready. All of it has ended afterwards."""
    chosen = _environment() | {"LIKENESS_PORT": "0", "LIKENESS_STATE": str(state)}
    with subprocess.Popen(
        ["make", "run"], cwd=clone, env=chosen, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        watchdog = threading.Timer(START_SECONDS, process.terminate)
        watchdog.start()
        try:
            assert process.stdout is not None
            found = next(filter(None, map(READY.search, process.stdout)), None)
            if found is None:
                raise RuntimeError("`make run` ended, or was not ready in time")
            watchdog.cancel()
            yield found[1]
        finally:
            watchdog.cancel()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)


async def _first_portrait(address: str) -> Outcome:
    async with httpx.AsyncClient(base_url=address, timeout=START_SECONDS) as http:
        person = Person(http)
        agreed = await person.consent()
        assert agreed.status_code == httpx.codes.CREATED, agreed.text
        style = (await person.facts()).bundles[0].styles[0].id
        return await person.draw(embedding.encode(tiny_bundle.public_record()), style)
