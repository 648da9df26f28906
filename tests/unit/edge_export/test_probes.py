"""The pictures are the ones that the stored answers are about, on every machine."""

import hashlib

import pytest

from edge_export.parity import read_reference
from edge_export.probes import ALWAYS, NAMES, probe
from edge_export.recipes import RECIPES, Recipe


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.role)
def test_each_picture_is_the_one_that_was_shown_to_the_original(recipe: Recipe, name: str) -> None:
    picture = probe(name, recipe.size)
    assert picture.shape == (recipe.size, recipe.size, 4)
    assert (picture[..., 3] == 255).all()
    shown = {answer.probe: answer.input_sha256 for answer in read_reference(recipe.role).answers}
    assert shown[name] == hashlib.sha256(picture.tobytes()).hexdigest()


def test_a_build_needs_no_photo() -> None:
    assert "photo" in NAMES
    assert "photo" not in ALWAYS


def test_the_original_mesh_sees_a_face_in_the_drawing_and_none_in_noise() -> None:
    presence = {answer.probe: answer.outputs["presence"].values()[0] for answer in read_reference("mesh").answers}
    assert presence["drawn"] > 0
    assert presence["photo"] > 0
    assert presence["noise"] < 0
