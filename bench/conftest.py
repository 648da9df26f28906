"""What every question shares: a notebook for its figures, and the keeping of them when the run has ended."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench import results, table
from bench.notebook import Notebook
from bench.results import Answer


@dataclass
class Keeper:
    """Keeps the answers of a run in results/latest.json and README.md. A question that failed keeps its old answer."""

    answers: dict[str, Answer] = field(default_factory=dict)
    worse: list[str] = field(default_factory=list)

    def pytest_sessionfinish(self) -> None:
        """Write what was measured."""
        if self.answers:
            self.worse = results.worse(results.read(), self.answers)
            table.write(results.keep(self.answers))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what has become worse since the last run."""
        for line in self.worse:
            terminalreporter.write_line(f"worse than before: {line}", yellow=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fresh-clone", action="store_true", help="measure `make run` from a fresh clone, too (minutes)")
    parser.addoption("--forget", action="store_true", help="leave bench/results and bench/README.md as they are")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Keeper(), "bench-keeper")


@pytest.fixture
def notebook(request: pytest.FixtureRequest, benchmark: BenchmarkFixture) -> Iterator[Notebook]:
    """A question has one test, so that its notebook is its answer."""
    failed_before = request.session.testsfailed
    book = Notebook(benchmark)
    yield book
    if not book.rows or request.session.testsfailed > failed_before:
        return
    answer = book.answer(_question(request.path))
    benchmark.extra_info.update({"machine": answer.machine, "versions": answer.versions, "load": answer.load})
    benchmark.extra_info["rows"] = [row.what for row in answer.rows]
    keeper = request.config.pluginmanager.get_plugin("bench-keeper")
    if isinstance(keeper, Keeper) and not request.config.getoption("--forget"):
        keeper.answers[request.path.name] = answer


def _question(file: Path) -> str:
    """The first line of a bench's docstring."""
    return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or file.stem).splitlines()[0]
