"""A tiny network through reader, lowering and onnxruntime, against numpy."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from edge_export import tflite, tflite_graph
from edge_export.export import to_bytes
from edge_export.graph import Graph
from schemas.errors import UnsupportedOperator
from tests.unit.edge_export.tflite_file import Operator, Tensor, write

RNG = np.random.default_rng(2)
POINTWISE = RNG.standard_normal((4, 1, 1, 3)).astype(np.float16)
BIAS = RNG.standard_normal(4).astype(np.float16)
PER_CHANNEL = RNG.standard_normal((1, 1, 1, 4)).astype(np.float32)
SLOPE = np.array([0.1, 0.2, 0.3, 0.4], np.float32).reshape(1, 1, 4)

TENSORS = (
    Tensor("picture", (1, 4, 4, 3)),
    Tensor("w16", (4, 1, 1, 3), POINTWISE),
    Tensor("w", (4, 1, 1, 3)),
    Tensor("b16", (4,), BIAS),
    Tensor("b", (4,)),
    Tensor("conv", (1, 4, 4, 4)),
    Tensor("slope", (1, 1, 4), SLOPE),
    Tensor("bent", (1, 4, 4, 4)),
    Tensor("dw", (1, 1, 1, 4), PER_CHANNEL),
    Tensor("deep", (1, 4, 4, 4)),
    Tensor("sum", (1, 4, 4, 4)),
    Tensor("pool", (1, 2, 2, 4)),
    Tensor("amounts", (4, 2), np.array([[0, 0], [1, 0], [0, 1], [0, 2]], np.int32)),
    Tensor("padded", (1, 3, 3, 6)),
    Tensor("relu", (1, 3, 3, 6)),
    Tensor("rows", (1, 9, 6)),
    Tensor("twice", (1, 18, 6)),
)
CONV = Operator(3, (0, 2, 4), 5, {0: 0, 1: 1, 2: 1}, byte_slots=(0, 3))
OPERATORS = (
    Operator(6, (1,), 2, None),
    Operator(6, (3,), 4, None),
    CONV,
    Operator(54, (5, 6), 7, None),
    Operator(4, (7, 8), 9, {0: 0, 1: 1, 2: 1, 3: 1}, byte_slots=(0, 4)),
    Operator(0, (7, 9), 10, {}),
    Operator(17, (10,), 11, {0: 1, 1: 2, 2: 2, 3: 2, 4: 2}, byte_slots=(0, 5)),
    Operator(34, (11, 12), 13, None),
    Operator(19, (13,), 14, None),
    Operator(22, (14,), 15, None),
    Operator(2, (15, 15), 16, {0: -2}, byte_slots=(1,)),
)


def expected(picture: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """The same layers, channels last, in numpy."""
    x = picture @ POINTWISE[:, 0, 0].astype(np.float32).T + BIAS.astype(np.float32)
    x = np.where(x > 0, x, x * SLOPE)
    x = x + x * PER_CHANNEL
    x = x.reshape(1, 2, 2, 2, 2, 4).max(axis=(2, 4))
    x = np.maximum(np.pad(x, ((0, 0), (1, 0), (0, 1), (0, 2))), 0)
    rows = x.reshape(1, 9, 6)
    return np.concatenate([rows, rows], axis=1)


def lower(*operators: Operator, outputs: tuple[int, ...] = (16,)) -> Graph:
    graph = Graph("test")
    model = tflite.read(write(TENSORS, operators, [0], list(outputs)))
    for name, tensor in tflite_graph.add_network(graph, model, graph.rgba(4)).items():
        graph.output(tensor, f"{name}_out")
    return graph


def test_every_operator_does_what_tflite_does() -> None:
    graph = lower(*OPERATORS, outputs=(16, 10))
    session = onnxruntime.InferenceSession(to_bytes(graph.model("test")), providers=["CPUExecutionProvider"])
    rgba = RNG.integers(0, 256, (4, 4, 4), np.uint8)
    twice, total = session.run(["twice_out", "sum_out"], {"rgba": rgba})
    np.testing.assert_allclose(twice, expected(rgba[None, ..., :3].astype(np.float32)), rtol=1e-5, atol=1e-3)
    assert total.shape == (1, 4, 4, 4)  # a picture comes out channels last, as TFLite has it


def test_half_weights_stay_half() -> None:
    initializers = {i.data_type for i in lower(*OPERATORS).model("test").graph.initializer if len(i.dims) == 4}
    assert initializers == {10, 1}  # FLOAT16 as in the file, FLOAT for the one stored so


@pytest.mark.parametrize(
    "operator",
    [
        Operator(3, (0, 2, 4), 5, {1: 1, 2: 1, 3: 1}, byte_slots=(0, 3)),
        Operator(3, (0, 2, 4), 5, {1: 1, 2: 1, 4: 2, 5: 2}, byte_slots=(0, 3)),
        Operator(3, (0, 2, 4), 5, {1: 1, 2: 2}, byte_slots=(0, 3)),
        Operator(3, (0, 2, 4), 5, None),
        Operator(3, (0, 0, 4), 5, {1: 1, 2: 1}, byte_slots=(0, 3)),
        Operator(17, (0,), 5, {1: 2, 2: 2, 3: 2, 4: 3}, byte_slots=(0, 5)),
        Operator(0, (0, 0), 5, {0: 1}),
        Operator(34, (0, 0), 5, None),
    ],
    ids=["activation", "dilation", "strides", "no options", "no weight", "oblong", "add activation", "pad"],
)
def test_what_no_recipe_needed_is_refused(operator: Operator) -> None:
    with pytest.raises(UnsupportedOperator):
        lower(*OPERATORS[:2], operator, outputs=(5,))


def test_a_picture_operator_after_a_reshape_is_refused() -> None:
    with pytest.raises(UnsupportedOperator):
        lower(Operator(22, (0,), 15, None), Operator(19, (15,), 16, None))
