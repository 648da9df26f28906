"""The tree's verifier against the tree's recursive definition."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import merkle
from schemas.errors import ProofInvalid
from tests import naive_tree

ENTRIES = [sha256(bytes([i % 256, i // 256])).digest() for i in range(600)]

sizes = st.integers(1, len(ENTRIES))


def test_every_entry_of_every_small_tree_is_included() -> None:
    for size in range(1, 34):
        entries = ENTRIES[:size]
        root = naive_tree.root(entries)
        for index in range(size):
            proof = naive_tree.inclusion(index, entries)
            assert merkle.root_from_inclusion(index, size, merkle.leaf_hash(entries[index]), proof) == root


def test_every_small_tree_begins_every_larger_one() -> None:
    for new_size in range(34):
        for old_size in range(new_size + 1):
            entries = ENTRIES[:new_size]
            old_root, new_root = naive_tree.root(entries[:old_size]), naive_tree.root(entries)
            proof = naive_tree.consistency(old_size, entries)
            merkle.check_consistency(old_size, new_size, old_root, new_root, proof)


@settings(deadline=None)
@given(sizes.flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_an_entry_of_a_larger_tree_is_included(place: tuple[int, int]) -> None:
    size, index = place
    proof = naive_tree.inclusion(index, ENTRIES[:size])
    assert len(proof) <= merkle.MAX_PROOF_HASHES
    found = merkle.root_from_inclusion(index, size, merkle.leaf_hash(ENTRIES[index]), proof)
    assert found == naive_tree.root(ENTRIES[:size])


@settings(deadline=None)
@given(sizes, sizes)
def test_a_larger_tree_begins_with_a_smaller_one(one: int, other: int) -> None:
    old_size, new_size = sorted((one, other))
    old_root, new_root = naive_tree.root(ENTRIES[:old_size]), naive_tree.root(ENTRIES[:new_size])
    proof = naive_tree.consistency(old_size, ENTRIES[:new_size])
    merkle.check_consistency(old_size, new_size, old_root, new_root, proof)


@settings(deadline=None, max_examples=50)
@given(
    sizes.flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))), st.randoms(use_true_random=False)
)
def test_an_edited_inclusion_proof_leads_elsewhere(place: tuple[int, int], rng: random.Random) -> None:
    size, index = place
    proof = naive_tree.inclusion(index, ENTRIES[:size])
    root = naive_tree.root(ENTRIES[:size])
    leaf = merkle.leaf_hash(ENTRIES[index])
    for wrong_index, wrong_size, wrong_leaf, wrong_proof in [
        *((index, size, leaf, edited) for edited in edits(proof, rng)),
        (index, size, merkle.leaf_hash(b"another"), proof),
        *((other, size, leaf, proof) for other in (index ^ 1, index + 1, index - 1, size)),
    ]:
        try:
            found = merkle.root_from_inclusion(wrong_index, wrong_size, wrong_leaf, wrong_proof)
        except ProofInvalid:
            continue
        assert found != root


@settings(deadline=None, max_examples=50)
@given(sizes, sizes, st.randoms(use_true_random=False))
def test_an_edited_consistency_proof_is_refused(one: int, other: int, rng: random.Random) -> None:
    old_size, new_size = sorted((one, other))
    old_root, new_root = naive_tree.root(ENTRIES[:old_size]), naive_tree.root(ENTRIES[:new_size])
    proof = naive_tree.consistency(old_size, ENTRIES[:new_size])
    for edited in edits(proof, rng):
        with pytest.raises(ProofInvalid):
            merkle.check_consistency(old_size, new_size, old_root, new_root, edited)
    forked = merkle.node_hash(old_root, new_root)
    for roots in ((forked, new_root), (old_root, forked), (old_root[:31], new_root)):
        with pytest.raises(ProofInvalid):
            merkle.check_consistency(old_size, new_size, *roots, proof)


def edits(proof: list[bytes], rng: random.Random) -> list[list[bytes]]:
    """`proof` shorter, longer, out of order, and with one bit of each hash turned."""
    turned = [[*proof[:i], flip(each, rng.randrange(256)), *proof[i + 1 :]] for i, each in enumerate(proof)]
    reordered = [proof[::-1]] if proof[::-1] != proof else []
    cut = [proof[:-1], proof[1:], [proof[0][:31], *proof[1:]]] if proof else []
    return [*turned, *reordered, *cut, [*proof, proof[-1] if proof else bytes(32)], [bytes(32), *proof]]


def flip(raw: bytes, bit: int) -> bytes:
    edited = bytearray(raw)
    edited[bit // 8] ^= 1 << bit % 8
    return bytes(edited)


@pytest.mark.parametrize("old_size", [1, 2, 3, 4])
def test_a_smaller_tree_continues_nothing(old_size: int) -> None:
    with pytest.raises(ProofInvalid):
        merkle.check_consistency(old_size, old_size - 1, bytes(32), bytes(32), [])


def test_a_tree_without_leaves_has_one_root() -> None:
    merkle.check_consistency(0, 5, merkle.EMPTY_ROOT, bytes(32), [])
    for old_size, new_size, old_root, new_root in [
        (0, 5, bytes(32), bytes(32)),
        (0, 0, merkle.EMPTY_ROOT, bytes(32)),
        (0, 0, bytes(32), bytes(32)),
    ]:
        with pytest.raises(ProofInvalid):
            merkle.check_consistency(old_size, new_size, old_root, new_root, [])


@pytest.mark.parametrize("size", [0, -1, 2**53, 2**64])
def test_no_entry_is_in_a_tree_of_an_impossible_size(size: int) -> None:
    with pytest.raises(ProofInvalid):
        merkle.root_from_inclusion(0, size, bytes(32), [bytes(32)] * 53)
