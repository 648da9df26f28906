"""A small builder of ONNX graphs: NCHW tensors, batch 1, static shapes, TensorFlow's SAME padding.

Names are counters and constants are shared by content, so the same calls give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_export.weights import Codes, Float32, Full, Half, Weight

OPSET = 17
IR_VERSION = 8

Padding = Literal["SAME", "VALID"]
Pool = Literal["MaxPool", "AveragePool"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value that flows through the graph: its ONNX name and its static shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """One axis of a sliding window: padding before and after, and the length of the result."""

    before: int
    after: int
    length: int


def window(length: int, kernel: int, stride: int, padding: Padding) -> Window:
    """Padding and result length of a sliding window, as TensorFlow defines SAME and VALID.

    SAME gives ceil(length / stride) results and puts the odd padding element at the end.
    """
    if padding == "VALID":
        return Window(0, 0, (length - kernel) // stride + 1)
    results = -(-length // stride)
    total = max((results - 1) * stride + kernel - length, 0)
    return Window(total // 2, total - total // 2, results)


class Graph:
    """Collects nodes and constants, and closes them into one checked model."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Tensor] = {}
        self._initializers: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    # -- inputs, constants, outputs --

    def rgba(self, size: int) -> Tensor:
        """Declare `rgba`, uint8 (size, size, 4) from a canvas; gives float32 (1, 3, size, size), 0..255."""
        self._inputs.append(helper.make_tensor_value_info("rgba", TensorProto.UINT8, [size, size, 4]))
        bounds = [self.constant(np.array([v], np.int64)).name for v in (0, 3, 2)]  # starts, ends, axes
        x = self._node("Slice", ["rgba", *bounds], (size, size, 3))
        x = self._node("Cast", [x.name], x.shape, to=TensorProto.FLOAT)
        return self.reshape(self.transpose(x, (2, 0, 1)), (1, 3, size, size))

    def constant(self, values: npt.NDArray[np.generic]) -> Tensor:
        """A constant tensor; equal constants are stored once."""
        values = np.asarray(values)
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            tensor = Tensor(self._fresh("constant"), values.shape)
            self._initializers.append(numpy_helper.from_array(values, tensor.name))
            self._constants[key] = tensor
        return self._constants[key]

    def weight(self, weight: Weight) -> Tensor:
        """A float32 tensor from a stored weight, widened once at load time."""
        match weight:
            case Full(values):
                return self.constant(values)
            case Half(values):
                return self._node("Cast", [self.constant(values).name], weight.shape, to=TensorProto.FLOAT)
            case Codes(codes, scale, zero_point):
                zeros = np.full(scale.shape, zero_point, np.uint8)
                names = [self.constant(part).name for part in (codes, scale, zeros)]
                axis = {"axis": 0} if scale.ndim else {}
                return self._node("DequantizeLinear", names, weight.shape, **axis)

    def output(self, x: Tensor, name: str) -> None:
        """Declare `x` as the float32 output `name`."""
        self._nodes.append(helper.make_node("Identity", [x.name], [name], name=name))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape))

    def model(self, doc: str) -> onnx.ModelProto:
        """The finished model, checked by onnx with full shape inference."""
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, self._initializers)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="likeness edge_export",
            doc_string=doc,
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    # -- operators --

    def affine(self, x: Tensor, gain: float, offset: Float32) -> Tensor:
        """x * gain + offset; `offset` has one value, or one for each channel."""
        x = self._node("Mul", [x.name, self.constant(np.array(gain, np.float32)).name], x.shape)
        if not np.any(offset):
            return x
        shape = (-1, 1, 1) if offset.size > 1 else ()
        return self._node("Add", [x.name, self.constant(offset.reshape(shape)).name], x.shape)

    def conv(
        self,
        x: Tensor,
        weight: Weight,
        bias: Weight | None,
        *,
        stride: int = 1,
        padding: Padding = "SAME",
        groups: int = 1,
    ) -> Tensor:
        """2-D convolution; `weight` is (out, in / groups, height, width), `bias` is (out,)."""
        _, _, height, width = x.shape
        out_channels, _, kernel_h, kernel_w = weight.shape
        rows = window(height, kernel_h, stride, padding)
        columns = window(width, kernel_w, stride, padding)
        names = [x.name, self.weight(weight).name]
        if bias is not None:
            names.append(self.weight(bias).name)
        return self._node(
            "Conv",
            names,
            (1, out_channels, rows.length, columns.length),
            kernel_shape=[kernel_h, kernel_w],
            strides=[stride, stride],
            pads=[rows.before, columns.before, rows.after, columns.after],
            group=groups,
        )

    def pool(self, x: Tensor, kind: Pool, kernel: int, stride: int, padding: Padding = "VALID") -> Tensor:
        """Square max or average pooling; an average leaves padding out of the count, as TensorFlow does."""
        _, channels, height, width = x.shape
        rows, columns = (window(length, kernel, stride, padding) for length in (height, width))
        extra = {"count_include_pad": 0} if kind == "AveragePool" else {}
        return self._node(
            kind,
            [x.name],
            (1, channels, rows.length, columns.length),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[rows.before, columns.before, rows.after, columns.after],
            **extra,
        )

    def mean_over_pixels(self, x: Tensor) -> Tensor:
        """The mean of each channel: (1, c, h, w) -> (1, c)."""
        channels = x.shape[1]
        x = self._node("GlobalAveragePool", [x.name], (1, channels, 1, 1))
        return self.reshape(x, (1, channels))

    def dense(self, x: Tensor, weight: Weight, bias: Weight | None) -> Tensor:
        """Fully connected layer: (1, in) -> (1, out); `weight` is (out, in)."""
        names = [x.name, self.weight(weight).name]
        if bias is not None:
            names.append(self.weight(bias).name)
        return self._node("Gemm", names, (1, weight.shape[0]), transB=1)

    def relu(self, x: Tensor) -> Tensor:
        """max(x, 0)."""
        return self._node("Relu", [x.name], x.shape)

    def prelu(self, x: Tensor, slope: Weight) -> Tensor:
        """Leaky rectifier with one slope for each channel; `slope` is (c, 1, 1)."""
        return self._node("PRelu", [x.name, self.weight(slope).name], x.shape)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """a + b for two tensors of one shape."""
        if a.shape != b.shape:
            raise ValueError(f"cannot add {a.shape} and {b.shape}")
        return self._node("Add", [a.name, b.name], a.shape)

    def pad(self, x: Tensor, after: tuple[int, ...], before: tuple[int, ...] = (0, 0, 0, 0)) -> Tensor:
        """Zeros before and after each of the four axes."""
        shape = tuple(n + b + a for n, b, a in zip(x.shape, before, after, strict=True))
        amounts = self.constant(np.array([*before, *after], np.int64))
        return self._node("Pad", [x.name, amounts.name], shape)

    def concat(self, parts: list[Tensor], axis: int) -> Tensor:
        """The parts one after the other along `axis`."""
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        return self._node("Concat", [part.name for part in parts], tuple(shape), axis=axis)

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The same values in the same order, with another shape."""
        target = self.constant(np.array(shape, np.int64))
        return self._node("Reshape", [x.name, target.name], shape)

    def transpose(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        """`x` with axis `axes[i]` as its axis i."""
        return self._node("Transpose", [x.name], tuple(x.shape[a] for a in axes), perm=list(axes))

    # -- inside --

    def _fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}"

    def _node(self, operator: str, inputs: list[str], shape: tuple[int, ...], **attributes: Any) -> Tensor:
        tensor = Tensor(self._fresh(operator.lower()), tuple(int(n) for n in shape))
        self._nodes.append(helper.make_node(operator, inputs, [tensor.name], name=tensor.name, **attributes))
        return tensor
