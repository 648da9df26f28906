"""The locks: every package with a hash, and none where it does not belong."""

import re
from typing import Final

import pytest

from tests.rules import tree

ABSENT: Final = {
    "gateway": {"numpy", "onnx", "onnxruntime", "onnxruntime-gpu", "pytest", "torch"},
    "worker": {"litestar", "onnx", "onnxruntime-gpu", "pytest", "torch", "uvicorn"},
    "worker-gpu": {"litestar", "onnx", "pytest", "torch", "uvicorn"},
    "edge": {"litestar", "nats-py", "pytest", "torch"},
    "dev": {"diffusers", "onnxruntime-gpu", "torch", "transformers"},
    "export-core": {"diffusers", "nvidia-cublas", "torch", "transformers", "triton"},
    "export": {"litestar", "nvidia-cublas", "torch", "triton"},
}
"""Per lock, what it must never bring along; torch comes from elsewhere even where it is used (.ci/export-env.sh)."""

PRESENT: Final = {
    "gateway": {"litestar", "nats-py"},
    "worker": {"numpy", "onnxruntime"},
    "worker-gpu": {"numpy", "onnxruntime-gpu"},
    "edge": {"onnx"},
    "dev": {"pytest", "ruff", "mypy", "onnxruntime"},
    "export-core": {"onnxscript"},
    "export": {"diffusers", "optimum-onnx"},
}


def packages(lock: str) -> dict[str, int]:
    """Per package in a lock, how many hashes it has (the fewest, where a package stands there twice)."""
    entries = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]*\])?==((?:.*\\\n)*.*)", lock, re.MULTILINE)
    counts: dict[str, int] = {}
    for name, rest in entries:
        counts[name] = min(rest.count("--hash=sha256:"), counts.get(name, 10**6))
    return counts


def lock(name: str) -> str:
    """The text of one lock."""
    return tree.texts()[f".locks/{name}.txt"]


@pytest.mark.parametrize("name", sorted(path[7:-4] for path in tree.paths() if re.fullmatch(r"\.locks/.*\.txt", path)))
def test_every_package_has_a_hash(name: str) -> None:
    found = packages(lock(name))
    assert found
    assert [package for package, hashes in found.items() if hashes == 0] == []
    assert "://" not in lock(name)


@pytest.mark.parametrize("name", ABSENT)
def test_a_lock_brings_only_what_its_room_needs(name: str) -> None:
    assert packages(lock(name)).keys() & ABSENT[name] == set()
    assert packages(lock(name)).keys() >= PRESENT[name]


def test_a_package_without_a_hash_is_seen() -> None:
    text = "a==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n    # via b\nc==2 ; os_name == 'nt'\nd[x,y]==3\n"
    assert packages(text) == {"a": 2, "c": 0, "d": 0}
