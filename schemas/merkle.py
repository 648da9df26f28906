"""The SHA-256 tree of RFC 9162 section 2.1, as far as a verifier needs it: hashes, and what a proof proves.

Leaves and nodes are hashed under different first bytes, so that neither passes for the other. The loops below follow
the verification algorithms of RFC 9162 step by step; building a proof is the log's business (gateway/).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from schemas.errors import ProofInvalid
from schemas.scalars import MAX_SAFE_INTEGER

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""
MAX_PROOF_HASHES: Final = 53
"""The longest path in a tree of fewer than 2**53 leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of the leaf that holds ``entry`` (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two 32-byte hashes (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root of the tree of ``size`` leaves in which ``leaf`` (a leaf hash) stands at ``index`` (RFC 9162 2.1.3.2).

    ``proof`` goes from the leaf's sibling up to a child of the root. The caller compares the result with a root it
    trusts.

    Raises:
        ProofInvalid: ``index`` is not in such a tree, or ``proof`` is not of the length it has there.
    """
    if not 0 <= index < size <= MAX_SAFE_INTEGER:
        raise ProofInvalid("the index is not in the tree")
    _check_hashes(leaf, *proof)
    node, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofInvalid("the proof is too long")
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            # A last node without a right sibling has moved up unchanged: skip the levels where it did.
            node, last = _skip_even(node, last)
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofInvalid("the proof is too short")
    return root


def check_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Returns only if the tree of ``new_size`` begins with all leaves of the one of ``old_size`` (RFC 9162 2.1.4.2).

    Two cases that the RFC leaves out have one answer each: from the empty tree to any tree, and from a tree to itself,
    the proof is empty.

    Raises:
        ProofInvalid: the new tree is smaller, forked, or not the one that the proof describes.
    """
    if not 0 <= old_size <= new_size <= MAX_SAFE_INTEGER:
        raise ProofInvalid("the tree has not grown")
    _check_hashes(old_root, new_root, *proof)
    if old_size in {0, new_size}:
        same = old_root == (EMPTY_ROOT if old_size == 0 else new_root)
        if proof or not same or (new_size == 0 and new_root != EMPTY_ROOT):
            raise ProofInvalid
        return
    # Where the old tree is one whole subtree of the new one, its root is where the path starts.
    whole = old_size & (old_size - 1) == 0
    path = [old_root, *proof] if whole else list(proof)
    if _roots_of(old_size, new_size, path) != (old_root, new_root):
        raise ProofInvalid


def _roots_of(old_size: int, new_size: int, path: list[bytes]) -> tuple[bytes, bytes]:
    # RFC 9162 2.1.4.2, steps 3 to 6: both roots, from one path.
    if not path:
        raise ProofInvalid("the proof is too short")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofInvalid("the proof is too long")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            node, last = _skip_even(node, last)
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofInvalid("the proof is too short")
    return old, new


def _skip_even(node: int, last: int) -> tuple[int, int]:
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofInvalid("a hash is not 32 bytes long")
