"""The room's README says what the table and the built models say."""

import hashlib
from pathlib import Path

import pytest

from edge_export import export
from edge_export.recipes import RECIPES, RULER, OwnGraph, Recipe

README = (Path(__file__).parents[3] / "edge_export" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", [*RECIPES, RULER], ids=lambda row: row.role)
def test_the_card_of_each_model_stands_in_it(row: Recipe | OwnGraph) -> None:
    for text in (row.purpose, row.training_data, row.limits):
        assert text in README


@pytest.mark.parametrize("row", RECIPES, ids=lambda row: row.role)
def test_the_source_of_each_model_stands_in_it(row: Recipe) -> None:
    for text in (row.package.name, row.package.version, row.package.licence, row.weights.path, row.weights.sha256):
        assert text in README


@pytest.mark.parametrize("row", RECIPES, ids=lambda row: row.role)
def test_size_and_digest_of_each_model_are_the_built_ones(row: Recipe, real_sources: dict[str, export.Source]) -> None:
    model = export.to_bytes(export.build(row, real_sources[row.role]))
    assert f"{len(model):,} | `{hashlib.sha256(model).hexdigest()}`" in README
