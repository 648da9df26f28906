"""The builder against a plain numpy reading of what TensorFlow's layers do."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_export.export import to_bytes
from edge_export.graph import IR_VERSION, OPSET, Graph, Padding, Pool, Tensor, window
from edge_export.weights import Codes, Full, Half, Weight

Array = npt.NDArray[np.float32]
RNG = np.random.default_rng(1)
LENGTHS, KERNELS, STRIDES = st.integers(1, 200), st.integers(1, 9), st.integers(1, 5)


@given(LENGTHS, KERNELS, STRIDES)
def test_same_padding_gives_one_result_for_each_stride_begun(length: int, kernel: int, stride: int) -> None:
    found = window(length, kernel, stride, "SAME")
    assert found.length == -(-length // stride)
    assert found.after - found.before in (0, 1)
    assert found.before + length + found.after >= (found.length - 1) * stride + kernel


@given(LENGTHS, KERNELS, STRIDES)
def test_valid_padding_stays_inside(length: int, kernel: int, stride: int) -> None:
    found = window(length, kernel, stride, "VALID")
    assert (found.before, found.after) == (0, 0)
    if length >= kernel:
        assert (found.length - 1) * stride + kernel <= length < found.length * stride + kernel


def run(size: int, layer: Callable[[Graph, Tensor], Tensor]) -> tuple[Array, Array]:
    """A picture (3, size, size) and what `layer` makes of it (without the batch axis)."""
    graph = Graph("test")
    out = layer(graph, graph.rgba(size))
    graph.output(out, "y")
    rgba = RNG.integers(0, 256, (size, size, 4), np.uint8)
    session = onnxruntime.InferenceSession(to_bytes(graph.model("test")), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"rgba": rgba})
    assert y.shape == out.shape
    return rgba[..., :3].transpose(2, 0, 1).astype(np.float32), y[0]


def padded(picture: Array, kernel: int, stride: int, padding: Padding, value: float) -> Array:
    found = window(picture.shape[1], kernel, stride, padding)
    sides = (found.before, found.after)
    return np.pad(picture, ((0, 0), sides, sides), constant_values=value)


def slide(picture: Array, kernel: int, stride: int) -> Array:
    """Every window of an already padded picture: (channels, rows, columns, kernel, kernel)."""
    every = np.lib.stride_tricks.sliding_window_view(picture, (kernel, kernel), (1, 2))
    return every[:, ::stride, ::stride]


def test_rgba_becomes_a_picture_without_alpha() -> None:
    picture, y = run(5, lambda _, x: x)
    np.testing.assert_array_equal(y, picture)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [8, 9])
def test_convolution(size: int, kernel: int, stride: int, padding: Padding) -> None:
    filters = RNG.standard_normal((4, 3, kernel, kernel), np.float32)
    bias = RNG.standard_normal(4, np.float32)
    picture, y = run(size, lambda g, x: g.conv(x, Full(filters), Full(bias), stride=stride, padding=padding))
    windows = slide(padded(picture, kernel, stride, padding, 0), kernel, stride)
    expected = np.einsum("crwij,ocij->orw", windows, filters) + bias[:, None, None]
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-2)


def test_convolution_of_each_channel_by_itself() -> None:
    filters = RNG.standard_normal((3, 1, 3, 3), np.float32)
    picture, y = run(8, lambda g, x: g.conv(x, Full(filters), None, stride=2, groups=3))
    expected = np.einsum("crwij,cij->crw", slide(padded(picture, 3, 2, "SAME", 0), 3, 2), filters[:, 0])
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_pooling_ignores_padding(kind: Pool, padding: Padding) -> None:
    picture, y = run(8, lambda g, x: g.pool(x, kind, 3, 2, padding))
    windows = slide(padded(picture, 3, 2, padding, np.nan), 3, 2)
    expected = (np.nanmax if kind == "MaxPool" else np.nanmean)(windows, axis=(3, 4))
    np.testing.assert_allclose(y, expected, rtol=1e-6)


@pytest.mark.parametrize("offset", [(0.0,), (-1.0,), (-0.5, -0.4, -0.3)])
def test_affine(offset: tuple[float, ...]) -> None:
    add = np.array(offset, np.float32)
    picture, y = run(4, lambda g, x: g.affine(x, 1 / 255, add))
    np.testing.assert_allclose(y, picture * np.float32(1 / 255) + add.reshape(-1, 1, 1), rtol=1e-6, atol=1e-6)


def test_prelu_relu_add_and_pad() -> None:
    slope = np.array([0.1, 0.2, 0.3], np.float32).reshape(3, 1, 1)

    def layer(graph: Graph, x: Tensor) -> Tensor:
        x = graph.affine(x, 1.0, np.array([-100], np.float32))
        return graph.pad(graph.add(graph.prelu(x, Full(slope)), graph.relu(x)), (0, 1, 2, 0), (0, 0, 0, 3))

    picture, y = run(4, layer)
    x = picture - 100
    expected = np.where(x > 0, x, x * slope) + np.maximum(x, 0)
    np.testing.assert_allclose(y, np.pad(expected, ((0, 1), (0, 2), (3, 0))), rtol=1e-6)


def test_mean_dense_and_concat() -> None:
    weight, bias = RNG.standard_normal((2, 3), np.float32), RNG.standard_normal(2, np.float32)

    def layer(graph: Graph, x: Tensor) -> Tensor:
        mean = graph.mean_over_pixels(x)
        return graph.concat([graph.dense(mean, Full(weight), Full(bias)), mean], axis=1)

    picture, y = run(6, layer)
    mean = picture.mean(axis=(1, 2))
    np.testing.assert_allclose(y, [*(weight @ mean + bias), *mean], rtol=1e-5)


@pytest.mark.parametrize(
    "weight",
    [
        Half(RNG.standard_normal((4, 3, 3, 3)).astype(np.float16)),
        Codes(RNG.integers(0, 256, (4, 3, 3, 3), np.uint8), np.array(0.01, np.float32), 120),
        Codes(RNG.integers(0, 256, (4, 3, 3, 3), np.uint8), np.array([0.1, 0.2, 0.3, 0.4], np.float32), 3),
    ],
    ids=["half", "codes", "codes per channel"],
)
def test_a_stored_weight_acts_as_its_floats(weight: Weight) -> None:
    picture, y = run(8, lambda g, x: g.conv(x, weight, None))
    windows = slide(padded(picture, 3, 1, "SAME", 0), 3, 1)
    np.testing.assert_allclose(y, np.einsum("crwij,ocij->orw", windows, weight.floats()), rtol=1e-4, atol=0.05)


def test_equal_constants_are_stored_once() -> None:
    graph = Graph("test")
    assert graph.constant(np.zeros(3, np.float32)) == graph.constant(np.zeros(3, np.float32))
    assert graph.constant(np.zeros(3, np.float32)) != graph.constant(np.zeros(3, np.int32))
    assert graph.constant(np.zeros(3, np.float32)) != graph.constant(np.zeros((3, 1), np.float32))


def test_adding_different_shapes_is_refused() -> None:
    graph = Graph("test")
    with pytest.raises(ValueError, match="cannot add"):
        graph.add(graph.rgba(4), graph.constant(np.zeros((1, 3, 4, 5), np.float32)))


def test_the_model_names_its_opset_and_format() -> None:
    graph = Graph("test")
    graph.output(graph.rgba(2), "y")
    model = graph.model("what it is")
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]
    assert model.ir_version == IR_VERSION
    assert model.doc_string == "what it is"


def test_a_graph_that_contradicts_itself_is_refused() -> None:
    graph = Graph("test")
    graph.output(Tensor("nowhere", (1,)), "y")
    with pytest.raises(onnx.checker.ValidationError):
        graph.model("broken")
