"""Where a question writes its figures down while it is asked."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine, results
from bench.results import Answer, Row


@dataclass
class Notebook:
    """The figures of one question."""

    benchmark: BenchmarkFixture
    load_before: float = field(default_factory=machine.load)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    versions: Mapping[str, str] = field(default_factory=machine.versions)

    def row(
        self, what: str, unit: str, values: list[float], *, peer: str = "", against: list[float] | None = None
    ) -> None:
        """Keep one figure; see ``results.row``."""
        self.rows.append(results.row(what, unit, values, peer=peer, against=against))

    def note(self, words: str) -> None:
        """Keep what must be known to read the figures."""
        self.notes.append(words)

    def answer(self, question: str) -> Answer:
        """All of it, with the machine and the time."""
        return Answer(
            question=question,
            machine=machine.describe(),
            load=[self.load_before, machine.load()],
            date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            commit=machine.commit(),
            versions=dict(self.versions),
            rows=self.rows,
            notes=self.notes,
        )
