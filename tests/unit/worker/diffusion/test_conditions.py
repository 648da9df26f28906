"""A record as arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.embedding import ATTRIBUTES, Embedding, LikenessRecord, Look
from tests import tiny_bundle
from worker.diffusion.conditions import condition


def test_every_part_in_the_units_of_the_conditioner() -> None:
    record = tiny_bundle.public_record()
    arrays = condition(record, 1)
    assert {name: (array.dtype.name, array.shape) for name, array in arrays.items()} == {
        "geometry": ("float32", (1, 24)),
        "geometry_given": ("float32", (1, 1)),
        "colours": ("float32", (1, 5, 3)),
        "colours_given": ("float32", (1, 5)),
        "attributes": ("int64", (1, 16)),
        "embedding": ("float32", (1, 128)),
        "embedding_given": ("float32", (1, 1)),
        "style": ("int64", (1,)),
    }
    assert arrays["geometry"][0, 0] == np.float32(-24 / 32)
    assert arrays["colours"][0, 0].tolist() == [40 / 64, 12 / 64, 18 / 64]
    assert arrays["colours_given"].tolist() == [[1, 0, 1, 0, 0]]
    assert arrays["attributes"][0, :3].tolist() == [3, 2, 0]
    assert arrays["embedding"][0, 0] == np.float32(-64) * np.float32(3 / 2048)
    assert [arrays[f"{part}_given"].item() for part in ("geometry", "embedding")] == [1, 1]
    assert arrays["style"].tolist() == [1]


def test_what_was_not_given_is_zero() -> None:
    arrays = condition(LikenessRecord(), 0)
    assert not any(array.any() for array in arrays.values())


@given(st.binary(min_size=24, max_size=24).filter(lambda raw: b"\x80" not in raw))
def test_geometry_keeps_its_sign_and_scale(raw: bytes) -> None:
    codes = condition(LikenessRecord(geometry=raw), 0)["geometry"][0] * 32
    assert codes.astype(np.int8).tobytes() == raw


def test_the_arrays_are_the_callers_to_overwrite() -> None:
    values = bytes([5]) * 128
    record = LikenessRecord(
        geometry=bytes(24),
        look=Look(colours=(None,) * 5, attributes=(0,) * len(ATTRIBUTES)),
        embedding=Embedding(embedder=1, scale=0.5, values=values),
    )
    for array in condition(record, 0).values():
        array.fill(0)
    assert record.embedding is not None
    assert record.embedding.values == values
