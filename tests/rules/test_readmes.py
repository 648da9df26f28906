"""What a README points at is there: files, and the commands of make."""

import posixpath
import re
from collections.abc import Collection, Iterator

import pytest

from tests.rules import tree

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")
TARGET = re.compile(r"^([a-z-]+):.*## ", re.MULTILINE)


def dead_links(path: str, text: str, files: Collection[str]) -> Iterator[str]:
    """Links in `text` to files or folders that are not among `files`."""
    for link in LINK.findall(text):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
        if not any(file == target or file.startswith(f"{target}/") for file in files):
            yield f"{path}: {link}"


def unknown_commands(path: str, text: str, targets: Collection[str]) -> Iterator[str]:
    """`make x` in code, for an x that the Makefile does not have."""
    for name in re.findall(r"(?:`|^ {4,})make ([a-z-]+)", text, re.MULTILINE):
        if name not in targets:
            yield f"{path}: make {name}"


def readmes() -> dict[str, str]:
    """All Markdown in the tree."""
    return {path: text for path, text in tree.texts().items() if path.endswith(".md")}


def test_links_lead_somewhere() -> None:
    assert [dead for path, text in readmes().items() for dead in dead_links(path, text, tree.paths())] == []


def test_commands_exist() -> None:
    targets = set(TARGET.findall(tree.texts()["Makefile"]))
    assert {"run", "test"} <= targets
    assert [name for path, text in readmes().items() for name in unknown_commands(path, text, targets)] == []


@pytest.mark.parametrize("link", ["gone.md", "../gone.md", "web/"])
def test_a_dead_link_is_seen(link: str) -> None:
    assert list(dead_links("gateway/README.md", f"see [this]({link})", ["gateway/app.py", "README.md"])) != []


def test_a_living_link_passes() -> None:
    text = "[a](app.py) [b](../README.md) [c](../gateway/) [d](https://example.test/x) [e](#part)"
    assert list(dead_links("gateway/README.md", text, ["gateway/app.py", "README.md"])) == []


def test_an_unknown_command_is_seen() -> None:
    assert list(unknown_commands("README.md", "run `make coffee`", {"run"})) != []
    assert list(unknown_commands("README.md", "    make tea # now", {"run"})) != []
    assert list(unknown_commands("README.md", "we make tea; `make run`", {"run"})) == []
