"""What was measured, as it is kept in results/latest.json: one answer per question."""

import statistics
from pathlib import Path
from typing import Final

import msgspec

from bench.rounds import ratio

LATEST: Final = Path(__file__).parent / "results" / "latest.json"
SCALE: Final = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6, "": 1.0}
"""From seconds or bytes to the unit of a row."""
WORSE: Final = 1.5
"""A ratio that has grown by this factor is worth a look. It never fails a run: machines are shared."""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure."""

    what: str
    unit: str
    median: float
    minimum: float
    rounds: int
    peer: str = ""
    """Against what it was measured, in the same rounds."""
    peer_median: float | None = None
    ratio: float | None = None
    """Median over rounds of this / the peer's."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question with its figures, where and when."""

    question: str
    machine: str
    load: list[float]
    """Load of the machine before and after: above its cores, the figures are a busy machine's."""
    date: str
    commit: str
    versions: dict[str, str]
    rows: list[Row]
    notes: list[str]
    """What must be known to read the figures, and what was not measured."""


def row(what: str, unit: str, values: list[float], *, peer: str = "", against: list[float] | None = None) -> Row:
    """The row of ``values`` (seconds or bytes, one a round), with a peer's values of the same rounds."""
    scale = SCALE[unit]
    return Row(
        what=what,
        unit=unit,
        median=_short(statistics.median(values) * scale),
        minimum=_short(min(values) * scale),
        rounds=len(values),
        peer=peer,
        peer_median=None if against is None else _short(statistics.median(against) * scale),
        ratio=None if against is None else _short(ratio(values, against)),
    )


def read(path: Path = LATEST) -> dict[str, Answer]:
    """The answers by file name; none when nothing was measured yet."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Answer]) if path.exists() else {}


def keep(answers: dict[str, Answer], path: Path = LATEST) -> dict[str, Answer]:
    """Replace the answers to these questions and leave the others; all that are kept now."""
    kept = dict(sorted((read(path) | answers).items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
    return kept


def worse(old: dict[str, Answer], new: dict[str, Answer]) -> list[str]:
    """In words, every ratio to a peer that has grown beyond ``WORSE`` times its old value; absolute times say less."""
    before = {(file, row.what, row.peer): row.ratio for file, answer in old.items() for row in answer.rows}
    return [
        f"{file}: {row.what}: ratio {before[key]} -> {row.ratio} to {row.peer}"
        for file, answer in new.items()
        for row in answer.rows
        if (key := (file, row.what, row.peer)) in before
        and row.ratio is not None
        and row.ratio > WORSE * (before[key] or row.ratio)
    ]


def _short(value: float) -> float:
    """Four digits: more would be noise."""
    return float(f"{value:.4g}")
