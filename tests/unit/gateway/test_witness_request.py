"""What is asked of a witness has one spelling, and nothing but its own cosignature is taken from its answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.witness_request import (
    MAX_REQUEST_BYTES,
    AddCheckpoint,
    read_cosignature,
    read_request,
    read_size,
    write_request,
    write_size,
)
from schemas.checkpoint import cosign, cosigned_at
from schemas.errors import LikenessError, NoteMalformed, NoteUntrusted, TooLarge
from schemas.note import SignatureKind, VerifierKey, read_note
from tests.statements import NOW, signing_key
from tests.unit.gateway.log_world import Tree

NORTH = VerifierKey(name="witness.example/north", kind=SignatureKind.COSIGNATURE, key=signing_key("north").public_key())
TREE = Tree()
TREE.grow(5)
NOTE = TREE.checkpoint()
TEXT = read_note(NOTE).text
EXAMPLE = b"""\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

"""
"""The beginning of the request that C2SP tlog-witness shows."""


def line(name: str = "north", at: int = NOW, text: str = TEXT) -> str:
    return cosign(text, f"witness.example/{name}", signing_key(name), at)


hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple)


@given(st.builds(AddCheckpoint, old_size=st.integers(0, 2**53 - 1), proof=hashes, note=st.just(NOTE)))
def test_a_request_is_read_as_it_was_written(request_: AddCheckpoint) -> None:
    assert read_request(write_request(request_)) == request_


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_refusal(body: bytes) -> None:
    try:
        read = read_request(body)
    except LikenessError:
        return
    assert write_request(read) == body


def test_the_example_of_the_specification() -> None:
    read = read_request(EXAMPLE)
    assert (read.old_size, len(read.proof)) == (20852014, 2)
    assert read.note.startswith("example.com/behind-the-sofa\n20852163\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1\n",
        b"old 01\n\n" + NOTE.encode(),
        b"old -1\n\n" + NOTE.encode(),
        b"old 9007199254740992\n\n" + NOTE.encode(),
        b"Old 1\n\n" + NOTE.encode(),
        b"old 1\nAAAA\n\n" + NOTE.encode(),
        b"old 1\n" + b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" * 64 + b"\n" + NOTE.encode(),
        b"old 1\r\n\r\n" + NOTE.encode(),
        b"\xff\xfe",
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(NoteMalformed):
        read_request(body)


def test_a_request_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_request(bytes(MAX_REQUEST_BYTES + 1))


def test_a_size_is_said_in_one_way() -> None:
    assert read_size(write_size(20852014)) == 20852014
    for body in (b"", b"5", b"05\n", b"5\n\n", b"five\n", b"\xff\n"):
        with pytest.raises(NoteMalformed):
            read_size(body)


def test_the_latest_cosignature_of_the_witness_is_taken_and_no_other_line() -> None:
    body = line(at=NOW) + line("south") + line(at=NOW + 5) + line(at=NOW + 1)
    taken = read_cosignature(body.encode(), TEXT, NORTH)
    assert taken == line(at=NOW + 5)
    assert cosigned_at(read_note(NOTE + taken), NORTH) == (NOW + 5,)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", NoteMalformed),
        (b"thank you\n", NoteMalformed),
        (line("south").encode(), NoteMalformed),
        (line(text=TEXT.replace("\n5\n", "\n6\n")).encode(), NoteUntrusted),
        (line().replace("north A", "north B").encode()[:-1], NoteMalformed),
        (NOTE.encode() + line().encode(), NoteUntrusted),
        (b"\xff", NoteMalformed),
    ],
)
def test_an_answer_without_it_is_refused(body: bytes, refusal: type[LikenessError]) -> None:
    with pytest.raises(refusal):
        read_cosignature(body, TEXT, NORTH)
