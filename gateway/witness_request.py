"""What a log asks of a witness, in which bytes, and what it gets back (C2SP tlog-witness, add-checkpoint).

old 20852014                                        <- what the log believes the witness saw last
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=        <- hashes from there to the new tree
...
                                                    <- an empty line
example.com/log                                     <- the new checkpoint, signed by the log
...
"""

from dataclasses import dataclass
from typing import Final

from schemas.checkpoint import cosigned_at
from schemas.errors import NoteMalformed, TooLarge
from schemas.merkle import HASH_BYTES
from schemas.note import (
    MAX_NOTE_BYTES,
    VerifierKey,
    read_base64,
    read_decimal,
    read_note,
    signature_line,
    to_base64,
)

PATH: Final = "/add-checkpoint"
"""Behind a witness's URL."""
SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"
"""Of the answer 409, which says what size the witness saw last."""
MAX_PROOF_HASHES: Final = 63
MAX_REQUEST_BYTES: Final = MAX_NOTE_BYTES + 4096


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """One request, as read: nothing in it is verified."""

    old_size: int
    proof: tuple[bytes, ...]
    """32 bytes each, from the tree of ``old_size`` to that of the checkpoint."""
    note: str
    """The checkpoint with its signatures."""


def write_request(request: AddCheckpoint) -> bytes:
    """The body of the POST."""
    lines = [f"old {request.old_size}", *(to_base64(each) for each in request.proof)]
    return ("\n".join(lines) + f"\n\n{request.note}").encode()


def read_request(body: bytes) -> AddCheckpoint:
    """What ``body`` asks for.

    Raises:
        TooLarge, NoteMalformed: it is no such request.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise TooLarge
    head, blank, note = _text(body).partition("\n\n")
    old, *hashes = head.split("\n")
    if not blank or not old.startswith("old ") or len(hashes) > MAX_PROOF_HASHES:
        raise NoteMalformed("not an add-checkpoint request")
    return AddCheckpoint(
        old_size=read_decimal(old.removeprefix("old ")),
        proof=tuple(read_base64(line, HASH_BYTES) for line in hashes),
        note=note,
    )


def write_size(size: int) -> bytes:
    """The body of the answer 409."""
    return f"{size}\n".encode()


def read_size(body: bytes) -> int:
    """The size that such a body says.

    Raises:
        NoteMalformed: it says none.
    """
    text = _text(body)
    if not text.endswith("\n"):
        raise NoteMalformed("not a size")
    return read_decimal(text[:-1])


def read_cosignature(body: bytes, text: str, witness: VerifierKey) -> str:
    """The one line in ``body``, an answer 200, by which ``witness`` cosigned the checkpoint ``text``; the latest.

    Lines of other keys are passed over, as C2SP asks.

    Raises:
        NoteMalformed: it holds no cosignature of this witness.
        NoteUntrusted: one under its name is not by its key.
    """
    answer = read_note(f"{text}\n{_text(body)}")
    dated = zip(cosigned_at(answer, witness), answer.by(witness), strict=True)
    latest = max(dated, default=None)
    if latest is None:
        raise NoteMalformed("no cosignature by the witness that was asked")
    return signature_line(witness, text, latest[1])


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise NoteMalformed("not UTF-8") from None
