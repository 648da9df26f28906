"""Files made by `tflite_file`, read back."""

import numpy as np
import pytest

from edge_export import tflite
from schemas.errors import ExportError, UnsupportedOperator
from tests.unit.edge_export.tflite_file import Operator, Tensor, write

HALVES = np.array([[0.5, -1.25], [3, 4]], np.float16)
TENSORS = (
    Tensor("picture", (1, 4, 4, 3)),
    Tensor("halves", (2, 2), HALVES),
    Tensor("amounts", (3,), np.array([1, -2, 3], np.int32)),
    Tensor("out", (1, 2, 2, 3)),
)
POOL = Operator(17, (0,), 3, {0: 1, 1: 2, 2: 2, 3: 2, 4: 2}, byte_slots=(0, 5))


def test_tensors_operators_and_ends_are_read() -> None:
    model = tflite.read(write(TENSORS, [POOL], [0], [3]))
    assert [(t.name, t.shape) for t in model.tensors] == [(t.name, t.shape) for t in TENSORS]
    assert model.tensors[0].constant is None
    halves, amounts = model.tensors[1].constant, model.tensors[2].constant
    assert halves is not None
    assert amounts is not None
    np.testing.assert_array_equal(halves, HALVES)
    assert amounts.tolist() == [1, -2, 3]
    assert (model.inputs, model.outputs) == ((0,), (3,))
    (operator,) = model.operators
    assert (operator.kind, operator.inputs, operator.output) == ("MAX_POOL_2D", (0,), 3)
    assert operator.options is not None
    assert [operator.options.int32(slot) for slot in (1, 2, 3, 4)] == [2, 2, 2, 2]
    assert operator.options.int8(0) == 1
    assert operator.options.int8(5, default=9) == 9


def test_an_operator_without_options_has_none() -> None:
    model = tflite.read(write(TENSORS, [Operator(19, (0,), 3, None)], [0], [3]))
    assert model.operators[0].options is None


@pytest.mark.parametrize("code", [1, 127, 200])
def test_an_unknown_operator_is_refused(code: int) -> None:
    with pytest.raises(UnsupportedOperator):
        tflite.read(write(TENSORS, [Operator(code, (0,), 3)], [0], [3]))


def test_a_constant_of_unknown_type_is_refused() -> None:
    tensors = (*TENSORS, Tensor("long", (1,), np.array([1], np.int64)))
    with pytest.raises(UnsupportedOperator):
        tflite.read(write(tensors, [POOL], [0], [3]))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 a zip", b"\0" * 64])
def test_another_kind_of_file_is_refused(data: bytes) -> None:
    with pytest.raises(ExportError):
        tflite.read(data)
