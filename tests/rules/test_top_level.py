"""The top of the tree holds the rooms, what sets them up, and nothing else."""

from collections.abc import Iterable
from typing import Final

import pytest

from tests.rules import tree

ALLOWED: Final = {
    *("LICENSE", "Makefile", "README.md", "pyproject.toml"),
    *("bench", "edge_export", "gateway", "schemas", "tests", "worker"),
}


def strangers(paths: Iterable[str]) -> set[str]:
    """What stands at the top without belonging there; names with a dot in front are set-up and may."""
    return {top for top in (path.split("/", 1)[0] for path in paths) if not top.startswith(".")} - ALLOWED


def test_the_top_level_is_exactly_this() -> None:
    assert strangers(tree.paths()) == set()
    assert {path.split("/", 1)[0] for path in tree.paths()} >= ALLOWED


@pytest.mark.parametrize("path", ["setup.py", "docs/x.md", "uv.lock", "requirements.txt", "scripts/a.sh"])
def test_a_stranger_is_seen(path: str) -> None:
    assert strangers([path, "worker/a.py", ".ci/run"]) == {path.split("/", maxsplit=1)[0]}
