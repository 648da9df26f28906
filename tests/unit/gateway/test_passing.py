"""What a worker sends is looked at by kind, size and turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.passing import MAX_BYTES, after, read_worker_frame
from schemas.errors import LikenessError, OutOfOrder, ResultInvalid
from schemas.frames import WORKER_FRAMES, FrameKind, encode_frame
from schemas.job_states import DISCLOSED_STATES, State


@pytest.mark.parametrize("kind", sorted(WORKER_FRAMES))
def test_a_frame_of_the_largest_size_passes(kind: FrameKind) -> None:
    assert read_worker_frame(encode_frame(kind, bytes(MAX_BYTES[kind]))).kind is kind
    with pytest.raises(ResultInvalid):
        read_worker_frame(encode_frame(kind, bytes(MAX_BYTES[kind] + 1)))


@pytest.mark.parametrize("kind", sorted(set(FrameKind) - WORKER_FRAMES))
def test_what_is_the_gateways_to_say_is_refused(kind: FrameKind) -> None:
    with pytest.raises(ResultInvalid):
        read_worker_frame(encode_frame(kind, b"x"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        encode_frame(FrameKind.PROGRESS),
        encode_frame(FrameKind.IMAGE, b"short"),
        encode_frame(FrameKind.PROGRESS, b"x") * 2,
        encode_frame(FrameKind.PROGRESS, b"x") + b"\x05",
        encode_frame(FrameKind.PROGRESS, b"xy")[:-1],
    ],
)
def test_anything_but_one_whole_frame_is_refused(raw: bytes) -> None:
    with pytest.raises(ResultInvalid):
        read_worker_frame(raw)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_a_refusal(raw: bytes) -> None:
    try:
        frame = read_worker_frame(raw)
    except LikenessError:
        return
    assert encode_frame(frame.kind, frame.payload) == raw


@given(st.lists(st.sampled_from(sorted(WORKER_FRAMES)), max_size=12))
def test_however_frames_come_the_receipt_is_the_last_and_no_image_follows_a_problem(kinds: list[FrameKind]) -> None:
    state, passed = State.DISCLOSED, []
    for kind in kinds:
        try:
            state = after(state, kind)
        except OutOfOrder:
            continue
        passed.append(kind)
        assert state in DISCLOSED_STATES | {State.ENDED}
    assert (state is State.ENDED) == (FrameKind.RECEIPT in passed)
    if FrameKind.RECEIPT in passed:
        assert passed.index(FrameKind.RECEIPT) == len(passed) - 1
    if FrameKind.PROBLEM in passed:
        assert FrameKind.IMAGE not in passed[passed.index(FrameKind.PROBLEM) :]
