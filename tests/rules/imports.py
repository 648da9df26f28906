"""What a Python file imports, read from its text without running it."""

import ast
from collections.abc import Collection, Iterator


def imported(text: str) -> Iterator[str]:
    """Every dotted name that is imported anywhere in `text`, function bodies included.

    `from a.b import c` gives `a.b.c`, since c may be a module. A relative import gives a name that starts with a dot.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from (f"{start}.{alias.name}" for alias in node.names)


def imported_files(text: str, among: Collection[str]) -> Iterator[str]:
    """The files of `among` (paths from the top) that `text` imports; what a package imports on its own is left out."""
    for name in imported(text):
        stem = name.replace(".", "/")
        parent = stem.rpartition("/")[0]
        candidates = (f"{stem}.py", f"{stem}/__init__.py", f"{parent}.py", f"{parent}/__init__.py")
        yield from (path for path in candidates if path in among)
