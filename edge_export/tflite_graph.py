"""From a TensorFlow Lite network to an ONNX graph, operator by operator.

TFLite keeps channels last, ONNX first. Pictures stay channels first from the input on; only a reshape or a
concatenation of rows brings a tensor back to the order in which TFLite lays it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_export.graph import Graph, Padding, Tensor
from edge_export.tflite import Table, TfliteModel, TfliteOperator
from edge_export.weights import Full, Half, Weight
from schemas.errors import UnsupportedOperator

_PADDING: Final[tuple[Padding, Padding]] = ("SAME", "VALID")
_NO_ACTIVATION: Final = 0
_CHANNELS_LAST: Final = (0, 2, 3, 1)
_CHANNELS_FIRST: Final = (0, 3, 1, 2)


@dataclass(frozen=True, slots=True)
class _Value:
    """A tensor on its way through the graph, and whether its channels were moved to the front."""

    tensor: Tensor
    channels_first: bool


class _Lowering:
    """The values known so far, and one method for each operator."""

    def __init__(self, graph: Graph, model: TfliteModel, picture: Tensor) -> None:
        self._graph = graph
        self._model = model
        self._values = {model.inputs[0]: _Value(picture, channels_first=True)}
        self._weights: dict[int, Weight] = {}
        for index, tensor in enumerate(model.tensors):
            if tensor.constant is not None and tensor.constant.dtype.kind == "f":
                self._weights[index] = _stored(tensor.constant)
        self._methods: dict[str, Callable[[TfliteOperator], None]] = {
            "ADD": self._add,
            "CONCATENATION": self._concatenation,
            "CONV_2D": self._conv,
            "DEPTHWISE_CONV_2D": self._depthwise_conv,
            "DEQUANTIZE": self._dequantize,
            "MAX_POOL_2D": self._max_pool,
            "PAD": self._pad,
            "PRELU": self._prelu,
            "RELU": self._relu,
            "RESHAPE": self._reshape,
        }

    def run(self) -> None:
        """Add every operator, in order."""
        for operator in self._model.operators:
            method = self._methods.get(operator.kind)
            if method is None:
                raise UnsupportedOperator(f"TFLite operator {operator.kind}")
            method(operator)

    def plain(self, index: int) -> Tensor:
        """Tensor `index` in TFLite's own order of axes."""
        value = self._values[index]
        return self._graph.transpose(value.tensor, _CHANNELS_LAST) if value.channels_first else value.tensor

    # -- operators; option slots are those of the TFLite schema --

    def _conv(self, operator: TfliteOperator) -> None:
        options = _options(operator)
        _refuse(options.int8(3) != _NO_ACTIVATION, "a fused activation")
        _refuse(options.int32(4, 1) != 1 or options.int32(5, 1) != 1, "a dilated convolution")
        filters = self._weight(operator, 1).rearranged(lambda w: w.transpose(0, 3, 1, 2))  # out, in, h, w
        self._convolve(operator, filters, groups=1)

    def _depthwise_conv(self, operator: TfliteOperator) -> None:
        options = _options(operator)
        _refuse(options.int8(4) != _NO_ACTIVATION, "a fused activation")
        _refuse(options.int32(5, 1) != 1 or options.int32(6, 1) != 1, "a dilated convolution")
        filters = self._weight(operator, 1).rearranged(lambda w: w.transpose(3, 0, 1, 2))  # channel, 1, h, w
        self._convolve(operator, filters, groups=self._picture(operator.inputs[0]).shape[1])

    def _convolve(self, operator: TfliteOperator, filters: Weight, groups: int) -> None:
        options = _options(operator)
        _refuse(options.int32(1) != options.int32(2), "different strides for rows and columns")
        bias = self._weight(operator, 2) if len(operator.inputs) > 2 else None
        padding = _PADDING[options.int8(0)]
        x = self._picture(operator.inputs[0])
        y = self._graph.conv(x, filters, bias, stride=options.int32(1), padding=padding, groups=groups)
        self._values[operator.output] = _Value(y, channels_first=True)

    def _max_pool(self, operator: TfliteOperator) -> None:
        options = _options(operator)
        _refuse(options.int8(5) != _NO_ACTIVATION, "a fused activation")
        _refuse(options.int32(1) != options.int32(2) or options.int32(3) != options.int32(4), "an oblong pool")
        padding = _PADDING[options.int8(0)]
        x = self._picture(operator.inputs[0])
        y = self._graph.pool(x, "MaxPool", options.int32(3), options.int32(1), padding)
        self._values[operator.output] = _Value(y, channels_first=True)

    def _add(self, operator: TfliteOperator) -> None:
        _refuse(_options(operator).int8(0) != _NO_ACTIVATION, "a fused activation")
        a, b = (self._picture(index) for index in operator.inputs)
        self._values[operator.output] = _Value(self._graph.add(a, b), channels_first=True)

    def _pad(self, operator: TfliteOperator) -> None:
        amounts = self._model.tensors[operator.inputs[1]].constant
        _refuse(amounts is None, "padding that is not constant")
        before, after = np.asarray(amounts)[list(_CHANNELS_FIRST)].T
        x = self._picture(operator.inputs[0])
        y = self._graph.pad(x, tuple(map(int, after)), tuple(map(int, before)))
        self._values[operator.output] = _Value(y, channels_first=True)

    def _prelu(self, operator: TfliteOperator) -> None:
        slope = self._weight(operator, 1).rearranged(lambda a: a.reshape(-1, 1, 1))
        y = self._graph.prelu(self._picture(operator.inputs[0]), slope)
        self._values[operator.output] = _Value(y, channels_first=True)

    def _relu(self, operator: TfliteOperator) -> None:
        y = self._graph.relu(self._picture(operator.inputs[0]))
        self._values[operator.output] = _Value(y, channels_first=True)

    def _reshape(self, operator: TfliteOperator) -> None:
        shape = self._model.tensors[operator.output].shape
        y = self._graph.reshape(self.plain(operator.inputs[0]), shape)
        self._values[operator.output] = _Value(y, channels_first=False)

    def _concatenation(self, operator: TfliteOperator) -> None:
        options = _options(operator)
        _refuse(options.int8(1) != _NO_ACTIVATION, "a fused activation")
        parts = [self.plain(index) for index in operator.inputs]
        axis = options.int32(0) % len(parts[0].shape)
        self._values[operator.output] = _Value(self._graph.concat(parts, axis), channels_first=False)

    def _dequantize(self, operator: TfliteOperator) -> None:
        # In a float16 file this only widens a constant, and a weight is widened where it is used.
        self._weights[operator.output] = self._weight(operator, 0)

    # -- lookups --

    def _picture(self, index: int) -> Tensor:
        value = self._values[index]
        _refuse(not value.channels_first, "a picture operator after a reshape")
        return value.tensor

    def _weight(self, operator: TfliteOperator, position: int) -> Weight:
        index = operator.inputs[position]
        _refuse(index not in self._weights, "a weight that is not constant")
        return self._weights[index]


def add_network(graph: Graph, model: TfliteModel, picture: Tensor) -> dict[str, Tensor]:
    """Add the whole network to `graph`, reading `picture` (1, c, h, w); its outputs by name, in TFLite's order.

    Raises:
        UnsupportedOperator: an operator, or an option of one, that no recipe has needed so far.
    """
    lowering = _Lowering(graph, model, picture)
    lowering.run()
    return {model.tensors[index].name: lowering.plain(index) for index in model.outputs}


def _stored(constant: npt.NDArray[np.generic]) -> Weight:
    if constant.dtype == np.float16:
        return Half(constant.astype(np.float16))
    return Full(constant.astype(np.float32))


def _options(operator: TfliteOperator) -> Table:
    if operator.options is None:
        raise UnsupportedOperator(f"{operator.kind} without options")
    return operator.options


def _refuse(condition: bool, what: str) -> None:  # noqa: FBT001
    if condition:
        raise UnsupportedOperator(f"the network uses {what}, which no recipe needed so far")
