"""Every setting that a room reads from the environment is told in a README."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.rules import tree

NAME: Final = re.compile(r"\bLIKENESS_[A-Z0-9_]*[A-Z0-9]\b")
CODE: Final = (".py", ".ts", ".mjs", ".sh", "Makefile", ".ci/run")
ON_THE_BUS: Final = "schemas/subjects.py"
"""Names of streams and buckets are spelled like settings; they are defined here."""


def named(text: str) -> set[str]:
    """The settings that a text spells out."""
    return set(NAME.findall(text))


def fields(text: str) -> Iterator[str]:
    """The settings that follow from the fields of a class called Settings: `port` is read from LIKENESS_PORT."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield f"LIKENESS_{line.target.id.upper()}"


def untold(texts: dict[str, str]) -> list[str]:
    """The settings in code that no README names; a field of Settings has to be in the README of its own room."""
    everywhere = {name for path, text in texts.items() if path.endswith("README.md") for name in named(text)}
    found = []
    for path, text in texts.items():
        room = path.split("/", 1)[0]
        if path.endswith(CODE) and room != "tests" and path != ON_THE_BUS:
            missing = named(text) - named(texts.get(ON_THE_BUS, "")) - everywhere
            if path.endswith("/settings.py"):
                missing |= set(fields(text)) - named(texts.get(f"{room}/README.md", ""))
            found += [f"{path}: {name}" for name in sorted(missing)]
    return found


def test_every_setting_is_told() -> None:
    assert untold(tree.texts()) == []


def test_settings_are_found() -> None:
    assert any(path.endswith("/settings.py") and list(fields(text)) for path, text in tree.python("gateway").items())


def test_an_untold_setting_is_seen() -> None:
    code = {"gateway/app.py": "environ['LIKENESS_PORT']", "gateway/README.md": "LIKENESS_HOST", "schemas/README.md": ""}
    assert untold(code) == ["gateway/app.py: LIKENESS_PORT"]
    assert untold(code | {"gateway/README.md": "`LIKENESS_PORT` is the port"}) == []


def test_a_field_is_told_in_its_own_room() -> None:
    code = {"worker/settings.py": "class Settings:\n    pool: str"}
    assert untold(code | {"gateway/README.md": "`LIKENESS_POOL`"}) == ["worker/settings.py: LIKENESS_POOL"]
    assert untold(code | {"worker/README.md": "`LIKENESS_POOL`"}) == []


def test_names_on_the_bus_are_no_settings() -> None:
    assert untold({ON_THE_BUS: "X = 'LIKENESS_OFFERS'", "gateway/app.py": "'LIKENESS_OFFERS'"}) == []
