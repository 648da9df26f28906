"""Inside a room a file imports only files that stand above it in the ladder of the room's README: no circles.

A ladder is a fenced block marked `ladder`, one file or folder a line, top first; what follows the name is for people.
A folder ends in a slash and has a README with a ladder of its own.
"""

import re
from collections.abc import Iterator, Mapping

import pytest

from tests.rules import tree
from tests.rules.imports import imported, imported_files


def ladder(readme: str) -> list[str]:
    """The names in the README's ladder, top first; empty when there is none."""
    block = re.search(r"^```ladder\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    return [line.split()[0] for line in block[1].splitlines() if line.strip()] if block else []


def violations(folder: str, texts: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the ladder of `folder` (a path ending in a slash), given the texts of all files below it."""
    rungs = ladder(texts.get(f"{folder}README.md", ""))
    if not rungs:
        yield f"{folder}README.md has no ladder"
        return

    def height(path: str) -> int | None:
        below = path.removeprefix(folder)
        hits = [i for i, rung in enumerate(rungs) if below == rung or (rung.endswith("/") and below.startswith(rung))]
        return hits[0] if hits else None

    files = {path: text for path, text in texts.items() if path.startswith(folder) and has_a_place(path, text)}
    yield from (f"{folder}README.md: {rung} is not there" for rung in rungs if not is_there(folder + rung, texts))
    for path, text in files.items():
        own = height(path)
        if own is None:
            yield f"{path} stands in no ladder"
            continue
        for other in sorted(set(imported_files(text, files))):
            theirs = height(other)
            if theirs is not None and theirs >= own and not (theirs == own and rungs[own].endswith("/")):
                yield f"{path} imports {other}, which stands {'below' if theirs > own else 'beside'} it"
    for rung in rungs:
        if rung.endswith("/"):
            yield from violations(folder + rung, texts)


def has_a_place(path: str, text: str) -> bool:
    """Whether `path` is Python and belongs in a ladder.

    A package's `__init__.py` runs before all else in it, so it stands above every ladder, unless it imports from below.
    """
    package = path.removesuffix("__init__.py").rstrip("/").replace("/", ".")
    if path.endswith("/__init__.py"):
        return any(f"{name}.".startswith(f"{package}.") for name in imported(text))
    return path.endswith(".py")


def is_there(path: str, texts: Mapping[str, str]) -> bool:
    """Whether a file, or a folder given with its slash, is among `texts`."""
    return path in texts or (path.endswith("/") and any(other.startswith(path) for other in texts))


@pytest.mark.parametrize("room", tree.ROOMS)
def test_a_file_imports_only_files_above_it(room: str) -> None:
    assert list(violations(f"{room}/", tree.texts())) == []


GOOD = {
    "room/README.md": "# Room\n\n```ladder\nerrors.py    all that is refused\ntoken.py\norgans/\nrun.py\n```\n",
    "room/__init__.py": "import os",
    "room/errors.py": "X = 1",
    "room/token.py": "from room.errors import X",
    "room/run.py": "from room import errors\nfrom room.organs.heart import beat",
    "room/organs/README.md": "```ladder\nblood.py\nheart.py\n```\n",
    "room/organs/blood.py": "import room.token",
    "room/organs/heart.py": "from room.organs import blood\n\ndef beat(): ...",
}


def test_a_good_ladder_passes() -> None:
    assert list(violations("room/", GOOD)) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("room/README.md", "# Room without a ladder"),
        ("room/errors.py", "from room import token"),
        ("room/errors.py", "def late():\n    import room.run"),
        ("room/organs/blood.py", "import room.organs.heart"),
        ("room/organs/blood.py", "import room.run"),
        ("room/organs/README.md", "nothing"),
        ("room/stranger.py", "X = 1"),
        ("room/__init__.py", "from room.run import go"),
        ("room/README.md", GOOD["room/README.md"].replace("run.py", "run.py\ngone.py")),
    ],
)
def test_a_broken_ladder_is_seen(path: str, text: str) -> None:
    assert list(violations("room/", GOOD | {path: text})) != []
