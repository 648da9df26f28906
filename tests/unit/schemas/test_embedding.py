"""Laws of the likeness record."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import embedding
from schemas.errors import RecordError, RecordPartMissing
from tests.statements import example_record

signed = st.integers(-127, 127)
attributes = st.tuples(*(st.integers(0, len(values)) for values in embedding.ATTRIBUTES.values()))
colours = st.tuples(*(st.none() | st.tuples(signed, signed, signed) for _ in embedding.COLOURS))
looks = st.builds(embedding.Look, colours=colours, attributes=attributes)
geometries = st.lists(signed, min_size=24, max_size=24).map(lambda v: bytes(x % 256 for x in v))
vectors = st.lists(st.floats(-1, 1, width=32), min_size=128, max_size=128).filter(lambda v: max(map(abs, v)) > 1e-30)
records = st.builds(
    embedding.LikenessRecord,
    geometry=st.none() | geometries,
    look=st.none() | looks,
    embedding=st.none() | vectors.map(embedding.quantise),
).filter(lambda record: record.parts)


@given(records)
def test_a_record_survives_the_wire_and_fits(record: embedding.LikenessRecord) -> None:
    raw = embedding.encode(record)
    assert len(raw) <= embedding.MAX_RECORD_BYTES
    assert embedding.decode(raw) == record


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_with_one_spelling_or_refused(raw: bytes) -> None:
    try:
        record = embedding.decode(raw)
    except RecordError:
        return
    assert embedding.encode(record) == raw


@given(records, st.data())
def test_an_altered_byte_never_gives_a_second_spelling(record: embedding.LikenessRecord, data: st.DataObject) -> None:
    raw = bytearray(embedding.encode(record))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        other = embedding.decode(bytes(raw))
    except RecordError:
        return
    assert other != record


@given(vectors)
def test_quantising_keeps_the_direction(vector: list[float]) -> None:
    got = embedding.quantise(vector)
    back = [(b - 256 if b > 127 else b) * got.scale for b in got.values]
    assert max(abs(a - b) for a, b in zip(vector, back, strict=True)) <= got.scale * 0.51


def test_a_record_does_not_show_itself() -> None:
    record = example_record()
    shown = repr(record) + repr(record.look) + repr(record.embedding)
    assert not any(character.isdigit() for character in shown.replace("embedder=1", ""))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(RecordError):
        embedding.quantise([bad, *[0.1] * 127])


def test_only_the_parts_a_bundle_uses_are_accepted() -> None:
    record = example_record()
    everything = frozenset(embedding.PART_BITS)
    embedding.require_parts(record, frozenset({"geometry"}), everything - {"geometry"})
    with pytest.raises(RecordPartMissing):
        embedding.require_parts(record, everything - {"embedding"}, frozenset())
    with pytest.raises(RecordPartMissing):
        embedding.require_parts(embedding.LikenessRecord(look=record.look), frozenset({"geometry"}), everything)
