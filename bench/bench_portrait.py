"""What does one portrait take on CPU, and how soon is a child ready to draw it?

The drawing is timed in a process of its own per number of threads, warm, taking turns. The life of a child is timed on
real ones, from the start of the process to the last sealed chunk: each serves one task and ends.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.machine import ROOT
from bench.notebook import Notebook
from bench.rounds import Samples, gather
from schemas import embedding
from tests.unit.worker.person import Person
from worker import guards, models
from worker.models import Bundle
from worker.pipe import Said
from worker.process import start_child
from worker.settings import Settings, read

EMBEDDED: Final = ROOT / "worker" / "bundles" / "embedded"
LICENCES: Final = frozenset({"Apache-2.0"})
THREADS: Final = (1, 2)
ROUNDS: Final = 5


def bench_portrait(benchmark: BenchmarkFixture, notebook: Notebook) -> None:
    bundle = models.find_bundle(EMBEDDED, LICENCES)
    with ExitStack() as running, asyncio.Runner() as runner:
        studios = {threads: running.enter_context(_studio(bundle, threads)) for threads in THREADS}

        def one_round() -> dict[str, float]:
            drawn = {f"{name}, {n}": value for n in THREADS for name, value in _draw(studios[n]).items()}
            return drawn | runner.run(_one_life(bundle))

        samples = gather(benchmark, one_round, rounds=ROUNDS)
    notebook.versions = machine.versions("numpy", "onnxruntime")
    _write_down(notebook, samples)
    _write_notes(notebook, bundle, samples)


def _write_down(notebook: Notebook, samples: Samples) -> None:
    for what, name, unit in (
        ("one portrait", "total", "ms"),
        ("of which the conditioner", "conditioner", "ms"),
        ("of which all steps", "step", "ms"),
        ("of which the decoder", "decoder", "ms"),
        ("processor time for it", "cpu", "ms"),
        ("peak memory of the process", "peak", "MB"),
    ):
        one, two = (samples[f"{name}, {threads}"] for threads in THREADS)
        notebook.row(f"{what}, 1 thread", unit, one, peer="2 threads", against=two)
    for what, name in (
        ("a child: process started, until warm (loaded, tried, key made)", "warm"),
        ("a child: task given, until opened and checked", "opened"),
        ("a child: task given, until the first step is drawn", "first step"),
        ("a child: task given, until its last sealed chunk", "sealed"),
        ("a child: last sealed chunk, until the process has ended", "ended"),
    ):
        notebook.row(what, "ms", samples[name])


def _write_notes(notebook: Notebook, bundle: Bundle, samples: Samples) -> None:
    manifest = bundle.manifest
    megabytes = sum(fact.bytes for fact in manifest.files.values()) / 1e6
    steps = round(samples["steps, 1"][0])
    notebook.note(
        f"Bundle {manifest.name} {manifest.version}: {megabytes:.1f} MB, {manifest.image_width} x"
        f" {manifest.image_height} pixels, {steps} steps, {manifest.precision}."
    )
    notebook.note("The children use two threads, and find their files in the memory of the system.")
    notebook.note("Not measured: a graphics card, several children at once, the first start after a boot.")


# --- drawing ----------------------------------------------------------------------------------------------------------


@contextmanager
def _studio(bundle: Bundle, threads: int) -> Iterator[subprocess.Popen[str]]:
    """A warm process that draws with this number of threads."""
    arguments = ["-m", "bench.portrait_process", str(bundle.folder), str(threads)]
    environment = {"GLIBC_TUNABLES": guards.MALLOC_TUNABLES, "OMP_NUM_THREADS": str(threads)}
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def _draw(studio: subprocess.Popen[str]) -> dict[str, float]:
    assert studio.stdin is not None
    assert studio.stdout is not None
    studio.stdin.write("\n")
    studio.stdin.flush()
    told: dict[str, float] = json.loads(studio.stdout.readline())
    return told


# --- the life of a child ----------------------------------------------------------------------------------------------


async def _one_life(bundle: Bundle) -> dict[str, float]:
    """Seconds between the stations of one child, from its start to its end."""
    person = _person(bundle)
    with tempfile.TemporaryDirectory() as home:
        settings = _settings(bundle, person, home)
        started = time.perf_counter()
        child = await start_child(settings, bundle, os.environ)
        warm = time.perf_counter()
        try:
            await child.give(person.task(child.hpke_key))
            given = time.perf_counter()
            heard = [(kind, time.perf_counter()) async for kind, _ in child.messages()]
        finally:
            await child.end()
    ended = time.perf_counter()
    assert any(kind is Said.DONE for kind, _ in heard)
    opened, chunks, progress = (
        [at - given for kind, at in heard if kind is wanted] for wanted in (Said.OPENED, Said.CHUNK, Said.PROGRESS)
    )
    return {
        "warm": warm - started,
        "opened": opened[0],
        "first step": progress[1],  # the one before it says that nothing is drawn yet
        "sealed": chunks[-1],
        "ended": ended - given - chunks[-1],
    }


def _person(bundle: Bundle) -> Person:
    """Somebody who wants one portrait of nobody in the bundle's first style."""
    styles = [style.id for style in bundle.manifest.styles]
    allowed: dict[str, Any] = {"styles": sorted(styles)}
    record = embedding.encode(models.decoy_record(bundle.manifest))
    return Person(
        bundle=bundle.digest,
        grant_edits=allowed,
        token_edits=allowed,
        request_edits={"style": styles[0]},
        record=record,
    )


def _settings(bundle: Bundle, person: Person, home: str) -> Settings:
    return read(
        {
            "HOME": home,
            "LIKENESS_BUNDLES": str(bundle.folder),
            "LIKENESS_GATEWAY_KEY": person.gateway,
            "LIKENESS_THREADS": str(THREADS[-1]),
            "LIKENESS_ACCEPT_SWAP": "yes",
        }
    )
