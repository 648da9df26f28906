"""What the browser is told about its models: one entry for each file, pinned by digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import onnx

from edge_export.recipes import Origin, OwnGraph, Recipe
from schemas import canonical
from schemas.bundle_manifest import EdgeManifest, EdgeModel


def entry(row: Recipe | OwnGraph, origin: Origin, model: bytes) -> EdgeModel:
    """The manifest entry of a finished graph; inputs and outputs are read from the graph itself."""
    graph = onnx.load_model_from_string(model).graph
    return EdgeModel(
        role=row.role,
        file=row.file,
        sha256=hashlib.sha256(model).hexdigest(),
        bytes=len(model),
        package=origin.package,
        package_version=origin.version,
        source_file=origin.file,
        source_sha256=origin.sha256,
        licence=origin.licence,
        training_data=row.training_data,
        inputs=ports(graph.input),
        outputs=ports(graph.output),
    )


def to_bytes(entries: Iterable[EdgeModel]) -> bytes:
    """`manifest.json`: canonical JSON, models in the order given."""
    return canonical.encode(EdgeManifest(models=list(entries)))


def ports(values: Iterable[onnx.ValueInfoProto]) -> dict[str, str]:
    """Inputs or outputs of a graph by name, each as type and shape, e.g. `uint8[128,128,4]`."""
    return {value.name: _type_and_shape(value.type.tensor_type) for value in values}


def _type_and_shape(tensor: onnx.TypeProto.Tensor) -> str:
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    return f"{dtype}[{','.join(str(dim.dim_value) for dim in tensor.shape.dim)}]"
