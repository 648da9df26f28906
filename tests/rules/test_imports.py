"""Who may import whom. These tables are the architecture: if one is wrong, change it here first."""

import ast
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from tests.rules import tree
from tests.rules.imports import imported

MAY_IMPORT: Final = {
    "schemas": {"cryptography", "msgspec"},
    "gateway": {"cryptography", "litestar", "msgspec", "nats", "schemas", "uvicorn", "uvloop"},
    "worker": {"cryptography", "msgspec", "nats", "numpy", "onnxruntime", "schemas"},
    "edge_export": {
        *("cryptography", "flatbuffers", "msgspec", "numpy", "onnx", "onnxruntime", "schemas", "tqdm"),
        *("PIL", "ai_edge_litert", "diffusers", "onnxscript", "optimum", "safetensors", "skimage", "torch"),
        "transformers",
    },
}
"""Per room, all it may import beside itself and the standard library."""

ONLY_IN: Final = {
    "nats": ("gateway/dispatch", "worker/intake"),
    "ai_edge_litert": ("edge_export/references/",),
    "skimage": ("edge_export/bundles/", "edge_export/probes.py"),
    **dict.fromkeys(
        ("PIL", "diffusers", "onnxscript", "optimum", "safetensors", "torch", "transformers"),
        ("edge_export/bundles/",),
    ),
}
"""Beginnings of the paths that alone may import a package."""

WITHOUT_IO: Final = {
    *("abc", "base64", "binascii", "collections", "contextlib", "dataclasses", "enum", "functools", "hashlib", "hmac"),
    *("itertools", "math", "re", "string", "struct", "textwrap", "types", "typing", "unicodedata"),
}
"""The part of the standard library that schemas/ may use: no files, sockets, clock or randomness."""

TOOLS_OF_SCHEMAS: Final = {"schemas/typescript.py": {"json", "pathlib", "sys"}}
"""Commands in schemas/ that write a file, and what they use for it."""


def violations(path: str, text: str) -> Iterator[str]:
    """Every import in `path` that the tables do not allow."""
    room = path.split("/", 1)[0]
    for name in imported(text):
        package = name.split(".", 1)[0]
        if not package:
            yield f"{path}: {name} is relative; names here are whole"
        elif package in sys.stdlib_module_names:
            if room == "schemas" and package not in WITHOUT_IO | TOOLS_OF_SCHEMAS.get(path, set()):
                yield f"{path}: schemas/ does no I/O and knows no clock, but imports {package}"
        elif package not in {room} | MAY_IMPORT[room]:
            yield f"{path}: {room}/ may not import {package}"
        elif not path.startswith(ONLY_IN.get(package, room)):
            yield f"{path}: {package} is imported only in {', '.join(ONLY_IN[package])}"
    yield from hidden_ways(path, text)


def hidden_ways(path: str, text: str) -> Iterator[str]:
    """Ways around an import statement, and around the ban on files in schemas/."""
    for node in ast.walk(ast.parse(text)):
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        if name in {"__import__", "import_module"}:
            yield f"{path}: {name} hides an import"
        if path.startswith("schemas/") and isinstance(node, ast.Name) and node.id == "open":
            yield f"{path}: schemas/ opens no files"


def test_a_room_imports_only_what_the_tables_allow() -> None:
    assert [v for path, text in tree.python(*tree.ROOMS).items() for v in violations(path, text)] == []


def test_every_room_is_looked_at() -> None:
    assert {path.split("/", 1)[0] for path in tree.python(*tree.ROOMS)} == set(tree.ROOMS)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/app.py", "import worker.child"),
        ("worker/child.py", "from gateway import app"),
        ("worker/child.py", "def f():\n    import torch"),
        ("worker/run.py", "import nats"),
        ("gateway/cli.py", "from nats.aio import client"),
        ("gateway/app.py", "import onnxruntime"),
        ("edge_export/graph.py", "import torch.nn"),
        ("edge_export/graph.py", "from tests import world"),
        ("schemas/consent.py", "import time"),
        ("schemas/consent.py", "from pathlib import Path"),
        ("schemas/consent.py", "import numpy"),
        ("schemas/consent.py", "from .errors import TooLarge"),
        ("schemas/consent.py", "open('x')"),
        ("worker/run.py", "import importlib\nimportlib.import_module('torch')"),
    ],
)
def test_a_forbidden_import_is_seen(path: str, text: str) -> None:
    assert list(violations(path, text)) != []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("schemas/consent.py", "from schemas import signing"),
        ("gateway/dispatch.py", "import nats\nimport asyncio"),
        ("worker/intake_offers.py", "from nats.errors import TimeoutError"),
        ("edge_export/bundles/embedded/train.py", "import torch"),
        ("schemas/typescript.py", "import sys"),
    ],
)
def test_an_allowed_import_passes(path: str, text: str) -> None:
    assert list(violations(path, text)) == []
