"""Checkpoints: what a log says it holds, and when a witness saw it say so (C2SP tlog-checkpoint, tlog-cosignature).

A checkpoint is the text of a signed note. Ours has exactly three lines: extension lines, which C2SP allows and advises
against, are refused, because no witness makes a statement about them.
"""

import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import NoteMalformed, NoteUntrusted
from schemas.merkle import EMPTY_ROOT, HASH_BYTES
from schemas.note import (
    Note,
    SignatureKind,
    VerifierKey,
    read_base64,
    read_decimal,
    signature_line,
    to_base64,
    verify,
)
from schemas.scalars import MAX_SAFE_INTEGER

COSIGNATURE_BYTES: Final = 8 + 64
"""A big-endian time in seconds, then an Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log."""

    origin: str
    """The log's name."""
    size: int
    """Leaves in the tree."""
    root: bytes
    """32 bytes."""


def write_checkpoint(checkpoint: Checkpoint) -> str:
    """The note text of ``checkpoint``."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{to_base64(checkpoint.root)}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's ``text`` spells. Whether its log said so is for the signatures to tell.

    Raises:
        NoteMalformed: not three lines of origin, size and root, or an empty tree with another root than it has.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[0] == "" or lines[3] != "":
        raise NoteMalformed("not a checkpoint of three lines")
    checkpoint = Checkpoint(origin=lines[0], size=read_decimal(lines[1]), root=read_base64(lines[2], HASH_BYTES))
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise NoteMalformed("an empty tree has one root")
    return checkpoint


def cosign(note_text: str, name: str, key: Ed25519PrivateKey, now: int) -> str:
    """The signature line by which a witness says: at ``now`` (seconds) this was the largest tree I knew of this log.

    The caller has checked that it is one and that it continues the last (spec/transparency-log.md section 6).

    Raises:
        NoteMalformed: ``note_text`` is not a checkpoint, or ``name`` cannot be the name of a key.
    """
    read_checkpoint(note_text)
    verifier = VerifierKey(name=name, kind=SignatureKind.COSIGNATURE, key=key.public_key())
    signed = struct.pack(">Q", now) + key.sign(_cosigned(note_text, now))
    return signature_line(verifier, note_text, signed)


def cosigned_at(note: Note, witness: VerifierKey) -> tuple[int, ...]:
    """The times (seconds) at which ``witness`` cosigned ``note``: none, one, or more.

    Raises:
        NoteUntrusted: a cosignature says that it is by ``witness`` and is not.
    """
    return tuple(_time_of(witness, value, note.text) for value in note.by(witness))


def _time_of(witness: VerifierKey, value: bytes, text: str) -> int:
    if len(value) != COSIGNATURE_BYTES:
        raise NoteUntrusted("a cosignature has another length")
    (at,) = struct.unpack_from(">Q", value)
    if at > MAX_SAFE_INTEGER:
        raise NoteUntrusted("a cosignature of a time that cannot be")
    verify(witness, value[8:], _cosigned(text, at))
    return int(at)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
