"""What does it cost a job that its child holds itself (worker/README.md, What holds a child)?

Real children, taking turns with children of bare_child.py: the same program with every guard left out, the trials
included in both. The allocator's settings are left out as well.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.child_life import one_life
from bench.machine import ROOT
from bench.notebook import Notebook
from bench.rounds import gather
from worker import guards, models

EMBEDDED: Final = ROOT / "worker" / "bundles" / "embedded"
ROUNDS: Final = 15


def bench_hardening(benchmark: BenchmarkFixture, notebook: Notebook) -> None:
    bundle = models.find_bundle(EMBEDDED, frozenset({"Apache-2.0"}))
    with asyncio.Runner() as runner:

        def one_round() -> dict[str, float]:
            held = runner.run(one_life(bundle))
            with _nothing_forbidden():
                bare = runner.run(one_life(bundle))
            return {f"held {name}": took for name, took in held.items()} | {
                f"bare {name}": took for name, took in bare.items()
            }

        samples = gather(benchmark, one_round, rounds=ROUNDS)
    notebook.versions = machine.versions("numpy", "onnxruntime")
    for what, name in (
        ("process started, until warm (loaded, guarded, tried, key made)", "warm"),
        ("task given, until opened and checked", "opened"),
        ("task given, until its last sealed chunk", "sealed"),
        ("last sealed chunk, until the process has ended", "ended"),
    ):
        held, bare = samples[f"held {name}"], samples[f"bare {name}"]
        notebook.row(what, "ms", held, peer="the same child without guards", against=bare)
    notebook.note("The next child warms while a job runs, so that only what follows the task is in a person's way.")
    notebook.note("Not measured: a graphics card, other kernels.")


@contextmanager
def _nothing_forbidden() -> Iterator[None]:
    start = asyncio.create_subprocess_exec

    async def bare(*command: str, **how: Any) -> asyncio.subprocess.Process:
        words = ("bench.bare_child" if word == "worker.child" else word for word in command)
        return await start(*words, **how)

    with patch.object(asyncio, "create_subprocess_exec", bare), patch.object(guards, "ENVIRONMENT", {}):
        yield
