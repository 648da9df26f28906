"""The renderer draws the same adult from the same numbers, and each number where it belongs."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from edge_export.bundles.embedded import dataset, people
from edge_export.bundles.embedded.people import ATTRIBUTE_INDEX, ATTRIBUTES, People, sample
from edge_export.bundles.embedded.render import render
from edge_export.bundles.embedded.styles import STYLES
from schemas import embedding as record_format
from schemas.bundle_manifest import Style

pytestmark = pytest.mark.export
SIZE_PX = 64


def with_attribute(cast: People, name: str, code: int) -> People:
    attributes = cast.attributes.clone()
    attributes[:, ATTRIBUTE_INDEX[name]] = code
    return dataclasses.replace(cast, attributes=attributes)


def test_attributes_are_those_of_the_record_in_its_order() -> None:
    assert dict(ATTRIBUTES) == record_format.ATTRIBUTES
    assert [name for name, _ in ATTRIBUTES] == list(record_format.ATTRIBUTES)
    assert people.RECORD_ATTRIBUTES == record_format.ATTRIBUTE_BYTES


def test_pictures_are_squares_of_bytes() -> None:
    drawn = render(sample(3, 1), torch.tensor([0, 1, 9]), SIZE_PX)
    assert drawn.shape == (3, 3, SIZE_PX, SIZE_PX)
    assert drawn.dtype == torch.uint8


def test_the_same_seed_draws_the_same_people() -> None:
    style = torch.zeros(4, dtype=torch.int64)
    assert torch.equal(render(sample(4, 5), style, SIZE_PX), render(sample(4, 5), style, SIZE_PX))
    assert not torch.equal(render(sample(4, 5), style, SIZE_PX), render(sample(4, 6), style, SIZE_PX))


def test_a_person_looks_the_same_alone_and_in_a_crowd() -> None:
    cast, style = sample(6, 7), torch.arange(6)
    crowd = render(cast, style, SIZE_PX)
    for person in range(6):
        row = torch.tensor([person])
        alone = render(cast.take(row), style[row], SIZE_PX)[0]
        assert (alone.int() - crowd[person].int()).abs().max() <= 1


def test_another_person_changes_the_face_and_not_the_far_background() -> None:
    cast = with_attribute(with_attribute(sample(2, 11), "headwear", 1), "hair", 3)
    first, second = render(cast, torch.zeros(2, dtype=torch.int64), SIZE_PX).int()
    change = (first - second).abs().float().mean(0)
    assert change[24:44, 22:42].mean() > 8
    assert change[:20, :8].max() == 0
    assert change[:20, -8:].max() == 0


def test_another_style_changes_the_background_and_hardly_the_face() -> None:
    cast = sample(2, 12).take(torch.tensor([0, 0]))
    first, second = render(cast, torch.tensor([1, 2]), SIZE_PX).int()
    change = (first - second).abs().float().mean(0)
    assert change[:20, :8].mean() > 60
    assert change[26:40, 26:38].mean() < 3


@pytest.mark.parametrize(
    "name", [name for name, _ in ATTRIBUTES if name not in {"face_softness", "age_look", "smile", "hairline"}]
)
def test_every_chip_is_visible(name: str) -> None:
    """The chips left out here speak through continuous numbers that are drawn with them."""
    cast = sample(1, 21)
    for other, code in {"headwear": 1, "hair": 3, "glasses": 2, "beard": 1, "moustache": 1}.items():
        cast = with_attribute(cast, other, code)
    if name == "hair_volume":
        levels = cast.levels.clone()
        levels[:, people.LEVELS.index("volume")] = 0.9
        low, high = (dataclasses.replace(cast, levels=value) for value in (levels, levels * 0.1))
    elif name == "brow_weight":
        levels = cast.levels.clone()
        levels[:, people.LEVELS.index("brow_thickness")] = 0.9
        low, high = (dataclasses.replace(cast, levels=value) for value in (levels, levels * 0.1))
    else:
        if name == "parting":
            cast = with_attribute(cast, "hair", 4)
        low, high = with_attribute(cast, name, 1), with_attribute(cast, name, 2)
    style = torch.zeros(1, dtype=torch.int64)
    assert not torch.equal(render(low, style, SIZE_PX), render(high, style, SIZE_PX))


def test_no_picture_is_broken() -> None:
    """Every hair with every covering, on light and dark skin: no hole, no pure black or white flood."""
    for hair in range(1, 11):
        cast = with_attribute(sample(4, 30 + hair), "hair", hair)
        drawn = render(cast, torch.tensor([0, 3, 7, 8]), SIZE_PX).float()
        assert drawn.std(dim=(1, 2, 3)).min() > 15
        assert (drawn.amax(dim=1) < 3).float().mean() < 0.05


def test_chips_and_numbers_agree() -> None:
    cast = sample(400, 2)
    age = cast.levels[:, people.LEVELS.index("age")]
    assert age[cast.has("age_look", "younger")].max() < age[cast.has("age_look", "older")].min()
    assert (cast.levels[:, people.LEVELS.index("recession")] > 0).equal(cast.has("hairline", "receding"))
    assert int(cast.attributes[:, : len(ATTRIBUTES)].min()) >= 1
    for index, (_, words) in enumerate(ATTRIBUTES):
        assert int(cast.attributes[:, index].max()) <= len(words)


def test_styles_fit_the_manifest() -> None:
    ids = [style.id for style in STYLES]
    assert len(set(ids)) == len(ids) >= 8
    for style in STYLES:
        Style(
            id=style.id,
            title=style.title,
            background=style.background,
            attire=style.attire,
            light=style.light,
            framing=style.framing,
        )


def test_a_shard_pairs_two_styles_and_knows_its_people() -> None:
    cast, styles = dataset.cast_of(3)
    again, same = dataset.cast_of(3)
    assert torch.equal(styles, same)
    assert torch.equal(cast.shape, again.shape)
    assert (styles[:, 0] != styles[:, 1]).all()
    held_out, _ = dataset.cast_of(dataset.HELD_OUT_SHARD)
    assert not torch.equal(cast.shape, held_out.shape)
