"""A small valid log with its witnesses, in memory and from fixed seeds; attacks in tests are edits of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import merkle
from schemas.checkpoint import Checkpoint, cosign, write_checkpoint
from schemas.log_policy import Policy, read_policy
from schemas.log_proof import LogProof, write_proof
from schemas.note import SignatureKind, VerifierKey, sign_note
from tests.statements import NOW, signing_key

ORIGIN = "log.example/likeness"
WITNESSES = ("witness.example/one", "witness.example/two")


@dataclass
class LogWorld:
    """A log whose every checkpoint both witnesses cosign, and the policy that asks for both."""

    entries: list[bytes] = field(default_factory=list)
    now: int = NOW
    log: Ed25519PrivateKey = field(default_factory=lambda: signing_key("log"))
    witnesses: dict[str, Ed25519PrivateKey] = field(
        default_factory=lambda: {name: signing_key(name) for name in WITNESSES}
    )

    @property
    def policy_text(self) -> str:
        """The policy as the page pins it."""
        key = VerifierKey(ORIGIN, SignatureKind.ED25519, self.log.public_key())
        lines = [f"log {key.text}"]
        for i, (name, witness) in enumerate(self.witnesses.items()):
            vkey = VerifierKey(name, SignatureKind.COSIGNATURE, witness.public_key())
            lines.append(f"witness w{i} {vkey.text}")
        names = " ".join(f"w{i}" for i in range(len(self.witnesses)))
        return "\n".join([*lines, f"group all-of-them all {names}", "quorum all-of-them", ""])

    @property
    def policy(self) -> Policy:
        """The policy, read."""
        return read_policy(self.policy_text)

    def root(self, first: int = 0, last: int | None = None) -> bytes:
        """RFC 6962 section 2.1, as it is written there."""
        last = len(self.entries) if last is None else last
        if last == first:
            return merkle.EMPTY_ROOT
        if last - first == 1:
            return merkle.leaf_hash(self.entries[first])
        middle = first + _split(last - first)
        return merkle.node_hash(self.root(first, middle), self.root(middle, last))

    def inclusion(self, index: int, first: int = 0, last: int | None = None) -> list[bytes]:
        """RFC 6962 section 2.1.1, as it is written there."""
        last = len(self.entries) if last is None else last
        if last - first == 1:
            return []
        middle = first + _split(last - first)
        if index < middle:
            return [*self.inclusion(index, first, middle), self.root(middle, last)]
        return [*self.inclusion(index, middle, last), self.root(first, middle)]

    def checkpoint(self, *, root: bytes | None = None, witnesses: int | None = None) -> str:
        """The signed note, cosigned by the first ``witnesses`` (all, unless told otherwise)."""
        text = write_checkpoint(Checkpoint(ORIGIN, len(self.entries), self.root() if root is None else root))
        lines = [sign_note(text, ORIGIN, self.log)]
        lines += [cosign(text, name, key, self.now) for name, key in list(self.witnesses.items())[:witnesses]]
        return text + "\n" + "".join(lines)

    def prove(self, entry: bytes, **edits: int | None) -> str:
        """The proof that ``entry`` stands in the log; it is appended when it does not stand there yet."""
        if entry not in self.entries:
            self.entries.append(entry)
        index = self.entries.index(entry)
        checkpoint = self.checkpoint(witnesses=edits.get("witnesses"))
        return write_proof(LogProof(index, tuple(self.inclusion(index)), checkpoint))


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
