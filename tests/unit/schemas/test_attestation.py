"""Quotes: what holds for every byte of them, and for bytes that are none. Single cases: vectors/attestation.json."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.attestation import ATTEST, AttestationKey, Quote, check_quote, expected_pcr, quote_binding
from schemas.errors import QuoteInvalid
from schemas.scalars import digest, from_b64u, to_b64u
from tests.quotes import attest, attestation_key, signed
from tests.statements import SOFTWARE, seed

BINDING = quote_binding(bytes(1216), seed("offer"))
KEY = attestation_key()
GOOD = attest(BINDING, SOFTWARE)
FREE = {*range(10, 42), *range(76, 101)}
"""The name of the key, clock and firmware: what a TPM may say as it likes."""


def accepts(quote: Quote, key: AttestationKey = KEY) -> bool:
    try:
        check_quote(quote, key, binding=BINDING, software=SOFTWARE)
    except QuoteInvalid:
        return False
    return True


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_every_byte_of_a_quote_its_signature_and_its_key_matters() -> None:
    good = signed(GOOD)
    assert accepts(good)
    signature, point = from_b64u(good.signature), from_b64u(KEY.key)
    messages = [Quote(message=to_b64u(flipped(GOOD, at)), signature=good.signature) for at in range(len(GOOD))]
    signatures = [Quote(message=good.message, signature=to_b64u(flipped(signature, at))) for at in range(64)]
    keys = [msgspec.structs.replace(KEY, key=to_b64u(flipped(point, at))) for at in range(65)]
    assert not any(accepts(quote) for quote in messages + signatures)
    assert not any(accepts(good, key) for key in keys)


def test_a_signature_saves_only_what_a_tpm_may_say_as_it_likes() -> None:
    assert {at for at in range(ATTEST.size) if accepts(signed(flipped(GOOD, at)))} == FREE


@given(st.binary(max_size=200))
def test_any_other_bytes_that_the_key_signed_are_no_quote(raw: bytes) -> None:
    assert not accepts(signed(raw))


@given(
    st.integers(0, len(GOOD)),
    st.integers(0, len(GOOD)),
    st.binary(max_size=48),
    st.sampled_from(["signed", "not signed"]),
)
def test_no_piece_of_a_quote_can_be_replaced(start: int, end: int, piece: bytes, how: str) -> None:
    raw = GOOD[:start] + piece + GOOD[end:]
    quote = signed(raw) if how == "signed" else Quote(message=to_b64u(raw), signature=signed(GOOD).signature)
    told = [at for at in range(ATTEST.size) if at not in FREE]
    same = len(raw) == ATTEST.size and all(raw[at] == GOOD[at] for at in told)
    assert accepts(quote) == (same if how == "signed" else raw == GOOD)


@given(st.text(max_size=300), st.text(max_size=120), st.text(max_size=120))
def test_any_text_is_a_quote_or_refused(message: str, signature: str, point: str) -> None:
    good = signed(GOOD)
    assert not accepts(Quote(message=message, signature=signature), AttestationKey(key=point, root="test-tpm"))
    assert accepts(Quote(message=good.message, signature=signature)) == (signature == good.signature)
    assert accepts(Quote(message=message, signature=good.signature)) == (message == good.message)
    assert accepts(good, AttestationKey(key=point, root="test-tpm")) == (point == KEY.key)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_quote_is_about_one_offer_and_one_program(offer: bytes, program: bytes) -> None:
    binding, software = quote_binding(bytes(1216), offer), program.hex()
    quote = signed(attest(binding, software))
    check_quote(quote, KEY, binding=binding, software=software)
    with pytest.raises(QuoteInvalid):
        check_quote(quote, KEY, binding=quote_binding(bytes(1216), flipped(offer, 0)), software=software)
    with pytest.raises(QuoteInvalid):
        check_quote(quote, KEY, binding=binding, software=flipped(program, 31).hex())


@pytest.mark.parametrize(("key_bytes", "hash_bytes"), [(1215, 32), (1217, 32), (1216, 31), (1216, 33), (0, 0)])
def test_a_key_or_a_hash_of_another_length_is_bound_to_nothing(key_bytes: int, hash_bytes: int) -> None:
    with pytest.raises(QuoteInvalid):
        quote_binding(bytes(key_bytes), bytes(hash_bytes))


def test_the_register_is_the_one_that_tpm2_tools_show() -> None:
    # tpm2 pcrreset 23; tpm2 pcrextend 23:sha256=$(printf a | sha256sum | cut -c-64); tpm2 pcrread sha256:23
    assert expected_pcr(digest(b"a")) == bytes.fromhex(
        "8c374a53782642f7514d087d26a3e733f1b806009a03e04a43b288ef2fa9f9c0"
    )
