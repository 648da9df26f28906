"""Does a graph answer as its original runtime did?

The original's answers are stored in `references/<role>.json`, made once by the scripts beside them. The
graph is asked in a fresh process, by onnxruntime, about the same pictures: what was built in memory cannot
vouch for itself. `python -m edge_export.parity MODEL ROLE` is that process.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from edge_export.probes import ALWAYS, probe
from edge_export.recipes import RECIPES, Recipe, recipe
from schemas.errors import LikenessError, ParityFailed

REFERENCES: Final = Path(__file__).with_name("references")
_ROOT: Final = Path(__file__).parents[1]
_TIMEOUT_SECONDS: Final = 300

Differences = dict[str, float]
"""For each output the largest absolute difference over the probes."""


class StoredTensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One output of the original runtime."""

    shape: list[int]
    float32_le: str
    """Little-endian float32 values as base64."""

    def values(self) -> npt.NDArray[np.float32]:
        """The tensor itself."""
        raw = base64.b64decode(self.float32_le, validate=True)
        return np.frombuffer(raw, "<f4").astype(np.float32).reshape(self.shape)


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the original runtime said about one picture."""

    probe: str
    input_sha256: str
    """Of the picture's RGBA bytes."""
    outputs: dict[str, StoredTensor]


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the original runtime said about all pictures."""

    answers: list[Answer]
    command: str
    """The command that made this file."""
    runtime: str
    source_sha256: str
    """Of the weight file that the runtime had loaded."""


def read_reference(role: str, folder: Path = REFERENCES) -> Reference:
    """The stored answers for one role.

    Raises:
        ParityFailed: there are none, or they are unreadable.
    """
    try:
        return msgspec.json.decode((folder / f"{role}.json").read_bytes(), type=Reference)
    except (OSError, msgspec.MsgspecError) as error:
        raise ParityFailed(f"no readable reference for {role}") from error


def measure(model: Path, row: Recipe, reference: Reference, probes: Collection[str] = ALWAYS) -> Differences:
    """How far the graph in `model` is from `reference` on the named probes, in this process.

    Raises:
        ParityFailed: the reference was made from another source file or another picture, or lacks a probe.
        SourceUnavailable: the probe `photo` was asked for and scikit-image is not installed.
    """
    if reference.source_sha256 != row.weights.sha256:
        raise ParityFailed(f"the reference for {row.role} was made from another source file")
    answers = [answer for answer in reference.answers if answer.probe in probes]
    if {answer.probe for answer in answers} != set(probes):
        raise ParityFailed(f"the reference for {row.role} lacks an answer")
    session = _session(model)
    names = [port.name for port in row.outputs]
    differences = dict.fromkeys(names, 0.0)
    for answer in answers:
        picture = probe(answer.probe, row.size)
        if hashlib.sha256(picture.tobytes()).hexdigest() != answer.input_sha256:
            raise ParityFailed(f"the picture {answer.probe} is not the one that the reference was made with")
        for name, ours in zip(names, session.run(names, {"rgba": picture}), strict=True):
            theirs = answer.outputs[name].values()
            if ours.shape != theirs.shape:
                raise ParityFailed(f"{row.role}: {name} has shape {ours.shape}, not {theirs.shape}")
            # np.maximum, unlike max(), lets a NaN through, and a NaN is within no tolerance.
            differences[name] = float(np.maximum(differences[name], np.abs(ours - theirs).max()))
    return differences


def _session(model: Path) -> Any:
    import onnxruntime  # noqa: PLC0415 - only the fresh process needs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Codes are widened once at load, as the page does it, and not before every run.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def measure_in_a_fresh_process(model: Path, role: str) -> Differences:
    """`measure`, in a new interpreter that shares nothing with the exporter but the file.

    Raises:
        ParityFailed: the comparison could not be made.
    """
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-m", "edge_export.parity", str(model), role]
    result = subprocess.run(  # noqa: S603 - our own module
        command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    if result.returncode != 0:
        last_words = " ".join(result.stderr.strip().splitlines()[-1:])
        raise ParityFailed(f"{role} could not be compared: {last_words}")
    return msgspec.json.decode(result.stdout, type=dict[str, float])


def require(row: Recipe, differences: Mapping[str, float]) -> None:
    """Return only if every output is within its tolerance.

    Raises:
        ParityFailed: one is not, or was not measured.
    """
    for name, tolerance in row.tolerance.items():
        difference = differences.get(name, float("nan"))
        if not difference <= tolerance:
            raise ParityFailed(f"{row.role}: {name} differs by {difference:.3g}, tolerance {tolerance:.3g}")


def main() -> None:
    """Compare one file and print its differences."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_export.parity",
        description="Compare a graph with its original runtime; print the differences as JSON.",
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("role", choices=[row.role for row in RECIPES])
    arguments = parser.parse_args()
    try:
        differences = measure(arguments.model, recipe(arguments.role), read_reference(arguments.role))
    except LikenessError as error:
        sys.exit(f"{error.code}: {error.detail}")
    # A NaN has no JSON: say it as a difference that no tolerance admits.
    print(msgspec.json.encode({k: v if np.isfinite(v) else 1e308 for k, v in differences.items()}).decode())


if __name__ == "__main__":
    main()
