"""The threat model names a test for each thing that it says an adversary does not get, and those tests exist."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.rules import tree

DOCUMENT: Final = "schemas/spec/threat-model.md"
ASSETS: Final = ("photo", "record", "portrait", "consent", "traces")
VERDICTS: Final = ("no", "some", "all")
SECTION: Final = re.compile(r"^## (\d+\. .*)$", re.MULTILINE)
NAMED: Final = re.compile(r"(tests/[\w/.]+\.py)(?:::(\w+))?")

Row = tuple[str, str, str]


def text() -> str:
    return (tree.ROOT / DOCUMENT).read_text("utf-8")


def cells(line: str) -> list[str]:
    """The cells of one line of a table."""
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def sections(document: str) -> dict[str, list[Row]]:
    """Each adversary's rows: asset, what it gets, backed by."""
    parts = SECTION.split(document)
    found: dict[str, list[Row]] = {}
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = [cells(line) for line in body.split("\n## ")[0].splitlines() if line.startswith("|")]
        found[title] = [(line[0], line[1], line[2]) for line in lines[2:]]
    return found


def overview(document: str) -> dict[str, tuple[str, ...]]:
    """The table at the top: each adversary's five verdicts."""
    rows = [cells(line) for line in SECTION.split(document)[0].splitlines() if line.startswith("| [")]
    return {row[0][1 : row[0].index("]")]: tuple(row[1:]) for row in rows}


def verdict(told: str) -> str:
    return told.split(".", maxsplit=1)[0].split(" ", maxsplit=1)[0].lower()


def functions(path: Path) -> set[str]:
    found = ast.walk(ast.parse(path.read_text("utf-8")))
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def missing(backing: str) -> list[str]:
    """The tests named in ``backing`` that do not exist."""
    lost = []
    for path, name in NAMED.findall(backing):
        file = tree.ROOT / path
        if not file.is_file() or (name and name not in functions(file)):
            lost.append(f"{path}::{name}" if name else path)
    return lost


@pytest.mark.parametrize("adversary", sections(text()))
def test_every_asset_has_a_line_and_a_test(adversary: str) -> None:
    rows = sections(text())[adversary]
    assert tuple(row[0] for row in rows) == ASSETS
    for asset, told, backing in rows:
        assert verdict(told) in VERDICTS, f"{asset}: {told}"
        assert missing(backing) == []
        if verdict(told) != "all":
            assert NAMED.search(backing), f"{asset}: no test is named"


def test_the_overview_says_what_the_sections_say() -> None:
    expected = {name: tuple(verdict(row[1]) for row in rows) for name, rows in sections(text()).items()}
    assert len(expected) >= 12
    assert overview(text()) == expected


def test_a_name_that_does_not_exist_is_noticed() -> None:
    assert missing("tests/rules/test_threat_model.py::test_a_name_that_does_not_exist_is_noticed") == []
    assert missing("tests/rules/test_threat_model.py::test_nothing") != []
    assert missing("tests/rules/test_no_such_file.py") != []
