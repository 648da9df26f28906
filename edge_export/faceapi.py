"""The two face-api networks that Likeness uses, layer by layer.

The weight files hold tensors only; the order of layers is that of the package's networks `FaceRecognitionNet`
and `AgeGenderNet`. Filters are stored height, width, in, out there, and out, in, height, width here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edge_export.graph import Graph, Padding, Tensor
from edge_export.tfjs import TfjsWeight
from edge_export.weights import Float32, Full, Weight

Weights = Mapping[str, TfjsWeight]
Array = npt.NDArray[np.generic]


def embedding(graph: Graph, x: Tensor, weights: Weights) -> Tensor:
    """dlib's 29-layer ResNet: normalised pixels (1, 3, 150, 150) -> (1, 128), of any length."""
    x = graph.relu(_scaled_conv(graph, x, weights, "conv32_down", stride=2, padding="VALID"))
    x = graph.pool(x, "MaxPool", 3, 2)
    for width, blocks in ((32, 3), (64, 3), (128, 2), (256, 2)):
        if width > 32:
            x = _halving_block(graph, x, weights, f"conv{width}_down")
        for block in range(1, blocks + 1):
            x = _residual_block(graph, x, weights, f"conv{width}_{block}")
    x = _halving_block(graph, x, weights, "conv256_down_out")
    return graph.dense(graph.mean_over_pixels(x), weights["fc"].rearranged(np.transpose), None)


def age(graph: Graph, x: Tensor, weights: Weights) -> Tensor:
    """A small Xception: normalised pixels (1, 3, 112, 112) -> (1, 1), years. The gender head is not built."""
    x = graph.relu(_conv(graph, x, weights, "entry_flow/conv_in", 2))
    x = _reduction(graph, x, x, weights, "entry_flow/reduction_block_0")
    x = _reduction(graph, x, graph.relu(x), weights, "entry_flow/reduction_block_1")
    for block in range(2):
        branch = x
        for layer in range(3):
            name = f"middle_flow/main_block_{block}/separable_conv{layer}"
            branch = _separable(graph, graph.relu(branch), weights, name)
        x = graph.add(branch, x)
    x = _reduction(graph, x, graph.relu(x), weights, "exit_flow/reduction_block")
    x = graph.relu(_separable(graph, x, weights, "exit_flow/separable_conv"))
    x = graph.pool(x, "AveragePool", 7, 2)  # (1, 512, 1, 1)
    x = graph.reshape(x, (1, x.shape[1]))
    return graph.dense(x, weights["fc/age/weights"].rearranged(np.transpose), _floats(weights["fc/age/bias"]))


# -- layers of the embedding network --


def _scaled_conv(
    graph: Graph, x: Tensor, weights: Weights, name: str, *, stride: int = 1, padding: Padding = "SAME"
) -> Tensor:
    """Convolution, then a gain and an offset for each channel, folded into filters and bias."""
    gain, offset = (weights[f"{name}/scale/{part}"].floats() for part in ("weights", "biases"))
    bias = weights[f"{name}/conv/bias"].floats() * gain + offset
    filters = _stored(weights[f"{name}/conv/filters"].rearranged(_out_in_height_width).scaled(gain))
    return graph.conv(x, filters, Full(bias), stride=stride, padding=padding)


def _stored(weight: TfjsWeight) -> Weight:
    # The publisher left eight filters of this network unquantised. Half precision keeps the download
    # small and moves the output far less than new codes would (README, "What was measured").
    return weight.halved() if isinstance(weight, Full) else weight


def _residual_block(graph: Graph, x: Tensor, weights: Weights, name: str) -> Tensor:
    branch = graph.relu(_scaled_conv(graph, x, weights, f"{name}/conv1"))
    return graph.relu(graph.add(_scaled_conv(graph, branch, weights, f"{name}/conv2"), x))


def _halving_block(graph: Graph, x: Tensor, weights: Weights, name: str) -> Tensor:
    """A residual block that halves the picture; the shortcut is a mean, filled up with zeros."""
    branch = graph.relu(_scaled_conv(graph, x, weights, f"{name}/conv1", stride=2, padding="VALID"))
    branch = _scaled_conv(graph, branch, weights, f"{name}/conv2")
    shortcut = graph.pool(x, "AveragePool", 2, 2)
    missing_pixels = shortcut.shape[2] - branch.shape[2]  # 0 or 1: VALID and the mean round differently
    missing_channels = branch.shape[1] - shortcut.shape[1]
    if missing_pixels:
        branch = graph.pad(branch, (0, 0, missing_pixels, missing_pixels))
    if missing_channels:
        # The original adds as many zero channels as there are, which is what is missing: widths double.
        shortcut = graph.pad(shortcut, (0, missing_channels, 0, 0))
    return graph.relu(graph.add(branch, shortcut))


# -- layers of the age network --


def _conv(graph: Graph, x: Tensor, weights: Weights, name: str, stride: int = 1) -> Tensor:
    filters = weights[f"{name}/filters"].rearranged(_out_in_height_width)
    return graph.conv(x, filters, _floats(weights[f"{name}/bias"]), stride=stride)


def _separable(graph: Graph, x: Tensor, weights: Weights, name: str) -> Tensor:
    """A convolution of each channel by itself, then one across channels."""
    per_channel = weights[f"{name}/depthwise_filter"].rearranged(_channel_one_height_width)
    across = weights[f"{name}/pointwise_filter"].rearranged(_out_in_height_width)
    x = graph.conv(x, per_channel, None, groups=x.shape[1])
    return graph.conv(x, across, _floats(weights[f"{name}/bias"]), padding="VALID")


def _reduction(graph: Graph, x: Tensor, activated: Tensor, weights: Weights, name: str) -> Tensor:
    """Two separable convolutions and a pooling, beside a strided 1x1 convolution of the same input."""
    branch = _separable(graph, activated, weights, f"{name}/separable_conv0")
    branch = _separable(graph, graph.relu(branch), weights, f"{name}/separable_conv1")
    branch = graph.pool(branch, "MaxPool", 3, 2, "SAME")
    return graph.add(branch, _conv(graph, x, weights, f"{name}/expansion_conv", 2))


# -- arrangements of axes --


def _floats(weight: TfjsWeight) -> Full:
    values: Float32 = weight.floats()
    return Full(values)


def _out_in_height_width(filters: Array) -> Array:
    return filters.transpose(3, 2, 0, 1)


def _channel_one_height_width(filters: Array) -> Array:
    return filters.transpose(2, 3, 0, 1)  # one filter for each channel
