"""A small valid log with its witnesses, made from fixed seeds; attacks in tests are edits of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.checkpoint import Checkpoint, cosign, write_checkpoint
from schemas.log_policy import Group, Policy, Witness
from schemas.log_proof import LogProof, write_proof
from schemas.note import SignatureKind, VerifierKey, sign_note
from tests import naive_tree
from tests.statements import NOW, seed, signing_key

ORIGIN = "log.example/likeness"
WITNESSES = ("north", "south", "east")
ENTRIES = tuple(seed(f"entry {i}") for i in range(11))


def witness_name(short: str) -> str:
    """The name under which the witness that policies here call `short` signs."""
    return f"{short}.witness.example/w1"


def witness_key(short: str) -> VerifierKey:
    """The public key of that witness."""
    return VerifierKey(witness_name(short), SignatureKind.COSIGNATURE, signing_key(short).public_key())


@dataclass(frozen=True)
class SmallLog:
    """A log of a few entries. Its policy asks for two of three witnesses."""

    origin: str = ORIGIN
    key: Ed25519PrivateKey = field(default_factory=lambda: signing_key("log"))
    entries: Sequence[bytes] = ENTRIES

    @property
    def policy(self) -> Policy:
        """Two of the three witnesses, by a group."""
        return Policy(
            log=VerifierKey(self.origin, SignatureKind.ED25519, self.key.public_key()),
            log_url="https://log.example/likeness/",
            witnesses={
                short: Witness(key=witness_key(short), url=f"https://{short}.witness.example") for short in WITNESSES
            },
            groups={"two-of-three": Group(threshold=2, members=WITNESSES)},
            quorum="two-of-three",
        )

    @property
    def strict_policy(self) -> Policy:
        """All of two witnesses: no line of a note can be done without."""
        two = dict(list(self.policy.witnesses.items())[:2])
        return replace(self.policy, witnesses=two, groups={"both": Group(2, tuple(two))}, quorum="both")

    @property
    def text(self) -> str:
        """The text of its checkpoint."""
        root = naive_tree.root(self.entries)
        return write_checkpoint(Checkpoint(origin=self.origin, size=len(self.entries), root=root))

    def note(self, *lines: str, text: str | None = None) -> str:
        """A checkpoint (its own, if none is given) signed by the log, then `lines`."""
        text = text or self.text
        return f"{text}\n{sign_note(text, self.origin, self.key)}{''.join(lines)}"

    def cosigned(self, *shorts: str, at: int = NOW, text: str | None = None) -> str:
        """Signature lines by these witnesses."""
        return "".join(cosign(text or self.text, witness_name(short), signing_key(short), at) for short in shorts)

    def proof(self, index: int, note: str | None = None) -> str:
        """The proof of the entry at `index`, under `note` or a checkpoint that two witnesses cosigned."""
        hashes = tuple(naive_tree.inclusion(index, self.entries))
        checkpoint = note or self.note(self.cosigned("north", "south"))
        return write_proof(LogProof(index=index, hashes=hashes, checkpoint=checkpoint))
