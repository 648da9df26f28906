"""A file and a function stay small enough to be read at once."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.rules import tree

FILE_LINES: Final = 400
FUNCTION_LINES: Final = 40
"""Lines that hold code: the docstring, comments and blank lines are free."""

CODE: Final = (".py", ".ts", ".mjs", ".js", ".css", ".html", ".sh")
GENERATED: Final = {"gateway/web/protocol/wire.ts"}


def too_long(path: str, text: str) -> bool:
    """Whether a file of code has more lines than a file may have."""
    return path.endswith(CODE) and path not in GENERATED and len(text.splitlines()) > FILE_LINES


def long_functions(path: str, text: str) -> Iterator[str]:
    """Every function in `text` with more lines of code than a function may have."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
            own = lines[body[0].lineno - 1 : body[-1].end_lineno] if body else []
            count = sum(1 for line in own if line.strip() and not line.strip().startswith("#"))
            if count > FUNCTION_LINES:
                yield f"{path}: {node.name} has {count} lines of code, at most {FUNCTION_LINES} are good"


def test_no_file_is_too_long() -> None:
    found = {path: len(text.splitlines()) for path, text in tree.texts().items() if too_long(path, text)}
    assert found == {}


def test_no_function_of_a_room_is_too_long() -> None:
    # tests and bench are free: a table of cases reads well at any length
    assert [v for path, text in tree.python(*tree.ROOMS).items() for v in long_functions(path, text)] == []


@pytest.mark.parametrize("path", ["a.py", "gateway/web/page/a.ts"])
def test_a_long_file_is_seen(path: str) -> None:
    assert not too_long(path, "\n" * FILE_LINES)
    assert too_long(path, "\n" * (FILE_LINES + 1))


def test_a_long_function_is_seen() -> None:
    start = 'def f():\n    """Docstring."""\n    # why\n\n'
    assert list(long_functions("a.py", start + "    x = 1\n" * FUNCTION_LINES)) == []
    assert list(long_functions("a.py", start + "    x = 1\n" * (FUNCTION_LINES + 1))) != []
