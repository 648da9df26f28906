"""A bundle with random weights, made in a moment: three graphs with the interface of every bundle, a picture of nobody.

Tests of the worker and of the whole system draw with it, so that they need neither trained weights nor time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from schemas import embedding
from schemas.bundle_manifest import BundleManifest, FileFact, ParityVector, Schedule, Style
from schemas.embedding import ATTRIBUTE_BYTES, ATTRIBUTES, COLOURS, LikenessRecord, Look
from schemas.scalars import Part, digest
from worker.diffusion.parity import grid_means
from worker.diffusion.portrait import draw, open_studio

LICENCE: Final = "Apache-2.0"
LATENT: Final = (4, 8, 6)
WIDTH: Final = 96
HEIGHT: Final = 128
TOKENS: Final = 4
DEPTH: Final = 8
FEATURES: Final = 24 + 1 + 15 + 5 + ATTRIBUTE_BYTES + 128 + 1
LATENT_SIZE: Final = int(np.prod(LATENT))
F32: Final = TensorProto.FLOAT
STYLES: Final = ("studio-grey", "office-window")
LARGE: Final = (768, 1024)
STEP_PRODUCTS: Final = 4
END_PRODUCTS: Final = 12
Fault = Literal["index", "memory", "not-a-number"]
"""How a step fails while it runs: an index beyond a table, more memory than there is, or a result that is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a bundle departs from an ordinary one."""

    fault: Fault | None = None
    fails_at: int = 1
    """The first step with the fault, counted from 0. Step 0 must do: a child tries it before it takes a task."""
    large: bool = False
    """A picture of 768 x 1024 with fine grain, which takes long to pack."""
    burden_on_ends: bool = False
    """Conditioner and decoder bear three times the burden of a step, so that what they work on can be seen."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return LARGE if self.large else (WIDTH, HEIGHT)


ORDINARY: Final = Trial()


def public_record() -> LikenessRecord:
    """A record of nobody, with all parts."""
    codes = np.arange(-64, 64, dtype=np.int8).tobytes()
    attributes = (3, 2) + (0,) * (len(ATTRIBUTES) - 2)
    return LikenessRecord(
        geometry=codes[40:64],
        look=Look(colours=((40, 12, 18), None, (-50, 2, 3), None, None), attributes=attributes),
        embedding=embedding.Embedding(embedder=1, scale=3 / 2048, values=codes),
    )


