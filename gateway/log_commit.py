"""What one round writes: new entries, and the signature over the tree with them. It blocks on the disk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.log_store import LogStore
from schemas.checkpoint import Checkpoint, write_checkpoint
from schemas.log_proof import LogProof, write_proof
from schemas.note import sign_note


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in a tree, and the way to its root."""

    index: int
    path: tuple[bytes, ...]

    def proof(self, checkpoint: str) -> str:
        """The tlog-proof text of the entry under ``checkpoint``, a note about that tree."""
        return write_proof(LogProof(index=self.index, hashes=self.path, checkpoint=checkpoint))


@dataclass(frozen=True, slots=True)
class Committed:
    """A tree that the log has signed."""

    signed: str
    """Its checkpoint, with the log's signature alone."""
    places: Mapping[bytes, Place]
    """Of the leaf hashes that were asked for."""


def commit(
    store: LogStore, origin: str, key: Ed25519PrivateKey, *, entries: Mapping[bytes, bytes], leaves: Iterable[bytes]
) -> Committed:
    """Append those of ``entries`` (by leaf hash) that ``store`` lacks, sign its tree, and find ``leaves`` in it.

    All of it is on disk when this returns, so nobody sees a signature that the log could forget.

    Raises:
        LogUnavailable: the disk does not take it.
        ProofInvalid: the log has signed a larger tree before.
    """
    new = [entry for leaf, entry in entries.items() if store.index_of(leaf) is None]
    if new:
        store.append(new)
    size = store.size
    text = write_checkpoint(Checkpoint(origin=origin, size=size, root=store.root(size)))
    signed = f"{text}\n{sign_note(text, origin, key)}"
    if signed != store.signed():
        store.keep_signed(signed)
    places = {leaf: place for leaf in leaves if (place := find(store, leaf, size)) is not None}
    return Committed(signed=signed, places=places)


def find(store: LogStore, leaf: bytes, size: int) -> Place | None:
    """Where the entry with this leaf hash stands in the tree of the first ``size`` entries, or None.

    Raises:
        LogUnavailable: the disk cannot be read.
    """
    index = store.index_of(leaf)
    if index is None or index >= size:
        return None
    return Place(index=index, path=tuple(store.inclusion(index, size)))
