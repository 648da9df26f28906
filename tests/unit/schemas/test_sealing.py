"""Laws of sealing that vectors cannot list."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import sealing
from schemas.errors import SealError, TooLarge
from tests.statements import seed


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=sealing.REQUEST_ROOM_BYTES))
def test_every_sealed_request_has_one_size(plaintext: bytes) -> None:
    key = sealing.worker_key(seed("hpke"))
    try:
        sealed = sealing.seal_request(plaintext, key.public, b"i")
    except TooLarge:
        assert len(plaintext) > sealing.REQUEST_ROOM_BYTES - 4
        return
    assert len(sealed) == sealing.SEALED_REQUEST_BYTES
    assert sealing.open_request(sealed, key, b"i") == plaintext


@settings(max_examples=40, deadline=None)
@given(st.integers(0, sealing.SEALED_REQUEST_BYTES * 8 - 1))
def test_any_flipped_bit_is_noticed(bit: int) -> None:
    key = sealing.worker_key(seed("hpke"))
    sealed = bytearray(sealing.seal_request(b"nobody", key.public, b"i"))
    sealed[bit // 8] ^= 1 << bit % 8
    try:
        sealing.open_request(bytes(sealed), key, b"i")
    except SealError:
        return
    raise AssertionError(bit)


def test_a_key_does_not_show_itself() -> None:
    assert repr(sealing.worker_key(seed("hpke"))) == "WorkerKey()"