def write_bundle(
    folder: Path,
    *,
    steps: int = 4,
    burden: int = 0,
    trial: Trial = ORDINARY,
    needed: Iterable[Part] = ("geometry",),
    optional: Iterable[Part] = ("embedding", "look"),
    licence: str = LICENCE,
    measure: bool = True,
) -> str:
    """Write a bundle into ``folder`` and return its digest.

    ``burden`` (a matrix size) makes each step slower and changes no picture; without ``measure`` there is no parity
    vector.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    graphs = {
        "conditioner.onnx": _conditioner(rng, burden if trial.burden_on_ends else 0),
        "step.onnx": _step(rng, burden, _fault(trial, steps)),
        "decoder.onnx": _decoder(rng, trial, burden if trial.burden_on_ends else 0),
    }
    facts = {name: FileFact(sha256=digest(raw), bytes=len(raw)) for name, raw in graphs.items()}
    manifest = BundleManifest(
        name="tiny",
        version="1.0.0",
        title="Random weights for tests",
        licence=licence,
        model_card="MODEL_CARD.md",
        needed=list(needed),
        optional=list(optional),
        ruler=1,
        embedder=1,
        latent_shape=list(LATENT),
        image_width=trial.size[0],
        image_height=trial.size[1],
        schedules={"flow": Schedule(init_sigma=1.0, rows=_flow_rows(steps))},
        default_schedule="flow",
        styles=[
            Style(id=id_, title=id_, background="grey", attire="suit", light="soft", framing="head-shoulders")
            for id_ in STYLES
        ],
        precision="float32",
        providers=["CPUExecutionProvider"],
        min_onnxruntime="1.20.0",
        files=facts,
        parity=[],
    )
    for name, raw in graphs.items():
        (folder / name).write_bytes(raw)
    (folder / "MODEL_CARD.md").write_text("Random weights for tests.\n", "utf-8")
    parity = [_parity(manifest, graphs)] if measure else []
    raw = msgspec.json.encode(msgspec.structs.replace(manifest, parity=parity), order="sorted")
    (folder / "bundle.json").write_bytes(raw)
    return digest(raw)


def _parity(manifest: BundleManifest, graphs: dict[str, bytes]) -> ParityVector:
    studio = open_studio(manifest, graphs, provider="cpu", threads=1)
    drawing = draw(studio, public_record(), style=0, seed=1)
    while True:
        try:
            next(drawing)
        except StopIteration as finished:
            return ParityVector(
                record=embedding.encode(public_record()).hex(),
                style=STYLES[0],
                seed=1,
                provider="CPUExecutionProvider",
                image_mean=grid_means(finished.value),
                tolerance=1.0,
            )


def _flow_rows(steps: int) -> list[list[float]]:
    """Flow matching with a network that predicts x0: x_next = (1 - r) x + r x0, r = dt / (1 - t)."""
    dt = 1 / steps
    shares = [dt / (1 - i * dt) for i in range(steps)]
    return [[i * dt, 1.0, 1.5, 0.0, 1.0, 1 - share, share, 0.0, 0.0] for i, share in enumerate(shares)]


def _conditioner(rng: np.random.Generator, burden: int) -> bytes:
    nodes = [
        helper.make_node("Cast", ["attributes"], ["attributes_f"], to=F32),
        helper.make_node("Flatten", ["colours"], ["colours_f"]),
        helper.make_node(
            "Concat",
            [
                "geometry",
                "geometry_given",
                "colours_f",
                "colours_given",
                "attributes_f",
                "embedding",
                "embedding_given",
            ],
            ["features"],
            axis=1,
        ),
        helper.make_node("MatMul", ["features", "weights"], ["mixed"]),
        helper.make_node("Gather", ["style_table", "style"], ["style_row"]),
        helper.make_node("Add", ["mixed", "style_row"], ["with_style"]),
        helper.make_node("Tanh", ["with_style"], ["conditional"]),
        helper.make_node("Concat", ["unconditional", "conditional"], ["flat"], axis=0),
        helper.make_node("Reshape", ["flat", "context_shape"], ["context_plain"]),
        *_burden_nodes(burden, "context_plain", "context", END_PRODUCTS),
    ]
    width = TOKENS * DEPTH
    constants: dict[str, npt.NDArray[Any]] = {
        "weights": _normal(rng, FEATURES, width) / 4,
        "style_table": _normal(rng, len(STYLES), width),
        "unconditional": np.zeros((1, width), np.float32),
        "context_shape": np.array([2, TOKENS, DEPTH], np.int64),
        **_burden_constants(burden),
    }
    inputs = {
        "geometry": (F32, [1, 24]),
        "geometry_given": (F32, [1, 1]),
        "colours": (F32, [1, len(COLOURS), 3]),
        "colours_given": (F32, [1, len(COLOURS)]),
        "attributes": (TensorProto.INT64, [1, ATTRIBUTE_BYTES]),
        "embedding": (F32, [1, 128]),
        "embedding_given": (F32, [1, 1]),
        "style": (TensorProto.INT64, [1]),
    }
    return _model(nodes, inputs, {"context": (F32, [2, TOKENS, DEPTH])}, constants)


Extra = tuple[list[onnx.NodeProto], dict[str, npt.NDArray[Any]]]
"""Nodes and constants that turn ``out_plain`` into ``out_sound``."""


def _step(rng: np.random.Generator, burden: int, fault: Extra) -> bytes:
    shape = [1, *LATENT]
    names = ("t", "c_in", "g", "kx", "ke", "A", "B", "C", "D")
    nodes = [helper.make_node("Split", ["row"], list(names), axis=0, num_outputs=len(names))]
    nodes += [
        helper.make_node("Flatten", ["context"], ["tokens"]),
        helper.make_node("MatMul", ["tokens", "weights"], ["pulled"]),
        helper.make_node("Split", ["pulled"], ["u", "c"], axis=0, num_outputs=2),
        helper.make_node("Sub", ["c", "u"], ["c_minus_u"]),
        helper.make_node("Mul", ["c_minus_u", "g"], ["guidance"]),
        helper.make_node("Add", ["u", "guidance"], ["guided"]),
        helper.make_node("Reshape", ["guided", "latent_shape"], ["picture"]),
        helper.make_node("Mul", ["x", "c_in"], ["x_scaled"]),
        helper.make_node("Mul", ["x_scaled", "tenth"], ["x_tenth"]),
        helper.make_node("Add", ["picture", "x_tenth"], ["sum_"]),
        helper.make_node("Tanh", ["sum_"], ["out_plain"]),
        *fault[0],
        *_burden_nodes(burden, "out_sound", "out", STEP_PRODUCTS),
    ]
    nodes += _weighted("x0", [("kx", "x"), ("ke", "out")])
    nodes += _weighted("x_next", [("A", "x"), ("B", "x0"), ("C", "x0_prev"), ("D", "noise")])
    constants: dict[str, npt.NDArray[Any]] = {
        "weights": _normal(rng, TOKENS * DEPTH, LATENT_SIZE) / 4,
        "latent_shape": np.array(shape, np.int64),
        "tenth": np.array([0.1], np.float32),
        **fault[1],
        **_burden_constants(burden),
    }
    inputs = dict.fromkeys(("x", "x0_prev", "noise"), (F32, shape))
    inputs |= {"row": (F32, [len(names)]), "context": (F32, [2, TOKENS, DEPTH])}
    return _model(nodes, inputs, {"x_next": (F32, shape), "x0": (F32, shape)}, constants)


def _fault(trial: Trial, steps: int) -> Extra:
    if trial.fault is None:
        return [helper.make_node("Identity", ["out_plain"], ["out_sound"])], {}
    nodes = [
        helper.make_node("Mul", ["t", "steps"], ["counted"]),
        helper.make_node("Round", ["counted"], ["step_number"]),
    ]
    constants = {"steps": np.array([steps], np.float32), "naught": np.array([0], np.float32)}
    if trial.fault == "index":
        nodes += [
            helper.make_node("Cast", ["step_number"], ["index"], to=TensorProto.INT64),
            helper.make_node("Gather", ["table", "index"], ["trouble"]),
        ]
        constants["table"] = np.ones(trial.fails_at, np.float32)
    else:
        nodes += [
            helper.make_node("Less", ["step_number", "first"], ["is_early"]),
            helper.make_node("Cast", ["is_early"], ["early"], to=F32),
        ]
        constants["first"] = np.array([trial.fails_at], np.float32)
        nodes += _late_trouble(trial.fault)
        constants |= {"one": np.array([1], np.float32), "no_address_space": np.array([2.0**46], np.float32)}
    nodes += [
        helper.make_node("Mul", ["trouble", "naught"], ["no_trouble"]),
        helper.make_node("Add", ["out_plain", "no_trouble"], ["out_sound"]),
    ]
    return nodes, constants


def _late_trouble(kind: Fault) -> list[onnx.NodeProto]:
    """``trouble``, a finite number as long as ``early`` is 1."""
    if kind == "not-a-number":
        return [helper.make_node("Div", ["naught", "early"], ["trouble"])]
    return [
        helper.make_node("Sub", ["one", "early"], ["late"]),
        helper.make_node("Mul", ["late", "no_address_space"], ["much"]),
        helper.make_node("Cast", ["much"], ["asked"], to=TensorProto.INT64),
        helper.make_node("ConstantOfShape", ["asked"], ["room"]),
        helper.make_node("ReduceSum", ["room"], ["trouble"], keepdims=1),
    ]


def _burden_nodes(burden: int, source: str, target: str, products: int) -> list[onnx.NodeProto]:
    """``target`` from ``source``, by way of matrix products that depend on it and count for nothing."""
    if not burden:
        return [helper.make_node("Identity", [source], [target])]
    nodes = [
        helper.make_node("ReduceMean", [source], ["mean"], keepdims=0),
        helper.make_node("Add", ["square", "mean"], ["product0"]),
    ]
    nodes += [helper.make_node("MatMul", [f"product{i}", "square"], [f"product{i + 1}"]) for i in range(products)]
    nodes += [
        helper.make_node("ReduceMean", [f"product{products}"], ["mean_of_all"], keepdims=0),
        helper.make_node("Mul", ["mean_of_all", "zero"], ["nothing"]),
        helper.make_node("Add", [source, "nothing"], [target]),
    ]
    return nodes


def _burden_constants(burden: int) -> dict[str, npt.NDArray[Any]]:
    if not burden:
        return {}
    square = _normal(np.random.default_rng(8), burden, burden) / burden
    return {"square": square, "zero": np.array([0], np.float32)}


def _decoder(rng: np.random.Generator, trial: Trial, burden: int) -> bytes:
    width, height = trial.size
    grown = [1, LATENT[0], height, width]
    nodes = [
        helper.make_node("Resize", ["latents", "", "", "grown_shape"], ["grown"], mode="linear"),
        helper.make_node("Conv", ["grown", "to_rgb"], ["rgb"]),
        helper.make_node("Add", ["rgb", "grain"], ["grained"]),
        helper.make_node("Mul", ["grained", "half"], ["scaled"]),
        helper.make_node("Add", ["scaled", "half"], ["shifted"]),
        helper.make_node("Clip", ["shifted", "low", "high"], ["clipped"]),
        *_burden_nodes(burden, "clipped", "carried", END_PRODUCTS),
        helper.make_node("Cast", ["carried"], ["bytes"], to=TensorProto.UINT8),
        helper.make_node("Transpose", ["bytes"], ["image"], perm=[0, 2, 3, 1]),
    ]
    constants: dict[str, npt.NDArray[Any]] = {
        "grown_shape": np.array(grown, np.int64),
        "to_rgb": _normal(rng, 3, LATENT[0], 1, 1),
        "grain": _normal(rng, 1, 3, height, width) / 128 if trial.large else np.zeros(1, np.float32),
        "half": np.array([127.5], np.float32),
        "low": np.array(0, np.float32),
        "high": np.array(255, np.float32),
        **_burden_constants(burden),
    }
    return _model(
        nodes, {"latents": (F32, [1, *LATENT])}, {"image": (TensorProto.UINT8, [1, height, width, 3])}, constants
    )


def _weighted(result: str, terms: list[tuple[str, str]]) -> list[onnx.NodeProto]:
    """Nodes for ``result`` = the sum of factor * tensor over ``terms``."""
    nodes = [helper.make_node("Mul", [tensor, factor], [f"{result}_{tensor}"]) for factor, tensor in terms]
    partial = [f"{result}_{tensor}" for _, tensor in terms]
    return [*nodes, helper.make_node("Sum", partial, [result])]


def _normal(rng: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)


def _model(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, list[int]]],
    outputs: Mapping[str, tuple[int, list[int]]],
    constants: Mapping[str, npt.NDArray[Any]],
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, *kind) for name, kind in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
