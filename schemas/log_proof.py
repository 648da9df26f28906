"""That an entry stands in the log, as a text that anyone can check offline (C2SP tlog-proof).

    c2sp.org/tlog-proof@v1
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=        <- hashes from the leaf's sibling up
    ...
                                                        <- an empty line
    example.com/log                                     <- a checkpoint, with its signatures
    ...

The optional ``extra`` line of C2SP is refused: nothing in it is authenticated, and we have no use for it.
"""

from dataclasses import dataclass
from typing import Final

from schemas.errors import NoteMalformed, ProofInvalid
from schemas.log_policy import Policy, open_checkpoint
from schemas.merkle import HASH_BYTES, MAX_PROOF_HASHES, leaf_hash, root_from_inclusion
from schemas.note import MAX_NOTE_BYTES, read_base64, read_decimal, to_base64

MAGIC: Final = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES: Final = MAX_NOTE_BYTES + 4096


@dataclass(frozen=True, slots=True)
class LogProof:
    """A proof as read: nothing in it is verified."""

    index: int
    """Place of the entry in the log, from 0."""
    hashes: tuple[bytes, ...]
    """32 bytes each, from the leaf's sibling up to a child of the root."""
    checkpoint: str
    """A signed note."""


@dataclass(frozen=True, slots=True)
class Included:
    """What a proof proves."""

    index: int
    size: int
    """Leaves in the tree of the checkpoint."""
    at: int | None
    """When a quorum of witnesses saw that checkpoint (seconds); None where the policy asks for no witness."""
    witnesses: tuple[str, ...]


def check_inclusion(policy: Policy, proof_text: str, entry: bytes, *, now: int | None) -> Included:
    """Returns only if ``entry`` stands in the log of ``policy`` (spec/transparency-log.md section 5, in its order).

    With ``now`` (seconds) the checkpoint must also be fresh; without, the proof holds for ever.

    Raises:
        NoteMalformed: not a proof.
        NoteUntrusted, CheckpointUnwitnessed, CheckpointStale: see ``open_checkpoint``.
        ProofInvalid: the hashes do not lead from ``entry`` to the checkpoint's root.
    """
    proof = read_proof(proof_text)
    witnessed = open_checkpoint(policy, proof.checkpoint, now=now)
    checkpoint = witnessed.checkpoint
    if root_from_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.hashes) != checkpoint.root:
        raise ProofInvalid
    return Included(index=proof.index, size=checkpoint.size, at=witnessed.at, witnesses=witnessed.witnesses)


def read_proof(text: str) -> LogProof:
    """The parts of ``text``.

    Raises:
        NoteMalformed: not a proof, or larger than one can be.
    """
    head, blank, checkpoint = text.partition("\n\n")
    magic, index, *hashes = [*head.split("\n"), ""]
    hashes = hashes[:-1]
    if len(text) > MAX_PROOF_BYTES or not blank or magic != MAGIC or len(hashes) > MAX_PROOF_HASHES:
        raise NoteMalformed("not a log proof")
    if not index.startswith("index "):
        raise NoteMalformed("no index")
    return LogProof(
        index=read_decimal(index.removeprefix("index ")),
        hashes=tuple(read_base64(line, HASH_BYTES) for line in hashes),
        checkpoint=checkpoint,
    )


def write_proof(proof: LogProof) -> str:
    """The text of ``proof``."""
    lines = [MAGIC, f"index {proof.index}", *(to_base64(each) for each in proof.hashes)]
    return "\n".join(lines) + f"\n\n{proof.checkpoint}"
