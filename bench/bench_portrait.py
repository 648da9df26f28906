"""What does one portrait take on CPU, and how soon is a child ready to draw it?

The drawing is timed in a process of its own per number of threads, warm, taking turns. The life of a child is timed on
real ones, from the start of the process to the last sealed chunk: each serves one task and ends.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.child_life import one_life
from bench.machine import ROOT
from bench.notebook import Notebook
from bench.rounds import Samples, gather
from worker import guards, models
from worker.models import Bundle

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
            return drawn | runner.run(one_life(bundle))

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
    environment = {**guards.ENVIRONMENT, "OMP_NUM_THREADS": str(threads)}
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
