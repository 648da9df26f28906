"""A witness: says of a log's checkpoint that it continues all it saw of this log before (C2SP tlog-witness).

It sees names of logs, sizes, hashes and signatures; never an entry, so never anything about a person.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.witness_request import read_request
from gateway.witness_state import Advanced, Conflict, WitnessState
from schemas.checkpoint import cosign, read_checkpoint
from schemas.errors import NoteMalformed, NoteUntrusted, SettingInvalid
from schemas.note import SignatureKind, VerifierKey, is_signed, read_note, read_vkey

log = logging.getLogger("likeness.witness")


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness agrees."""

    line: str
    """Its signature line for the note."""


@dataclass(frozen=True, slots=True)
class LogUnknown:
    """The witness does not watch a log of this name."""


@dataclass(frozen=True)
class Witness:
    """One witness."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)
    logs: Mapping[str, tuple[VerifierKey, ...]]
    """The logs it watches: their keys by origin."""
    state: WitnessState = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        """The key as others know it."""
        return VerifierKey(name=self.name, kind=SignatureKind.COSIGNATURE, key=self.key.public_key())

    def add_checkpoint(self, body: bytes) -> Cosigned | Conflict | LogUnknown:
        """What this witness says to an add-checkpoint request, checked in the order of C2SP tlog-witness.

        Raises:
            TooLarge, NoteMalformed: the body is no such request, or asks for a tree to shrink.
            NoteUntrusted: the checkpoint is not signed by a key of its log.
            ProofInvalid: it does not continue what this witness saw.
            LogUnavailable: the memory cannot be written.
        """
        request = read_request(body)
        note = read_note(request.note)
        checkpoint = read_checkpoint(note.text)
        keys = self.logs.get(checkpoint.origin)
        if keys is None:
            return LogUnknown()
        if not any(is_signed(note, key) for key in keys):
            raise NoteUntrusted
        if request.old_size > checkpoint.size:
            raise NoteMalformed("the old size is larger than the new one")
        outcome = self.state.advance(checkpoint, request.note, old_size=request.old_size, proof=request.proof)
        if isinstance(outcome, Advanced):
            return Cosigned(cosign(note.text, self.name, self.key, outcome.at))
        if outcome.is_fork:
            log.warning(
                "%s has signed two trees of size %d; both checkpoints are kept", checkpoint.origin, outcome.size
            )
        return outcome


def read_logs(lines: Iterable[str]) -> dict[str, tuple[VerifierKey, ...]]:
    """The logs of ``lines``: one verifier key each; empty lines and lines that begin with # say nothing.

    A log may have several keys, one a line, while it changes from one to the next.

    Raises:
        SettingInvalid: a line holds no key, or not one that signs checkpoints.
    """
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                key = read_vkey(text)
            except NoteMalformed as error:
                raise SettingInvalid(f"line {number} of the logs to watch holds no verifier key") from error
            if key.kind is not SignatureKind.ED25519:
                raise SettingInvalid(f"line {number} of the logs to watch holds a key of another kind than logs have")
            logs[key.name] = (*logs.get(key.name, ()), key)
    return logs
