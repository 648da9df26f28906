"""The committed bundle: whole, small, itself, and about people. Only onnxruntime is needed."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import worker
from schemas import embedding
from schemas.embedding import ATTRIBUTES, LikenessRecord, Look
from worker import models
from worker.diffusion import parity, portrait
from worker.diffusion.portrait import Studio

FOLDER = Path(worker.__file__).parent / "bundles" / "embedded"
MOST_BYTES = 25_000_000
SEED = 5

Image = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def bundle() -> models.Bundle:
    return models.find_bundle(FOLDER, frozenset({"Apache-2.0"}))


@pytest.fixture(scope="module")
def studio(bundle: models.Bundle) -> Studio:
    return portrait.open_studio(bundle.manifest, models.read_graphs(bundle), provider="cpu", threads=1)


@pytest.fixture(scope="module")
def record(bundle: models.Bundle) -> LikenessRecord:
    return embedding.decode(bytes.fromhex(bundle.manifest.parity[0].record))


def draw(studio: Studio, record: LikenessRecord, *, style: int = 0, seed: int = SEED) -> Image:
    steps = portrait.draw(studio, record, style=style, seed=seed)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            image: Image = done.value
            return image


def with_attributes(record: LikenessRecord, **words: str) -> LikenessRecord:
    assert record.look is not None
    codes = list(record.look.attributes)
    for name, word in words.items():
        codes[list(ATTRIBUTES).index(name)] = ATTRIBUTES[name].index(word) + 1
    return dataclasses.replace(record, look=dataclasses.replace(record.look, attributes=tuple(codes)))


def with_skin(record: LikenessRecord, code: tuple[int, int, int]) -> LikenessRecord:
    assert record.look is not None
    colours = (code, *record.look.colours[1:])
    return dataclasses.replace(record, look=dataclasses.replace(record.look, colours=colours))


def change(first: Image, second: Image) -> npt.NDArray[np.float64]:
    difference: npt.NDArray[np.float64] = np.abs(first.astype(np.float64) - second).mean(axis=2)
    return difference


def test_every_file_is_the_one_that_the_manifest_names(bundle: models.Bundle) -> None:
    graphs = models.read_graphs(bundle)
    assert sum(map(len, graphs.values())) < MOST_BYTES
    assert (FOLDER / bundle.manifest.model_card).is_file()


def test_the_parity_vector_comes_out(bundle: models.Bundle, studio: Studio) -> None:
    vector = bundle.manifest.parity[0]
    assert parity.difference(studio, vector) <= vector.tolerance


def test_the_same_record_style_and_seed_give_the_same_portrait(studio: Studio, record: LikenessRecord) -> None:
    assert np.array_equal(draw(studio, record), draw(studio, record))


def test_another_person_changes_the_face_and_not_the_corner_of_the_room(studio: Studio, record: LikenessRecord) -> None:
    dark, light = with_skin(record, (-60, 14, 17)), with_skin(record, (40, 12, 15))
    moved = change(draw(studio, dark), draw(studio, light))
    assert moved[110:150, 100:156].mean() > 25
    assert moved[:40, :24].mean() < 6


CHIPS = {
    "hair: bald, afro": ({"hair": "bald"}, {"hair": "afro"}, 8.0),
    "hair: short, long": ({"hair": "short"}, {"hair": "long"}, 8.0),
    "headwear": ({"headwear": "none"}, {"headwear": "hijab"}, 5.0),
    "beard": ({"beard": "none"}, {"beard": "full"}, 2.0),
    "glasses": ({"glasses": "none"}, {"glasses": "round"}, 0.8),
}


@pytest.mark.parametrize(("first", "second", "least"), CHIPS.values(), ids=CHIPS)
def test_a_chip_changes_the_portrait(
    studio: Studio, record: LikenessRecord, *, first: dict[str, str], second: dict[str, str], least: float
) -> None:
    plain = with_attributes(record, hair="short", headwear="none", beard="none", moustache="none", glasses="none")
    pair = [draw(studio, with_attributes(plain, **words)) for words in (first, second)]
    assert change(*pair).mean() > least


def test_another_style_changes_the_room_more_than_the_face(studio: Studio, record: LikenessRecord) -> None:
    moved = change(draw(studio, record, style=0), draw(studio, record, style=2))
    assert moved[:40, :24].mean() > 60
    assert moved[110:150, 100:156].mean() < 20


def test_a_record_with_almost_nothing_in_it_still_gives_a_person(studio: Studio) -> None:
    nobody = LikenessRecord(geometry=bytes(24), look=Look(colours=(None,) * 5, attributes=(0,) * len(ATTRIBUTES)))
    first, second = draw(studio, nobody, seed=1), draw(studio, nobody, seed=2)
    assert first.std() > 25
    assert change(first, second).mean() > 0.5  # what is not said is left to the seed


def test_a_portrait_takes_well_under_a_second(studio: Studio, record: LikenessRecord) -> None:
    draw(studio, record)
    started = time.process_time()
    draw(studio, record)
    spent = time.process_time() - started
    sys.stdout.write(f"one portrait: {spent * 1e3:.0f} ms of one core\n")
    assert spent < 5.0
