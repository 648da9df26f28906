"""How soon does a withdrawal stop a child, and how soon is a receipt there, with its proof?

A whole real system: nats-server, gateway with its log and two witnesses, one worker process. A job is withdrawn in the
middle of its drawing; another goes to its end.
"""

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.notebook import Notebook
from bench.rounds import Samples, gather
from schemas import embedding, signing
from schemas.frames import Frame, FrameKind
from tests import tiny_bundle
from tests.client import Job, Person
from tests.whole import System, running

ROUNDS: Final = 30
LONG: Final[dict[str, Any]] = {"steps": 200, "burden": 1024}
"""A drawing of some seconds, in steps of 30 to 40 ms."""
ROWS: Final = {
    "gone": "withdrawn while drawing: call, until the child is gone",
    "answered": "the same, until the call is answered with a proof",
    "told": "the same, until the receipt and its proof are with the person",
    "receipt": "a job that goes well: last image, until receipt and proof are with the person",
}


def bench_withdrawal(benchmark: BenchmarkFixture, notebook: Notebook) -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        systems = AsyncExitStack()
        long, short = runner.run(_start(systems, Path(folder)))
        try:
            samples = gather(benchmark, lambda: runner.run(_one_round(long, short)), rounds=ROUNDS)
        finally:
            runner.run(systems.aclose())
    notebook.versions = machine.versions("litestar", "nats-py", "onnxruntime")
    for name, what in ROWS.items():
        notebook.row(what, "ms", samples[name])
    notebook.note(f"The slowest twentieth (p95): {_p95(samples)}.")
    notebook.note("A log's round is on a beat of 100 ms, so that a proof takes 50 ms of waiting in the middle.")
    notebook.note("Not measured: a network between the parts, witnesses elsewhere.")


def _p95(samples: Samples) -> str:
    slowest = {name: statistics.quantiles(samples[name], n=20)[-1] * 1000 for name in ROWS}
    return "; ".join(f"{ROWS[name]}: {took:.0f} ms" for name, took in slowest.items())


async def _start(systems: AsyncExitStack, folder: Path) -> tuple[System, System]:
    started = []
    for name, how in (("long", LONG), ("short", {"steps": 4})):
        (folder / name).mkdir()
        started.append(await systems.enter_async_context(running(folder / name, consents_per_minute=10_000, **how)))
    return started[0], started[1]


@dataclass
class Timed(Job):
    """A job that notes when each kind of frame came last, and may be withdrawn at its first step."""

    at: dict[FrameKind, float] = field(default_factory=dict)
    system: System | None = None
    """Set: withdraw, and watch its worker's child."""
    asked_at: float = 0.0
    answered_at: float = 0.0
    gone_at: float = 0.0

    async def take(self, frame: Frame) -> None:
        """Note the time, then do as always."""
        self.at[frame.kind] = time.perf_counter()
        await super().take(frame)
        if frame.kind is FrameKind.PROGRESS and self.system is not None and not self.asked_at:
            self.asked_at = time.perf_counter()
            watching = asyncio.create_task(self._watch(self._child(self.system)))
            assert (await self.person.revoke()).is_success
            self.answered_at = time.perf_counter()
            await watching

    def _child(self, system: System) -> Path:
        # The one that draws is the oldest; the next one may be warming already.
        return Path("/proc") / str(min(system.worker.children()))

    async def _watch(self, process: Path) -> None:
        while _runs(process):  # noqa: ASYNC110 - it is nobody's child here
            await asyncio.sleep(0.0005)
        self.gone_at = time.perf_counter()


def _runs(process: Path) -> bool:
    try:
        return bool((process / "cmdline").read_bytes())
    except OSError:
        return False


async def _one_round(long: System, short: System) -> dict[str, float]:
    withdrawn, well = await _job(long, withdraw=True), await _job(short, withdraw=False)
    return {
        "gone": withdrawn.gone_at - withdrawn.asked_at,
        "answered": withdrawn.answered_at - withdrawn.asked_at,
        "told": withdrawn.at[FrameKind.PROOF] - withdrawn.asked_at,
        "receipt": well.at[FrameKind.PROOF] - well.at[FrameKind.IMAGE],
    }


async def _job(system: System, *, withdraw: bool) -> Timed:
    async with system.http() as http:
        person = Person(http)
        assert (await person.consent()).is_success
        facts = await person.facts()
        job = Timed(
            *(person, tuple(map(signing.key_of, facts.keys)), embedding.encode(tiny_bundle.public_record())),
            *(tiny_bundle.STYLES[0], 1, 1),
            system=system if withdraw else None,
        )
        outcome = await job.run()
        assert outcome.file is not None
        return job
