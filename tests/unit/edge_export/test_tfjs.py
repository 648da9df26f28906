"""Manifests and weight files written by hand."""

import json
from typing import Any

import numpy as np
import pytest

from edge_export import tfjs
from edge_export.weights import Codes, Full
from schemas.errors import ExportError, UnsupportedOperator

FLOATS = {"name": "a/bias", "shape": [3], "dtype": "float32"}
QUANTISED = {
    "name": "a/filters",
    "shape": [2, 2],
    "dtype": "float32",
    "quantization": {"dtype": "uint8", "scale": 0.5, "min": -2.0},
}
NO_ZERO = {
    "name": "a/gain",
    "shape": [2],
    "dtype": "float32",
    "quantization": {"dtype": "uint8", "scale": 0.5, "min": 3.1},
}
DATA = np.array([1.5, -2, 3], "<f4").tobytes() + bytes([0, 4, 5, 255]) + bytes([0, 10])


def manifest(*entries: dict[str, Any]) -> bytes:
    return json.dumps([{"paths": ["weights.bin"], "weights": list(entries)}]).encode()


def test_each_tensor_keeps_its_precision() -> None:
    weights = tfjs.read(manifest(FLOATS, QUANTISED, NO_ZERO), DATA)
    assert list(weights) == ["a/bias", "a/filters", "a/gain"]
    bias, filters, gain = weights.values()
    assert isinstance(bias, Full)
    assert bias.values.tolist() == [1.5, -2, 3]
    assert isinstance(filters, Codes)
    assert (filters.codes.tolist(), filters.zero_point) == ([[0, 4], [5, 255]], 4)
    assert filters.floats().tolist() == [[-2, 0], [0.5, 125.5]]
    assert isinstance(gain, Full)  # no code means zero, so the codes cannot stay
    np.testing.assert_allclose(gain.values, [3.1, 8.1], rtol=1e-6)


def test_groups_are_read_one_after_the_other() -> None:
    groups = json.loads(manifest(FLOATS)) + json.loads(manifest(QUANTISED, NO_ZERO))
    assert list(tfjs.read(json.dumps(groups).encode(), DATA)) == ["a/bias", "a/filters", "a/gain"]


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"\0", b""], ids=["short", "long", "empty"])
def test_weights_of_another_length_are_refused(data: bytes) -> None:
    with pytest.raises(ExportError):
        tfjs.read(manifest(FLOATS, QUANTISED, NO_ZERO), data)


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b'[{"weights": [{"name": "a"}]}]', b"\xff"])
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(ExportError):
        tfjs.read(text, DATA)


@pytest.mark.parametrize(
    "entry",
    [
        FLOATS | {"dtype": "int32"},
        QUANTISED | {"quantization": {"dtype": "uint16", "scale": 1, "min": 0}},
        FLOATS | {"dtype": "string"},
    ],
)
def test_an_unknown_type_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedOperator):
        tfjs.read(manifest(entry), DATA)
