"""A graph passes only if it answers as its original did."""

import base64
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edge_export import export, parity
from edge_export.graph import Graph
from edge_export.parity import Answer, Reference, StoredTensor
from edge_export.probes import ALWAYS, NAMES, probe
from edge_export.recipes import RECIPES, Port, Recipe, recipe
from schemas.errors import ParityFailed

SIDE = 6
ROW = replace(
    RECIPES[-1],
    inputs=(Port(name="rgba", dtype="uint8", shape=(SIDE, SIDE, 4)),),
    outputs=(Port(name="mean", dtype="float32", shape=(1, 3)),),
    tolerance={"mean": 1e-3},
)


def model(path: Path, offset: float = 0.0) -> Path:
    """A graph that gives the mean colour plus `offset`."""
    graph = Graph("mean")
    pixels = graph.affine(graph.rgba(SIDE), 1.0, np.array([offset], np.float32))
    graph.output(graph.mean_over_pixels(pixels), "mean")
    path.write_bytes(export.to_bytes(graph.model("mean colour")))
    return path


def answer(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None) -> Answer:
    picture = probe(name, SIDE)
    mean = picture[None, ..., :3].mean(axis=(1, 2)) if values is None else values
    stored = StoredTensor(shape=list(mean.shape), float32_le=base64.b64encode(mean.astype("<f4").tobytes()).decode())
    digest = hashlib.sha256(picture.tobytes()).hexdigest()
    return Answer(probe=name, input_sha256=digest, outputs={"mean": stored})


REFERENCE = Reference(
    answers=[answer(name) for name in NAMES], command="none", runtime="numpy", source_sha256=ROW.weights.sha256
)


def test_a_faithful_graph_passes(tmp_path: Path) -> None:
    differences = parity.measure(model(tmp_path / "m.onnx"), ROW, REFERENCE)
    parity.require(ROW, differences)
    assert differences["mean"] < 1e-3


def test_the_difference_is_measured_and_refused(tmp_path: Path) -> None:
    differences = parity.measure(model(tmp_path / "m.onnx", offset=0.25), ROW, REFERENCE)
    assert differences["mean"] == pytest.approx(0.25, abs=1e-3)
    with pytest.raises(ParityFailed):
        parity.require(ROW, differences)


def test_not_a_number_is_within_no_tolerance(tmp_path: Path) -> None:
    differences = parity.measure(model(tmp_path / "m.onnx", offset=float("nan")), ROW, REFERENCE)
    with pytest.raises(ParityFailed):
        parity.require(ROW, differences)


def test_an_output_that_was_not_measured_is_refused() -> None:
    with pytest.raises(ParityFailed):
        parity.require(ROW, {})


@pytest.mark.parametrize(
    "reference",
    [
        msgspec.structs.replace(REFERENCE, source_sha256="0" * 64),
        msgspec.structs.replace(REFERENCE, answers=[answer("drawn")]),
        msgspec.structs.replace(REFERENCE, answers=[]),
        msgspec.structs.replace(
            REFERENCE,
            answers=[msgspec.structs.replace(answer(name), input_sha256="0" * 64) for name in ALWAYS],
        ),
        msgspec.structs.replace(REFERENCE, answers=[answer(name, np.zeros((1, 4), np.float32)) for name in ALWAYS]),
    ],
    ids=["another source", "a probe is missing", "empty", "another picture", "another shape"],
)
def test_a_reference_for_something_else_is_refused(tmp_path: Path, reference: Reference) -> None:
    with pytest.raises(ParityFailed):
        parity.measure(model(tmp_path / "m.onnx"), ROW, reference)


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"answers": 1}'])
def test_an_unreadable_reference_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "age.json").write_bytes(content)
    with pytest.raises(ParityFailed):
        parity.read_reference("age", tmp_path)


@pytest.mark.parametrize("row", RECIPES, ids=lambda r: r.role)
def test_every_recipe_has_a_reference_made_from_its_source(row: Recipe) -> None:
    reference = parity.read_reference(row.role)
    assert reference.source_sha256 == row.weights.sha256
    assert [stored.probe for stored in reference.answers] == list(NAMES)
    for stored in reference.answers:
        assert {name: tuple(t.shape) for name, t in stored.outputs.items()} == {
            port.name: port.shape for port in row.outputs
        }
    assert set(row.tolerance) == {port.name for port in row.outputs}


@pytest.mark.parametrize("row", RECIPES, ids=lambda r: r.role)
def test_every_model_answers_about_a_photo_as_its_original(
    row: Recipe, real_sources: dict[str, export.Source], tmp_path: Path
) -> None:
    path = tmp_path / row.file
    path.write_bytes(export.to_bytes(export.build(row, real_sources[row.role])))
    parity.require(row, parity.measure(path, row, parity.read_reference(row.role), NAMES))


@pytest.mark.parametrize("row", RECIPES, ids=lambda r: r.role)
def test_a_model_with_one_changed_weight_is_refused(
    row: Recipe, real_sources: dict[str, export.Source], tmp_path: Path
) -> None:
    path = tmp_path / row.file
    path.write_bytes(perturbed(export.build(row, real_sources[row.role])))
    with pytest.raises(ParityFailed):
        parity.require(row, parity.measure(path, row, parity.read_reference(row.role)))


def perturbed(built: onnx.ModelProto) -> bytes:
    """The model with one element of its first filter moved by a tenth of the filter's range."""
    target = next(i for i in built.graph.initializer if len(i.dims) == 4)
    values = numpy_helper.to_array(target).copy()
    step = (values.max() - values.min()) / 10
    values.flat[0] += values.dtype.type(step if values.flat[0] + step <= values.max() else -step)
    target.CopyFrom(numpy_helper.from_array(values, target.name))
    return export.to_bytes(built)


def test_a_fresh_process_measures_the_same(real_sources: dict[str, export.Source], tmp_path: Path) -> None:
    path = tmp_path / "age.onnx"
    path.write_bytes(export.to_bytes(export.build(recipe("age"), real_sources["age"])))
    ours = parity.measure(path, recipe("age"), parity.read_reference("age"))
    assert parity.measure_in_a_fresh_process(path, "age") == ours


def test_a_process_that_cannot_compare_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(ParityFailed):
        parity.measure_in_a_fresh_process(model(tmp_path / "m.onnx"), "detect")
    shutil.rmtree(tmp_path)
    with pytest.raises(ParityFailed):
        parity.measure_in_a_fresh_process(tmp_path / "gone.onnx", "detect")
