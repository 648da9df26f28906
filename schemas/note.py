"""Signed notes: a text with Ed25519 signatures under it (C2SP signed-note; spec/transparency-log.md section 3).

    example.com/log                                     <- the text: here a checkpoint, three lines
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
                                                        <- the last empty line
    — example.com/log Az3grlgtzPICa5OS8npVmf1M...       <- a line a signature: name, base64(key id || signature)

Reading a note trusts nothing: signatures are looked up by the name and id of a key one already has.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import NoteMalformed, NoteUntrusted
from schemas.scalars import MAX_SAFE_INTEGER

MAX_NOTE_BYTES: Final = 128 * 1024
"""Room for more post-quantum cosignatures (about 3.3 kB each) than ``MAX_SIGNATURES`` needs by Ed25519."""
MAX_SIGNATURES: Final = 64
"""More than the 32 witnesses that a policy may name; C2SP asks for 16 at least."""
KEY_ID_BYTES: Final = 4

# Unicode's White_Space beyond the control characters, which a note may not have at all. Written out, because Python's
# and JavaScript's own ideas of a space differ.
_NAME: Final = re.compile("[^+ \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")


class SignatureKind(IntEnum):
    """The byte before a public key that says what its signatures are about."""

    ED25519 = 1
    """Over the text of the note."""
    COSIGNATURE = 4
    """Over a time and the text of the note (C2SP tlog-cosignature)."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under."""

    name: str
    kind: SignatureKind
    key: Ed25519PublicKey

    @property
    def key_id(self) -> bytes:
        """4 bytes that tell this key's signatures from others under its name; no protection in themselves."""
        return hashlib.sha256(self.name.encode() + b"\n" + self._typed()).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The ``vkey``: ``name+hex(key id)+base64(kind || public key)``."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(self._typed())}"

    def _typed(self) -> bytes:
        return bytes([self.kind]) + self.key.public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; of nobody until a key has verified it."""

    name: str
    key_id: bytes
    value: bytes
    """What follows the key id."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as read: nothing in it is verified."""

    text: str
    """Ends in a newline; what signatures are over."""
    signatures: tuple[Signature, ...]

    def by(self, key: VerifierKey) -> tuple[bytes, ...]:
        """What stands in the signature lines with the name and id of ``key``. All others are of no concern."""
        key_id = key.key_id
        return tuple(s.value for s in self.signatures if s.name == key.name and s.key_id == key_id)


def read_vkey(text: str) -> VerifierKey:
    """The key that ``text``, a ``vkey``, describes.

    Raises:
        NoteMalformed: not one, not of a kind we know, or its id is not the one of its name and key.
    """
    name, key_id, encoded = [*text.split("+", 2), "", ""][:3]
    typed = read_base64(encoded, 1 + 32)
    if typed[0] not in {SignatureKind.ED25519, SignatureKind.COSIGNATURE} or not _is_name(name):
        raise NoteMalformed("not a verifier key")
    key = VerifierKey(name=name, kind=SignatureKind(typed[0]), key=Ed25519PublicKey.from_public_bytes(typed[1:]))
    if key.key_id.hex() != key_id:
        raise NoteMalformed("the key's id does not belong to it")
    return key


def read_note(raw: str) -> Note:
    """The parts of ``raw``.

    Raises:
        NoteMalformed: control characters other than newline, no text, no signature, too many, or a line that is none.
    """
    if _CONTROL.search(raw) or len(_utf8(raw)) > MAX_NOTE_BYTES:
        raise NoteMalformed
    text, blank, rest = raw.rpartition("\n\n")
    lines = rest.split("\n")
    if not blank or lines.pop() != "" or not 0 < len(lines) <= MAX_SIGNATURES:
        raise NoteMalformed
    return Note(text=f"{text}\n", signatures=tuple(_read_signature(line) for line in lines))


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """The signature line of ``key`` under ``text``. A note is ``text``, an empty line, and such lines.

    Raises:
        NoteMalformed: ``text`` cannot be the text of a note, or ``name`` the name of a key.
    """
    verifier = VerifierKey(name=name, kind=SignatureKind.ED25519, key=key.public_key())
    return signature_line(verifier, text, key.sign(_utf8(text)))


def signature_line(key: VerifierKey, text: str, value: bytes) -> str:
    """The line that holds ``value``, a signature by ``key``, if it and ``text`` can stand in a note.

    Raises:
        NoteMalformed: they cannot.
    """
    line = f"\u2014 {key.name} {to_base64(key.key_id + value)}\n"
    if not text.endswith("\n") or read_note(f"{text}\n{line}").text != text:
        raise NoteMalformed
    return line


def is_signed(note: Note, key: VerifierKey) -> bool:
    """Whether ``key``, of kind ``ED25519``, signed the text of ``note``.

    Raises:
        NoteUntrusted: a signature says that it is by ``key`` and is not.
    """
    signatures = note.by(key)
    for signature in signatures:
        verify(key, signature, _utf8(note.text))
    return bool(signatures)


def verify(key: VerifierKey, signature: bytes, message: bytes) -> None:
    """Returns only if ``signature`` (64 bytes) is by ``key`` over ``message``.

    Raises:
        NoteUntrusted: it is not.
    """
    try:
        key.key.verify(signature, message)
    except InvalidSignature:
        raise NoteUntrusted("a signature under a known name is not by its key") from None


def to_base64(raw: bytes) -> str:
    """``raw`` in base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode("ascii")


def read_base64(text: str, length_bytes: int | None = None) -> bytes:
    """The bytes that ``text`` spells, refusing every spelling but the canonical one.

    Raises:
        NoteMalformed: not base64, not canonical, or not ``length_bytes`` long.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteMalformed("not base64") from None
    if to_base64(raw) != text or length_bytes not in {None, len(raw)}:
        raise NoteMalformed("base64 of another spelling or length")
    return raw


def read_decimal(text: str) -> int:
    """The number that ``text`` spells: ASCII digits, no leading zero, below 2**53.

    Raises:
        NoteMalformed: it does not.
    """
    if not re.fullmatch("0|[1-9][0-9]{0,15}", text) or int(text) > MAX_SAFE_INTEGER:
        raise NoteMalformed("not a number")
    return int(text)


def _read_signature(line: str) -> Signature:
    dash, name, encoded = [*line.split(" ", 2), "", ""][:3]
    raw = read_base64(encoded)
    if dash != "\u2014" or not _is_name(name) or len(raw) <= KEY_ID_BYTES:
        raise NoteMalformed("not a signature line")
    return Signature(name=name, key_id=raw[:KEY_ID_BYTES], value=raw[KEY_ID_BYTES:])


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and not _CONTROL.search(text) and "\n" not in text


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NoteMalformed("not Unicode") from None
