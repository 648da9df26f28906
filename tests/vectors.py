"""Reads the shared vector files; an empty or unknown one is an error, so that a set cannot vanish unnoticed."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "schemas" / "vectors"


def names() -> set[str]:
    """The names of all vector files."""
    return {path.stem for path in FOLDER.glob("*.json")}


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one file.

    Raises:
        ValueError: the file is empty, or has no accepted or no refused case.
    """
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["cases"]
    expectations = {case["expect"] == "accept" for case in found}
    if expectations != {True, False} and not name.startswith("from_"):
        raise ValueError(f"{name}.json needs accepted and refused cases")
    if not found:
        raise ValueError(f"{name}.json is empty")
    return found
