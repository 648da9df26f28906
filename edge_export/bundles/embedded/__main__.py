"""`python -m edge_export.bundles.embedded`: the recipe, stage by stage."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads on a shared machine are five times slower than one

import torch

from edge_export import ruler
from edge_export.bundles.embedded import dataset, evaluate, export, refine, train
from edge_export.bundles.embedded.decoder import Decoder
from edge_export.bundles.embedded.measure import Measurer, to_record
from edge_export.bundles.embedded.network import Size
from schemas.bundle_manifest import read_bundle

WORK = Path(".build/embedded")
EDGE = Path(".build/edge")
OUT = Path("worker/bundles/embedded")
TRAIN_STEPS = 6000
PREPARE_STEPS = 3000
REFINE_STEPS = 1200

Stages: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no other name for it


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


def _train(arguments: argparse.Namespace) -> None:
    train.train(arguments.work, Size(), arguments.steps, _report(arguments.work / "train.log"))


def _prepare(arguments: argparse.Namespace) -> None:
    refine.prepare(arguments.work, arguments.steps, _report(arguments.work / "prepare.log"))


def _refine(arguments: argparse.Namespace) -> None:
    refine.refine(arguments.work, Size(), arguments.steps, _report(arguments.work / "refine.log"))


def _bundle_of(work: Path, name: str) -> dict[str, bytes]:
    conditioner, denoiser = refine.load_model(work, Size())
    decoder = Decoder(train.basis_of(work, dataset.training_shards(work)))
    decoder.load_state_dict(torch.load(work / name)["decoder"])
    return export.graphs(conditioner, denoiser, decoder)


def _export(arguments: argparse.Namespace) -> None:
    work: Path = arguments.work
    files = _bundle_of(work, f"{arguments.decoder}.pt")
    measured = dataset.load_measured(work, [dataset.HELD_OUT_SHARD])
    record = to_record(evaluate.face_of(measured, 0), measured.attributes[0])
    export.write(arguments.out, files, export.manifest(files, record, arguments.version))
    print(f"{sum(map(len, files.values())):,} bytes in {arguments.out}")


def _score(arguments: argparse.Namespace) -> None:
    folder: Path = arguments.out
    facts, _ = read_bundle((folder / "bundle.json").read_bytes())
    bundle = export.Bundle({name: (folder / name).read_bytes() for name in facts.files})
    measurer = Measurer(arguments.edge)
    usual = facts.schedules[facts.default_schedule]
    plan = [(name, schedule, "complete") for name, schedule in facts.schedules.items()]
    plan += [(facts.default_schedule, usual, variant) for variant in evaluate.VARIANTS if variant != "complete"]
    for name, schedule, variant in plan:
        told = evaluate.VARIANTS[variant]
        scores = evaluate.score(bundle, schedule, arguments.work, measurer, people=arguments.people, told=told)
        print(name, variant, scores, flush=True)
    people = list(range(arguments.first, arguments.first + 16))
    evaluate.save_small(evaluate.held_out_sheet(bundle, usual, arguments.work, people), folder / "held-out.png")
    evaluate.save_small(evaluate.style_sheet(bundle, usual, arguments.work, people[:5]), folder / "styles.png")
    shards = dataset.training_shards(arguments.work)
    print(json.dumps({"people": len(shards) * dataset.PEOPLE_A_SHARD} | evaluate.census(shards), indent=1))


def _report(path: Path) -> Callable[[str], None]:
    """Prints a line and keeps it in the stage's log."""

    def report(line: str) -> None:
        stamped = f"{time.strftime('%H:%M:%S')} {line}"
        print(stamped, flush=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(stamped + "\n")

    return report


def _data_stages(stages: Stages) -> None:
    everything = [*range(20), dataset.HELD_OUT_SHARD]
    for name, run, shards, text in (
        ("render", _render, everything, "draw people"),
        ("table", _table, [0], "make the ruler's z-score table from one shard"),
        ("measure", _measure, everything, "measure the pictures with the browser's graphs"),
    ):
        stage = stages.add_parser(name, help=text)
        stage.add_argument("--shards", type=_shards, default=shards, help="A:B or one number (default: all it needs)")
        stage.set_defaults(run=run)


def _learning_stages(stages: Stages) -> None:
    for name, run, steps, text in (
        ("train", _train, TRAIN_STEPS, "train conditioner and denoiser"),
        ("prepare", _prepare, PREPARE_STEPS, "teach the decoder's touch-up on noisy latents (may run beside train)"),
        ("refine", _refine, REFINE_STEPS, "teach it on the model's own drawings"),
    ):
        stage = stages.add_parser(name, help=text)
        stage.add_argument("--steps", type=int, default=steps, help="default: %(default)s")
        stage.set_defaults(run=run)


def _bundle_stages(stages: Stages) -> None:
    write = stages.add_parser("export", help="write the bundle")
    write.add_argument("--out", type=Path, default=OUT, help="default: %(default)s")
    write.add_argument("--version", default="0.1.0", help="default: %(default)s")
    write.add_argument(
        "--decoder",
        choices=("prepared", "refined"),
        default="prepared",
        help="default: %(default)s, which draws crisper eyes; refined scores 0.4 dB better by blurring them",
    )
    write.set_defaults(run=_export)
    score = stages.add_parser("score", help="measure a written bundle on held-out people, and draw its two sheets")
    score.add_argument("--out", type=Path, default=OUT, help="default: %(default)s")
    score.add_argument("--people", type=int, default=200, help="default: %(default)s")
    score.add_argument("--first", type=int, default=0, help="first held-out person on the sheets")
    score.set_defaults(run=_score)


def main() -> None:
    """Parse the command line and run one stage."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_export.bundles.embedded",
        description="Make the embedded portrait bundle. Stages in order: "
        "render, table, measure, train, prepare, refine, export, score.",
        epilog="Every stage can be stopped and started again. See README.md beside the code for times and figures.",
    )
    parser.add_argument("--work", type=Path, default=WORK, help="pictures and checkpoints (default: %(default)s)")
    parser.add_argument("--edge", type=Path, default=EDGE, help="the browser's models (default: %(default)s)")
    stages = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    _data_stages(stages)
    _learning_stages(stages)
    _bundle_stages(stages)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
