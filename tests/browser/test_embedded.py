"""The bundle that ships with the project, in the real page: a photo becomes the portrait of a person."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.async_api import Browser

from edge_export.bundles.embedded.measure import Measurer, to_record
from schemas import embedding
from schemas.bundle_manifest import read_bundle
from tests.browser.conftest import EDGE, PAGE, Visit, visiting
from tests.whole import TOP, running

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
BUNDLE = TOP / "worker" / "bundles" / "embedded"
LARGEST_CODE_DIFFERENCE = 16
"""Half a standard deviation: canvas and Pillow resample a photo differently."""


async def to_record_step(visit: Visit, photo: Path) -> embedding.LikenessRecord:
    """The record that the page made of ``photo``."""
    await visit.give(photo)
    await visit.state("checks")
    await visit.click("continue-leaves")
    await visit.state("leaves")
    return embedding.decode(await visit.shown_record())


def vector(record: embedding.LikenessRecord) -> npt.NDArray[np.float64]:
    """The identity vector of a record."""
    assert record.embedding is not None
    return np.frombuffer(record.embedding.values, np.int8).astype(np.float64)


async def test_photos_and_training_pictures_are_measured_with_one_ruler(visit: Visit, astronaut: Path) -> None:
    in_the_page = await to_record_step(visit, astronaut)
    in_training = to_record(Measurer(EDGE).measure(Image.open(astronaut).convert("RGB")), [0] * 16)
    ours, theirs = vector(in_the_page), vector(in_training)
    assert ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) > 0.99
    codes = [np.frombuffer(record.geometry or b"", np.int8).astype(int) for record in (in_the_page, in_training)]
    assert np.abs(codes[0] - codes[1]).max() <= LARGEST_CODE_DIFFERENCE
    assert in_the_page.look is not None
    assert in_training.look is not None
    for page_colour, training_colour in zip(in_the_page.look.colours, in_training.look.colours, strict=True):
        assert (page_colour is None) == (training_colour is None)
        if page_colour and training_colour:
            assert max(abs(a - b) for a, b in zip(page_colour, training_colour, strict=True)) <= LARGEST_CODE_DIFFERENCE


async def test_a_photo_becomes_a_portrait_of_a_person(browser: Browser, astronaut: Path, tmp_path: Path) -> None:
    manifest, _ = read_bundle((BUNDLE / "bundle.json").read_bytes())
    async with (
        running(tmp_path, bundle=BUNDLE, page=PAGE, edge=EDGE) as system,
        visiting(browser, system) as visit,
    ):
        await to_record_step(visit, astronaut)
        await visit.consent()
        await visit.click(f"style-{manifest.styles[0].id}")
        await visit.click("generate")
        await visit.state("result")
        portrait = Image.open(io.BytesIO(await visit.download("download-portrait"))).convert("RGB")
    assert portrait.size == (manifest.image_width, manifest.image_height)
    face = Measurer(EDGE).measure(portrait)
    assert face.presence > 0, "the mesh sees a face in it"
