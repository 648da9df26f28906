"""One studio in a process of its own for bench_portrait.py: draws once per line of its input, and tells what it took.

``python -m bench.portrait_process BUNDLE_FOLDER THREADS``. The environment is that of a worker's child, so that the
allocator overwrites what is freed, as it does there.
"""

import json
import resource
import sys
import time
from pathlib import Path

from worker import models
from worker.diffusion.portrait import Studio, draw, draw_decoy, open_studio
from worker.diffusion.sessions import Array, Graph
from worker.models import Bundle

ORGANS = ("conditioner", "step", "decoder")


class Meter:
    """Seconds spent inside each graph."""

    def __init__(self, studio: Studio) -> None:
        self.seconds = dict.fromkeys(ORGANS, 0.0)
        for organ, graph in zip(ORGANS, (studio.conditioner, studio.step, studio.decoder), strict=True):
            self._watch(organ, graph)

    def _watch(self, organ: str, graph: Graph) -> None:
        run = graph.run

        def timed(feeds: dict[str, Array], outputs: dict[str, Array]) -> None:
            started = time.perf_counter()
            run(feeds, outputs)
            self.seconds[organ] += time.perf_counter() - started

        graph.run = timed  # type: ignore[method-assign]


def one_portrait(studio: Studio, meter: Meter, bundle: Bundle, seed: int) -> dict[str, float]:
    """Draw one; seconds by organ and in all, seconds of processor, bytes of memory at most so far."""
    meter.seconds.update(dict.fromkeys(ORGANS, 0.0))
    record = models.decoy_record(bundle.manifest)
    cpu, started = time.process_time(), time.perf_counter()
    for _ in draw(studio, record, style=0, seed=seed):
        pass
    total, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**meter.seconds, "total": total, "cpu": cpu, "peak": peak, "steps": float(len(studio.steps.rows))}


def main(folder: Path, threads: int) -> None:
    """Load, warm, and answer lines."""
    bundle = models.find_bundle(folder, frozenset({"Apache-2.0"}))
    studio = open_studio(bundle.manifest, models.read_graphs(bundle), provider="cpu", threads=threads)
    draw_decoy(studio, models.decoy_record(bundle.manifest))
    meter = Meter(studio)
    for seed, _ in enumerate(sys.stdin):
        sys.stdout.write(json.dumps(one_portrait(studio, meter, bundle, seed)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
