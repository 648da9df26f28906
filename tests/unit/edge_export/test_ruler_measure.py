"""The Python twin of the browser's pipeline: its plane geometry, and a drawn face from end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from edge_export.bundles.embedded import measure
from schemas import embedding as record_format

EDGE = Path(__file__).parents[3] / ".build" / "edge"
needs_models = pytest.mark.skipif(not (EDGE / "manifest.json").exists(), reason="needs the browser's models: make edge")


def test_the_detector_has_896_anchors_inside_the_picture() -> None:
    places = measure.anchors()
    assert places.shape == (896, 2)
    assert places.min() > 0
    assert places.max() < 1


@settings(max_examples=50, deadline=None)
@given(scale=st.floats(0.1, 10.0), angle=st.floats(-3.1, 3.1), dx=st.floats(-200, 200), dy=st.floats(-200, 200))
def test_similarity_finds_the_turn_scale_and_shift(scale: float, angle: float, dx: float, dy: float) -> None:
    source = np.random.default_rng(0).uniform(0, 100, (5, 2)).astype(np.float32)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = (source @ turn.T + [dx, dy]).astype(np.float32)
    found = measure.similarity(source, target)
    assert source @ found[:, :2].T + found[:, 2] == pytest.approx(target, abs=0.02 * (1 + scale))


def test_an_unmoved_picture_comes_back() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    same = measure.warp(Image.fromarray(pixels), np.eye(3, dtype=np.float32)[:2], 64)
    assert np.array_equal(np.asarray(same), pixels)


def test_shrinking_averages_instead_of_skipping() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    quarter = np.eye(3, dtype=np.float32)[:2] * 0.25
    shrunk = np.asarray(measure.warp(Image.fromarray(stripes), quarter, 64))[4:-4, 4:-4]
    assert np.abs(shrunk.astype(int) - 128).max() < 4


def a_drawn_face() -> Image.Image:
    """A crude face, enough for the detector: skin, hair, eyes, brows, nose, mouth."""
    picture = Image.new("RGB", (400, 400), (170, 180, 190))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((110, 60, 290, 330), fill=(60, 40, 30))
    draw.ellipse((125, 95, 275, 325), fill=(215, 165, 135))
    for x in (163, 237):
        draw.ellipse((x - 20, 183, x + 20, 207), fill=(245, 245, 245))
        draw.ellipse((x - 9, 186, x + 9, 204), fill=(70, 45, 30))
        draw.arc((x - 28, 155, x + 28, 190), 200, 340, fill=(50, 35, 30), width=7)
    draw.line((200, 190, 194, 245, 210, 248), fill=(170, 120, 95), width=5)
    draw.ellipse((168, 270, 232, 292), fill=(175, 80, 80))
    return picture


@needs_models
def test_a_drawn_face_gives_a_record() -> None:
    measurer = measure.Measurer(EDGE)
    face = measurer.measure(a_drawn_face())
    assert face.geometry.shape == (24,)
    assert face.embedding.shape == (128,)
    assert face.presence > 0
    skin = face.colours[0].astype(float) * [0.5, 1, 1] + [50, 0, 0]
    assert np.linalg.norm(skin - [71.8, 14.8, 22.5]) < 8  # Lab of the skin painted above
    raw = record_format.encode(measure.to_record(face, [0] * 14))
    assert len(raw) == 200


@needs_models
def test_turning_and_moving_the_picture_hardly_changes_the_record() -> None:
    measurer, picture = measure.Measurer(EDGE), a_drawn_face()
    first = measurer.measure(picture)
    turned = measurer.measure(
        picture.rotate(12, Image.Resampling.BICUBIC, translate=(20, -10), fillcolor=(170, 180, 190))
    )
    assert np.abs(first.geometry.astype(int) - turned.geometry).mean() < 24  # three quarters of a sigma
    alike = first.embedding @ turned.embedding / np.linalg.norm(first.embedding) / np.linalg.norm(turned.embedding)
    assert alike > 0.95


@needs_models
def test_a_picture_without_a_face_is_refused() -> None:
    with pytest.raises(measure.NoFaceFound):
        measure.Measurer(EDGE).measure(Image.new("RGB", (300, 200), (120, 130, 140)))
