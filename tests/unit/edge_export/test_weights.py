"""The three ways to store a constant mean what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_export.weights import Codes, Full, Half

CODES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def test_codes_mean_distance_from_zero_point_times_scale() -> None:
    weight = Codes(np.array([0, 5, 255], np.uint8), np.array(0.5, np.float32), 5)
    assert weight.floats().tolist() == [-2.5, 0.0, 125.0]


@given(st.lists(st.floats(0.125, 8, width=32), min_size=2, max_size=2))
def test_scaling_codes_is_scaling_values(gain: list[float]) -> None:
    weight, gains = Codes(CODES, np.array(0.25, np.float32), 7), np.array(gain, np.float32)
    expected = weight.floats() * gains.reshape(2, 1, 1)
    np.testing.assert_allclose(weight.scaled(gains).floats(), expected, rtol=1e-6)


def test_scaling_codes_keeps_them() -> None:
    assert Codes(CODES, np.array(0.25, np.float32), 7).scaled(np.ones(2, np.float32)).codes is CODES


def test_rearranging_moves_codes_and_nothing_else() -> None:
    weight = Codes(CODES, np.array(0.25, np.float32), 7).rearranged(np.transpose)
    np.testing.assert_array_equal(weight.codes, CODES.T)
    assert weight.shape == (4, 3, 2)
    assert weight.codes.flags.c_contiguous


def test_rearranging_after_scales_per_channel_is_refused() -> None:
    scaled = Codes(CODES, np.array(0.25, np.float32), 7).scaled(np.ones(2, np.float32))
    with pytest.raises(ValueError, match="rearrange"):
        scaled.rearranged(np.transpose)


def test_halving_rounds_to_float16_and_widens_back() -> None:
    weight = Full(np.array([[1 / 3, 2.0]], np.float32)).scaled(np.array([2], np.float32)).halved()
    assert isinstance(weight, Half)
    assert weight.floats().dtype == np.float32
    assert weight.floats().tolist() == [[float(np.float16(2 / 3)), 4.0]]
    assert weight.rearranged(np.transpose).shape == (2, 1)
