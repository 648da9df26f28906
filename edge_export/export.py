"""One recipe and its source bytes in, one ONNX graph out. No file is read or written here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
import onnx

from edge_export import faceapi, tfjs, tflite, tflite_graph
from edge_export.graph import Graph, Tensor
from edge_export.recipes import Converter, Port, Recipe
from schemas.errors import ExportError


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes that a recipe is made from, already compared with their digests."""

    weights: bytes
    manifest: bytes = b""


Network = Callable[[Graph, Tensor, Source], Mapping[str, Tensor]]


def build(recipe: Recipe, source: Source) -> onnx.ModelProto:
    """The graph of `recipe`: `rgba` pixels in, the recipe's outputs out. Equal inputs give equal bytes.

    Raises:
        UnsupportedOperator: the source holds something that its reader does not know.
        ExportError: the source is not of the kind that the recipe says, or lacks an output.
    """
    graph = Graph(recipe.role)
    pixels = graph.rgba(recipe.size)
    picture = graph.affine(pixels, recipe.gain, np.array(recipe.offset, np.float32))
    found = _NETWORKS[recipe.converter](graph, picture, source)
    for port in recipe.outputs:
        graph.output(_shaped(graph, found, port), port.name)
    origin = f"{recipe.package.name} {recipe.package.version} {recipe.weights.path}"
    return graph.model(f"{recipe.purpose} Source: {origin} ({recipe.package.licence}).")


def to_bytes(model: onnx.ModelProto) -> bytes:
    """The one serialisation of `model` that is written, hashed and served."""
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def _shaped(graph: Graph, found: Mapping[str, Tensor], port: Port) -> Tensor:
    tensor = found.get(port.source or port.name)
    if tensor is None or prod(tensor.shape) != prod(port.shape):
        raise ExportError(f"the source has no output {port.source or port.name} of {prod(port.shape)} values")
    return tensor if tensor.shape == port.shape else graph.reshape(tensor, port.shape)


def _tflite(graph: Graph, picture: Tensor, source: Source) -> Mapping[str, Tensor]:
    return tflite_graph.add_network(graph, tflite.read(source.weights), picture)


def _embedding(graph: Graph, picture: Tensor, source: Source) -> Mapping[str, Tensor]:
    return {"embedding": faceapi.embedding(graph, picture, tfjs.read(source.manifest, source.weights))}


def _age(graph: Graph, picture: Tensor, source: Source) -> Mapping[str, Tensor]:
    return {"age": faceapi.age(graph, picture, tfjs.read(source.manifest, source.weights))}


_NETWORKS: Final[Mapping[Converter, Network]] = {
    "tflite": _tflite,
    "faceapi-embedding": _embedding,
    "faceapi-age": _age,
}
