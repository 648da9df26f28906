"""Stage export: three ONNX graphs with fp16 storage, compared with torch, and `bundle.json` about them."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from edge_export.bundles.embedded.dataset import IMAGE_PX
from edge_export.bundles.embedded.decoder import Decoder, Picture
from edge_export.bundles.embedded.network import (
    DEFAULT_SAMPLER,
    Conditioner,
    ContextPair,
    Denoiser,
    Sampler,
    Size,
    Step,
)
from edge_export.bundles.embedded.styles import STYLES
from schemas import embedding as record_format
from schemas.bundle_manifest import BundleManifest, FileFact, ParityVector, Schedule, Style

OPSET = 18
RECORD_INPUTS = (
    "geometry",
    "geometry_given",
    "colours",
    "colours_given",
    "attributes",
    "embedding",
    "embedding_given",
    "style",
)
HALF_FROM = 64
"""Constants of fewer numbers stay float32: they cost nothing and may be scales."""
PARITY_TOLERANCE = {"conditioner": 2e-2, "step": 2e-2, "decoder": 2.0}
"""Largest difference from torch (float32) that fp16 storage may cause: context, latents, levels of 255."""
IMAGE_MEAN_TOLERANCE = 2.0
PARITY_SEED = 20260101
MIN_ONNXRUNTIME = "1.20.0"
SCHEDULES = {
    "euler-4": DEFAULT_SAMPLER,
    "euler-2": replace(DEFAULT_SAMPLER, steps=2),
    "euler-8": replace(DEFAULT_SAMPLER, steps=8),
    "euler-4-varied": Sampler(steps=4, guide=1.0, init_sigma=1.0),
}
DEFAULT_SCHEDULE = "euler-4"


class ParityTooLow(Exception):
    """A graph answers otherwise than the network it was made from."""


def example_record() -> tuple[Tensor, ...]:
    """Inputs of the right shapes, with every part given."""
    rng = torch.Generator().manual_seed(3)
    return (
        torch.randn(1, 24, generator=rng),
        torch.ones(1, 1),
        torch.randn(1, 5, 3, generator=rng) * 0.5,
        torch.ones(1, 5),
        torch.ones(1, 16, dtype=torch.int64),
        torch.randn(1, 128, generator=rng) * 0.1,
        torch.ones(1, 1),
        torch.zeros(1, dtype=torch.int64),
    )


def example_step(size: Size) -> tuple[Tensor, ...]:
    """Inputs of one step."""
    rng = torch.Generator().manual_seed(4)
    shape = (1, size.channels, size.side, size.side)
    x, previous, noise = (torch.randn(shape, generator=rng) for _ in range(3))
    row = torch.tensor([0.25, 1.0, 1.5, 0.1, 0.9, 0.6, 0.4, 0.05, 0.02])
    return x, previous, noise, row, torch.randn(2, size.context_tokens, size.width, generator=rng)


def to_onnx(
    module: nn.Module, inputs: tuple[Tensor, ...], names: Sequence[str], outputs: Sequence[str]
) -> onnx.ModelProto:
    """The module as an ONNX graph of fixed shapes, float32."""
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter warns about itself
        torch.onnx.export(
            module.eval(),
            inputs,
            file,
            input_names=list(names),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_model_from_string(file.getvalue())


def store_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with large constants stored as fp16 and widened by a Cast when the graph is loaded."""
    graph = model.graph
    kept: list[onnx.TensorProto] = []
    casts: list[onnx.NodeProto] = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < HALF_FROM or np.abs(values).max() > np.finfo(np.float16).max:
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:]
    del graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    model.producer_name, model.producer_version = "likeness edge_export", ""
    onnx.checker.check_model(model, full_check=True)
    return model


def session(model: bytes) -> ort.InferenceSession:
    """One thread on the CPU, as the parity vectors are defined."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def difference(model: bytes, module: nn.Module, inputs: tuple[Tensor, ...], names: Sequence[str]) -> float:
    """Largest absolute difference between the graph's outputs and torch's."""
    with torch.no_grad():
        wanted = module.eval()(*inputs)
    got = session(model).run(None, {name: value.numpy() for name, value in zip(names, inputs, strict=True)})
    pairs = zip(got, wanted if isinstance(wanted, tuple) else (wanted,), strict=True)
    return max(float(np.abs(a.astype(np.float64) - b.numpy().astype(np.float64)).max()) for a, b in pairs)


def graphs(conditioner: Conditioner, denoiser: Denoiser, decoder: Decoder) -> dict[str, bytes]:
    """The three files by name.

    Raises:
        ParityTooLow: a graph differs from its network by more than PARITY_TOLERANCE.
    """
    size = denoiser.size
    plan: dict[str, tuple[nn.Module, tuple[Tensor, ...], Sequence[str], Sequence[str]]] = {
        "conditioner": (ContextPair(conditioner), example_record(), RECORD_INPUTS, ["context"]),
        "step": (Step(denoiser), example_step(size), ["x", "x0_prev", "noise", "row", "context"], ["x_next", "x0"]),
        "decoder": (Picture(decoder), (example_step(size)[0],), ["latents"], ["image"]),
    }
    made: dict[str, bytes] = {}
    for role, (module, inputs, names, outputs) in plan.items():
        model = store_half(to_onnx(module, inputs, names, outputs)).SerializeToString()
        off = difference(model, module, inputs, names)
        print(f"{role}.onnx {len(model):,} bytes, off by {off:.2e} (allowed {PARITY_TOLERANCE[role]:.0e})", flush=True)
        if off > PARITY_TOLERANCE[role]:
            raise ParityTooLow(role)
        made[f"{role}.onnx"] = model
    return made


def inputs_of(record: record_format.LikenessRecord, style: int) -> dict[str, npt.NDArray[np.generic]]:
    """The conditioner's inputs for a record; parts that are absent are zero and marked so."""
    geometry = np.zeros((1, 24), np.float32)
    if record.geometry is not None:
        geometry[0] = np.frombuffer(record.geometry, np.int8) / 32.0
    colours, given = np.zeros((1, 5, 3), np.float32), np.zeros((1, 5), np.float32)
    attributes = np.zeros((1, record_format.ATTRIBUTE_BYTES), np.int64)
    if record.look is not None:
        attributes[0, : len(record.look.attributes)] = record.look.attributes
        for index, colour in enumerate(record.look.colours):
            if colour is not None:
                colours[0, index], given[0, index] = np.array(colour) / 64.0, 1.0
    embedding = np.zeros((1, 128), np.float32)
    if record.embedding is not None:
        embedding[0] = np.frombuffer(record.embedding.values, np.int8).astype(np.float32) * record.embedding.scale
    return {
        "geometry": geometry,
        "geometry_given": np.full((1, 1), record.geometry is not None, np.float32),
        "colours": colours,
        "colours_given": given,
        "attributes": attributes,
        "embedding": embedding,
        "embedding_given": np.full((1, 1), record.embedding is not None, np.float32),
        "style": np.array([style], np.int64),
    }


