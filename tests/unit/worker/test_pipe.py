"""The words between supervisor and child."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import OutOfOrder, TooLarge
from worker.pipe import HEADER, MAX_MESSAGE_BYTES, TASK, Said, Task, decode_task, encode, encode_task, read_message


@given(st.lists(st.binary(max_size=200), min_size=6, max_size=6))
def test_a_task_comes_back_as_it_was(parts: list[bytes]) -> None:
    gateway, offer, roster, claim, disclosure, sealed = parts
    task = Task(gateway=gateway, offer=offer, roster=roster, claim=claim, disclosure=disclosure, sealed=sealed)
    message = read_message(io.BytesIO(encode_task(task)))
    assert message is not None
    assert message[0] == TASK
    assert decode_task(message[1]) == task


def test_messages_follow_each_other() -> None:
    stream = io.BytesIO(encode(Said.OPENED) + encode(Said.REFUSED, b"cannot-open"))
    assert read_message(stream) == (Said.OPENED, b"")
    assert read_message(stream) == (Said.REFUSED, b"cannot-open")
    assert read_message(stream) is None


@pytest.mark.parametrize("cut", [1, HEADER.size - 1, HEADER.size, HEADER.size + 3])
def test_a_message_that_breaks_off_is_none(cut: int) -> None:
    with pytest.raises(OutOfOrder):
        read_message(io.BytesIO(encode(Said.REFUSED, b"cannot-open")[:cut]))


def test_no_message_is_larger_than_a_chunk() -> None:
    with pytest.raises(TooLarge):
        read_message(io.BytesIO(HEADER.pack(Said.CHUNK, MAX_MESSAGE_BYTES + 1)))


@pytest.mark.parametrize("payload", [b"", b"\0\0\0\1", b"\0\0\0\0" * 5, b"\0\0\0\0" * 7, b"\0\0\0\0" * 6 + b"x"])
def test_what_is_no_task_is_refused(payload: bytes) -> None:
    with pytest.raises(OutOfOrder):
        decode_task(payload)
