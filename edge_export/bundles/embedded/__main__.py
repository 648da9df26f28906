"""`python -m edge_export.bundles.embedded`: the recipe, stage by stage."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads on a shared machine are five times slower than one

import torch  # noqa: E402 - reads the variable above when it loads

from edge_export import ruler  # noqa: E402
from edge_export.bundles.embedded import dataset  # noqa: E402
from edge_export.bundles.embedded.measure import Measurer  # noqa: E402

WORK = Path(".build/embedded")
EDGE = Path(".build/edge")


def _shards(words: str) -> list[int]:
    """`0:20` or `3` as a list of shard numbers."""
    first, colon, end = words.partition(":")
    return list(range(int(first), int(end))) if colon else [int(first)]


def _render(arguments: argparse.Namespace) -> None:
    for shard in arguments.shards:
        started = time.monotonic()
        dataset.draw_shard(arguments.work, shard)
        print(f"shard {shard}: drawn in {time.monotonic() - started:.0f} s", flush=True)


def _table(arguments: argparse.Namespace) -> None:
    ratios = dataset.make_table(arguments.work, arguments.shards[0], Measurer(arguments.edge))
    table = {
        "command": "python -m edge_export.bundles.embedded table",
        "shard": arguments.shards[0],
        "ratios": ratios,
    }
    ruler.TABLE.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    print(f"{len(ratios)} ratios in {ruler.TABLE.name}")


def _measure(arguments: argparse.Namespace) -> None:
    measurer = Measurer(arguments.edge)
    for shard in arguments.shards:
        started = time.monotonic()
        dataset.measure_shard(arguments.work, shard, measurer)
        print(f"shard {shard}: measured in {time.monotonic() - started:.0f} s", flush=True)


def main() -> None:
    """Parse the command line and run one stage."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_export.bundles.embedded",
        description="Make the embedded portrait bundle. Stages in order: render, table, measure, train, refine, export.",
        epilog="Every stage can be stopped and started again. See README.md beside the code for times and figures.",
    )
    parser.add_argument(
        "--work", type=Path, default=WORK, help="folder for pictures and checkpoints (default: %(default)s)"
    )
    parser.add_argument("--edge", type=Path, default=EDGE, help="the browser's models (default: %(default)s)")
    stages = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    everything = [*range(20), dataset.HELD_OUT_SHARD]
    render = stages.add_parser("render", help="draw people")
    render.add_argument(
        "--shards", type=_shards, default=everything, help="A:B or one number (default: 20 and the held-out one)"
    )
    render.set_defaults(run=_render)
    table = stages.add_parser("table", help="make the ruler's z-score table from one shard")
    table.add_argument("--shards", type=_shards, default=[0])
    table.set_defaults(run=_table)
    measure = stages.add_parser("measure", help="measure the pictures with the browser's graphs")
    measure.add_argument("--shards", type=_shards, default=everything)
    measure.set_defaults(run=_measure)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
