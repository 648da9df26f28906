"""The whole command: what it leaves when it succeeds, and what when it refuses."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from edge_export import edge, export
from edge_export.__main__ import main
from edge_export.manifest import ports
from edge_export.recipes import RECIPES, RULER, Package, Port, Recipe
from schemas import canonical
from schemas.bundle_manifest import EdgeManifest
from schemas.errors import ExportError, ParityFailed, SourceDigestMismatch, SourceUnavailable
from tests.unit.edge_export.conftest import no_network

ROOT = Path(__file__).parents[3]


def garbage(_: Package, folder: Path) -> None:
    """A fetch that delivers something else."""
    (folder / "archive.tgz").write_bytes(b"not what was pinned")


@pytest.fixture(scope="module")
def built(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder after one good run, without network."""
    out = tmp_path_factory.mktemp("edge")
    edge.make(out, cache, no_network, quiet=True)
    return out


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_manifest_pins_what_was_written(built: Path) -> None:
    manifest = canonical.decode(EdgeManifest, (built / "manifest.json").read_bytes())
    for model in manifest.models:
        raw = (built / model.file).read_bytes()
        assert (model.bytes, model.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
        graph = onnx.load_model_from_string(raw).graph
        assert (model.inputs, model.outputs) == (ports(graph.input), ports(graph.output))
        assert model.training_data


def test_nothing_else_is_left(built: Path) -> None:
    manifest = canonical.decode(EdgeManifest, (built / "manifest.json").read_bytes())
    cards = {f"cards/{model.role}.md" for model in manifest.models}
    assert set(contents(built)) == {model.file for model in manifest.models} | cards | {"manifest.json"}


def test_each_card_says_whose_faces_it_learned_from(built: Path) -> None:
    for row in (*RECIPES, RULER):
        card = (built / "cards" / f"{row.role}.md").read_text(encoding="utf-8")
        assert row.training_data in card
        assert row.limits in card


def test_a_second_run_gives_the_same_bytes(built: Path, cache: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge_export", "edge", "--quiet", "--out", str(tmp_path), "--cache", str(cache)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={"PYTHONHASHSEED": "7"})
    assert contents(tmp_path) == contents(built)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.role)
def test_graphs_have_the_inputs_and_outputs_of_their_recipe(
    recipe: Recipe, real_sources: dict[str, export.Source]
) -> None:
    def described(wanted: tuple[Port, ...]) -> dict[str, str]:
        return {port.name: f"{port.dtype}[{','.join(map(str, port.shape))}]" for port in wanted}

    graph = export.build(recipe, real_sources[recipe.role]).graph
    assert ports(graph.input) == described(recipe.inputs)
    assert ports(graph.output) == described(recipe.outputs)


def test_a_damaged_source_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SourceDigestMismatch):
        edge.make(tmp_path / "out", tmp_path / "cache", garbage, quiet=True)
    assert contents(tmp_path) == {}


def test_no_source_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        edge.make(tmp_path / "out", tmp_path / "cache", no_network, quiet=True)
    assert contents(tmp_path) == {}


def test_a_refused_build_leaves_the_previous_one(built: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(built)
    monkeypatch.setattr("edge_export.parity.measure_in_a_fresh_process", lambda *_: {"age": 99.0, "points": 99.0})
    with pytest.raises(ParityFailed):
        edge.make(built, cache, no_network, quiet=True)
    assert contents(built) == before


def test_a_refusal_is_one_line_with_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    arguments = ["--quiet", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    monkeypatch.setattr(sys, "argv", ["edge_export", "edge", *arguments])
    monkeypatch.setattr("edge_export.sources.download", garbage)
    with pytest.raises(SystemExit) as end:
        main()
    assert str(end.value.code).startswith("source-digest-mismatch: ")
    assert "\n" not in str(end.value.code)


def test_a_source_without_the_named_output_is_refused(real_sources: dict[str, export.Source]) -> None:
    detect = RECIPES[0]
    other = replace(detect, outputs=(Port(name="points", dtype="float32", shape=(1, 2)),))
    with pytest.raises(ExportError):
        export.build(other, real_sources["detect"])
