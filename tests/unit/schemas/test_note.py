"""Signed notes: what is one, whose it is, and the names and ids of keys."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import note
from schemas.errors import NoteMalformed, NoteUntrusted

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NAME = "example.com/log"
VERIFIER = note.VerifierKey(NAME, note.SignatureKind.ED25519, KEY.public_key())
TEXT = "first\n\nsecond \u00e8\n"
LINE = note.sign_note(TEXT, NAME, KEY)
RAW = f"{TEXT}\n{LINE}"


def test_a_note_says_who_signed_it() -> None:
    read = note.read_note(RAW)
    assert read.text == TEXT
    assert note.is_signed(read, VERIFIER)


def test_signatures_of_others_are_ignored() -> None:
    foreign = note.sign_note(TEXT, "elsewhere.example", OTHER)
    read = note.read_note(f"{TEXT}\n{foreign}{LINE}{foreign}")
    assert note.is_signed(read, VERIFIER)
    assert not note.is_signed(note.read_note(f"{TEXT}\n{foreign}"), VERIFIER)


def test_a_name_or_an_id_alone_is_not_a_key() -> None:
    namesake = note.sign_note(TEXT, NAME, OTHER)
    same_id = f"\u2014 elsewhere.example {LINE.split(' ')[2]}"
    assert not note.is_signed(note.read_note(f"{TEXT}\n{namesake}{same_id}"), VERIFIER)


def test_a_known_key_whose_signature_does_not_verify_spoils_the_note() -> None:
    other_text = note.sign_note("other\n", NAME, KEY)
    short = note.signature_line(VERIFIER, TEXT, bytes(63))
    for spoilt in (other_text, LINE + other_text, LINE + short):
        with pytest.raises(NoteUntrusted):
            note.is_signed(note.read_note(f"{TEXT}\n{spoilt}"), VERIFIER)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "text\n",
        "text\n\n",
        LINE,
        f"\n{LINE}",
        f"{TEXT}{LINE}",
        RAW[:-1],
        f"{RAW}\n",
        f"{RAW}\n\n",
        RAW.replace("\n", "\r\n"),
        RAW.replace("first", "fi\trst"),
        RAW.replace("first", "fi\0rst"),
        RAW.replace("first", "fi\ud800rst"),
        RAW.replace("\u2014", "-"),
        RAW.replace("\u2014 ", "\u2014"),
        RAW.replace("\u2014 ", "\u2014  "),
        RAW.replace(NAME, ""),
        RAW.replace(NAME, "a+b"),
        RAW.replace(NAME, "a\u00a0b"),
        RAW.replace(NAME, "a\u3000b"),
        RAW[:-1] + " \n",
        RAW[:-1] + "=\n",
        RAW.replace(LINE.split(" ")[2], "AAAAAA==\n"),
        f"{TEXT}\n" + LINE * (note.MAX_SIGNATURES + 1),
        "x" * note.MAX_NOTE_BYTES + RAW,
    ],
)
def test_what_is_not_a_note_is_refused(raw: str) -> None:
    with pytest.raises(NoteMalformed):
        note.read_note(raw)


def test_as_many_signatures_as_allowed_are_read() -> None:
    assert len(note.read_note(f"{TEXT}\n" + LINE * note.MAX_SIGNATURES).signatures) == note.MAX_SIGNATURES


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "return\r\n", "half\ud800\n"])
def test_what_cannot_be_a_text_is_not_signed(text: str) -> None:
    with pytest.raises(NoteMalformed):
        note.sign_note(text, NAME, KEY)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b"])
def test_what_cannot_be_a_name_signs_nothing(name: str) -> None:
    with pytest.raises(NoteMalformed):
        note.sign_note(TEXT, name, KEY)


def test_a_verifier_key_is_read_as_written() -> None:
    for kind in note.SignatureKind:
        key = note.VerifierKey("w\u00e9.example/1", kind, KEY.public_key())
        assert note.read_vkey(key.text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        VERIFIER.text + "=",
        VERIFIER.text + "\n",
        VERIFIER.text.replace("+", " ", 1),
        VERIFIER.text.replace(NAME, "example.com/lag"),
        VERIFIER.text.replace(VERIFIER.key_id.hex(), VERIFIER.key_id.hex().upper()),
        VERIFIER.text.replace(VERIFIER.key_id.hex(), "00000000"),
        VERIFIER.text.replace("+AQ", "+Ag"),
        VERIFIER.text[:-4],
    ],
)
def test_what_is_not_a_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformed):
        note.read_vkey(text)


@pytest.mark.parametrize("text", ["AB==", "AA=", "AA", "AA==\n", " AA==", "A-==", "AAA", "AAAB", "\u00e9\u00e9=="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(NoteMalformed):
        note.read_base64(text, 1)
    assert note.read_base64("AA==", 1) == base64.b64decode("AA==")


@pytest.mark.parametrize(
    "text", ["", "00", "01", "+1", "-1", "1 ", "1\n", "1_0", "\u0661", "9007199254740992", "9" * 99]
)
def test_a_number_has_one_spelling(text: str) -> None:
    with pytest.raises(NoteMalformed):
        note.read_decimal(text)


def test_numbers_go_as_far_as_a_browser_counts() -> None:
    assert [note.read_decimal(text) for text in ("0", "9007199254740991")] == [0, 2**53 - 1]
