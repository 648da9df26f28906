"""Writes the answers of results/latest.json into README.md, between two markers (``python -m bench.table``)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bench import results
from bench.results import Answer, Row

README: Final = Path(__file__).parent / "README.md"
BEGIN: Final = "<!-- results: written by bench/table.py -->"
END: Final = "<!-- end of results -->"


def write(answers: Mapping[str, Answer], readme: Path = README) -> None:
    """Put the tables of ``answers`` between the markers of ``readme``.

    Raises:
        ValueError: the markers are not there, or not once.
    """
    text = readme.read_text("utf-8")
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if len(between.findall(text)) != 1:
        raise ValueError(f"{readme.name} must hold the two markers once")
    body = "\n".join(line for file, answer in answers.items() for line in _section(file, answer))
    readme.write_text(between.sub(lambda _: f"{BEGIN}\n{body}\n{END}", text), "utf-8")


def _section(file: str, answer: Answer) -> Iterator[str]:
    versions = ", ".join(f"{name} {number}" for name, number in answer.versions.items())
    yield f"\n### {answer.question}\n"
    yield f"`{file}`, {answer.date}, commit {answer.commit}; {answer.machine}; load {answer.load[0]} before and"
    yield f"{answer.load[1]} after; {versions}.\n"
    yield "| | median | minimum | rounds | against | its median | ratio |"
    yield "|---|--:|--:|--:|---|--:|--:|"
    yield from (_line(row) for row in answer.rows)
    if answer.notes:
        yield ""
        yield from (f"- {note}" for note in answer.notes)


def _line(row: Row) -> str:
    peer_median = "" if row.peer_median is None else _figure(row.peer_median, row.unit)
    cells = [
        row.what,
        _figure(row.median, row.unit),
        _figure(row.minimum, row.unit),
        str(row.rounds),
        row.peer,
        peer_median,
        "" if row.ratio is None else f"{row.ratio:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _figure(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}".rstrip()


if __name__ == "__main__":
    write(results.read())
