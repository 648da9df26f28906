"""Reader of TensorFlow.js weights: a manifest (a list of tensors) and the bytes they lie in."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np

from edge_export.weights import Codes, Full
from schemas.errors import ExportError, UnsupportedOperator

TfjsWeight = Full | Codes


def read(manifest: bytes, data: bytes) -> dict[str, TfjsWeight]:
    """Every tensor by name, in the precision in which it is stored.

    A tensor quantised to uint8 whose zero lies on a code stays `Codes`; one whose zero does not (an offset
    that no integer zero point spells) becomes `Full`, with the values that TensorFlow.js would compute.

    Raises:
        ExportError: the bytes are not those that the manifest describes.
        UnsupportedOperator: a tensor has a type that this reader does not know.
    """
    try:
        entries: list[dict[str, Any]] = [entry for group in json.loads(manifest) for entry in group["weights"]]
        described = [(str(e["name"]), tuple(map(int, e["shape"])), e) for e in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError("not a TensorFlow.js weight manifest") from error
    weights: dict[str, TfjsWeight] = {}
    at = 0
    for name, shape, entry in described:
        dtype = _stored_dtype(name, entry)
        end = at + prod(shape) * dtype.itemsize
        if end > len(data):
            raise ExportError(f"the weight file ends inside {name}")
        stored = np.frombuffer(data[at:end], dtype).reshape(shape)
        weights[name] = _weight(stored, entry.get("quantization"))
        at = end
    if at != len(data):
        raise ExportError("the weight file is longer than its manifest says")
    return weights


def _stored_dtype(name: str, entry: dict[str, Any]) -> np.dtype[Any]:
    stored = (entry.get("quantization") or entry).get("dtype")
    if entry.get("dtype") != "float32" or stored not in ("float32", "uint8"):
        raise UnsupportedOperator(f"{name} is stored as {stored}")
    return np.dtype(np.uint8) if stored == "uint8" else np.dtype("<f4")


def _weight(stored: np.ndarray[Any, Any], quantization: dict[str, Any] | None) -> TfjsWeight:
    if quantization is None:
        return Full(stored.astype(np.float32))
    scale, minimum = float(quantization["scale"]), float(quantization["min"])
    zero_point = -minimum / scale
    if 0 <= round(zero_point) <= 255 and abs(zero_point - round(zero_point)) < 1e-6:
        return Codes(stored.astype(np.uint8), np.array(scale, np.float32), round(zero_point))
    return Full(stored.astype(np.float32) * np.float32(scale) + np.float32(minimum))