class Bundle:
    """The three graphs, run as a worker runs them: numpy in, numpy out."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._conditioner, self._step, self._decoder = (
            session(files[f"{role}.onnx"]) for role in ("conditioner", "step", "decoder")
        )

    def draw(
        self, record: record_format.LikenessRecord, style: int, seed: int, schedule: Schedule
    ) -> npt.NDArray[np.uint8]:
        """One portrait uint8 [H, W, 3]; the same arguments give the same picture."""
        (context,) = self._conditioner.run(["context"], inputs_of(record, style))
        shape = next(i.shape for i in self._step.get_inputs() if i.name == "x")
        rng = np.random.Generator(np.random.Philox(seed))
        x = rng.standard_normal(shape, np.float32) * np.float32(schedule.init_sigma)
        x0 = np.zeros_like(x)
        for row in schedule.rows:
            noise = rng.standard_normal(shape, np.float32) if row[8] else np.zeros_like(x)
            feed = {"x": x, "x0_prev": x0, "noise": noise, "row": np.array(row, np.float32), "context": context}
            x, x0 = self._step.run(["x_next", "x0"], feed)
        image: npt.NDArray[np.uint8] = self._decoder.run(["image"], {"latents": x})[0][0]
        return image


def image_mean(image: npt.NDArray[np.uint8]) -> list[float]:
    """192 means over an 8 x 8 grid, RGB, row by row, 0..255."""
    step = image.shape[0] // 8
    cells = image.astype(np.float64).reshape(8, step, 8, step, 3).mean(axis=(1, 3))
    return [round(float(value), 3) for value in cells.ravel()]


def catalogue() -> list[Style]:
    """The styles as the manifest lists them; their order is the graph's input."""
    return [
        Style(id=s.id, title=s.title, background=s.background, attire=s.attire, light=s.light, framing=s.framing)
        for s in STYLES
    ]


def _parity(files: Mapping[str, bytes], record: record_format.LikenessRecord, schedule: Schedule) -> ParityVector:
    image = Bundle(files).draw(record, 0, PARITY_SEED, schedule)
    return ParityVector(
        record=record_format.encode(record).hex(),
        style=STYLES[0].id,
        seed=PARITY_SEED,
        provider="CPUExecutionProvider",
        image_mean=image_mean(image),
        tolerance=IMAGE_MEAN_TOLERANCE,
    )


def manifest(files: Mapping[str, bytes], record: record_format.LikenessRecord, version: str) -> BundleManifest:
    """What `bundle.json` says: facts about the files, and one portrait that they must give."""
    schedules = {name: Schedule(init_sigma=one.init_sigma, rows=one.rows()) for name, one in SCHEDULES.items()}
    step = onnx.load_model_from_string(files["step.onnx"])
    shape = next(i for i in step.graph.input if i.name == "x").type.tensor_type.shape
    return BundleManifest(
        name="embedded",
        version=version,
        title="the embedded demo model",
        licence="Apache-2.0",
        model_card="MODEL_CARD.md",
        needed=["geometry", "look"],
        optional=["embedding"],
        ruler=record_format.RULER_ID,
        embedder=1,
        latent_shape=[dim.dim_value for dim in shape.dim][1:],
        image_width=IMAGE_PX,
        image_height=IMAGE_PX,
        schedules=schedules,
        default_schedule=DEFAULT_SCHEDULE,
        styles=catalogue(),
        precision="fp16 storage, fp32 arithmetic",
        providers=["CPUExecutionProvider"],
        min_onnxruntime=MIN_ONNXRUNTIME,
        files={
            name: FileFact(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)) for name, data in files.items()
        },
        parity=[_parity(files, record, schedules[DEFAULT_SCHEDULE])],
    )


def write(folder: Path, files: Mapping[str, bytes], facts: BundleManifest) -> None:
    """Writes the graphs and then `bundle.json`, which alone makes the folder a bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    text = json.dumps(msgspec.to_builtins(facts), indent=1, ensure_ascii=False)
    (folder / "bundle.json").write_text(text + "\n", encoding="utf-8")
