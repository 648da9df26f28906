"""The ruler measures shape and colour, whatever the size, place and roll of the face in the crop."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_export import ruler

Points = npt.NDArray[np.float32]
Crop = npt.NDArray[np.uint8]


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def measure() -> ort.InferenceSession:
    return session(ruler.build())


@pytest.fixture(scope="module")
def ratios() -> ort.InferenceSession:
    return session(ruler.build_ratios())


def some_points(seed: int = 1) -> Points:
    """468 places inside the crop; the eyes are where eyes are, and open."""
    points = np.random.default_rng(seed).uniform(40, 150, (468, 3)).astype(np.float32)
    for index, place in {33: (60, 80), 133: (82, 80), 159: (71, 75), 145: (71, 85)}.items():
        points[index, :2] = place
    for index, place in {263: (130, 80), 362: (108, 80), 386: (119, 75), 374: (119, 85)}.items():
        points[index, :2] = place
    return points


def flat_crop(rgb: tuple[int, int, int]) -> Crop:
    """One colour, but for neutral whites of the eyes."""
    crop = np.empty((192, 192, 4), np.uint8)
    crop[:] = (*rgb, 255)
    return crop


def run(measure: ort.InferenceSession, points: Points, crop: Crop) -> tuple[npt.NDArray[np.generic], ...]:
    geometry, colours, given_ = measure.run(["geometry", "colours", "colours_given"], {"points": points, "rgba": crop})
    return geometry, colours, given_


def test_shapes_and_types_are_those_of_the_record(measure: ort.InferenceSession) -> None:
    measured = run(measure, some_points(), flat_crop((128, 128, 128)))
    assert [value.shape for value in measured] == [(24,), (5, 3), (5,)]
    assert [str(value.dtype) for value in measured] == ["int8", "int8", "uint8"]


def test_the_same_table_gives_the_same_bytes() -> None:
    assert ruler.build().SerializeToString() == ruler.build().SerializeToString()


def test_the_same_face_gives_the_same_numbers(measure: ort.InferenceSession) -> None:
    crop = np.random.default_rng(2).integers(0, 256, (192, 192, 4), np.uint8)
    first, second = run(measure, some_points(), crop), run(measure, some_points(), crop)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_no_ratio_leaves_the_range_that_was_trained(measure: ort.InferenceSession) -> None:
    for seed in range(20):
        geometry, *_ = run(measure, some_points(seed), flat_crop((90, 90, 90)))
        assert np.abs(geometry.astype(int)).max() <= ruler.CLIP_CODE


@settings(max_examples=40, deadline=None)
@given(
    scale=st.floats(0.3, 3.0),
    angle=st.floats(-3.0, 3.0),
    shift=st.tuples(st.floats(-90, 90), st.floats(-90, 90)),
    seed=st.integers(0, 9),
)
def test_size_roll_and_place_change_no_ratio(
    ratios: ort.InferenceSession, scale: float, angle: float, shift: tuple[float, float], seed: int
) -> None:
    points = some_points(seed)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = points.copy()
    moved[:, :2] = points[:, :2] @ turn.T + np.array(shift)
    before, after = (ratios.run(["ratios"], {"points": p})[0] for p in (points, moved))
    assert after == pytest.approx(before, abs=2e-4)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((119, 119, 119), (50.03, 0.0, 0.0)),
        ((139, 69, 19), (37.47, 26.44, 40.98)),
        ((0, 128, 0), (46.23, -51.70, 49.90)),
        ((255, 228, 196), (92.01, 4.43, 19.01)),
    ],
    ids=["grey", "saddle brown", "green", "bisque"],
)
def test_a_flat_patch_has_its_published_lab_colour(
    measure: ort.InferenceSession, rgb: tuple[int, int, int], lab: tuple[float, float, float]
) -> None:
    points, crop = some_points(), flat_crop(rgb)
    points[[50, 280, 205, 425, 117, 346, 36, 266, 101, 330, 187, 411, 151, 108, 337], :2] = (95, 140)
    crop[70:92, 52:140] = (240, 240, 240, 255)  # neutral eyes: nothing to balance
    _, colours, _ = run(measure, points, crop)
    skin = colours[0] / np.array([2.0, 1.0, 1.0]) + np.array([50.0, 0.0, 0.0])
    assert np.linalg.norm(skin - np.array(lab)) < 2.0


def test_tinted_light_is_balanced_but_only_a_little(measure: ort.InferenceSession) -> None:
    points, tinted = some_points(), flat_crop((150, 120, 90))
    tinted[70:92, 52:140] = (240, 200, 150, 255)
    neutral = flat_crop((150, 120, 90))
    neutral[70:92, 52:140] = (200, 200, 200, 255)
    points[[50, 280, 205, 425, 117, 346, 36, 266, 101, 330, 187, 411, 151, 108, 337], :2] = (95, 140)
    warm, plain = (run(measure, points, crop)[1][0].astype(int) for crop in (tinted, neutral))
    assert warm[2] < plain[2]
    assert plain[2] - warm[2] < 12


def test_closed_eyes_give_no_iris(measure: ort.InferenceSession) -> None:
    points = some_points()
    points[[159, 145, 386, 374], 1] = 80
    assert run(measure, points, flat_crop((120, 100, 90)))[2][4] == 0
    assert run(measure, some_points(), flat_crop((120, 100, 90)))[2][4] == 1


def test_hair_that_looks_like_skin_is_not_given(measure: ort.InferenceSession) -> None:
    points = some_points()
    points[[10, 109, 338, 67, 297, 54, 284, 21, 251], :2] = (95, 40)
    points[168, :2] = (95, 75)
    points[[50, 280, 205, 425, 117, 346, 36, 266, 101, 330, 187, 411, 151, 108, 337], :2] = (95, 140)
    crop = flat_crop((200, 150, 120))
    assert run(measure, points, crop)[2][3] == 0
    crop[:48] = (40, 30, 25, 255)
    assert run(measure, points, crop)[2][3] == 1


def test_every_ratio_has_a_row_in_the_table() -> None:
    table = json.loads(ruler.TABLE.read_text(encoding="utf-8"))["ratios"]
    assert list(table) == [ratio.name for ratio in ruler.RATIOS]
    assert len(table) == 24
    assert all(row["scale"] > 0 for row in table.values())
