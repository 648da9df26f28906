"""Cases about the log's tree."""

from collections.abc import Iterator
from typing import Any

from schemas.merkle import EMPTY_ROOT
from schemas.note import to_base64
from tests import naive_tree
from tests.small_log import ENTRIES

Case = dict[str, Any]


def merkle_cases() -> Iterator[Case]:
    """Inclusion and consistency proofs of trees of up to 11 leaves, and their edits."""
    for size in range(1, len(ENTRIES) + 1):
        for index in {0, size // 2, size - 1}:
            yield inclusion(f"entry {index} of {size}", index, size)
        for old_size in {0, 1, size // 2, size - 1, size}:
            yield consistency(f"from {old_size} to {size}", old_size, size)
    good = inclusion("", 6, 11)
    proof = good["proof"]
    edits: dict[str, Case] = {
        "another entry": {"entry": ENTRIES[5].hex()},
        "an index too small": {"index": 5},
        "an index behind the end": {"index": 11},
        "an index below zero": {"index": -1},
        "a size too large": {"size": 17},
        "a size too small": {"size": 8},
        "a size that no browser can count": {"size": 2**53},
        "a hash less": {"proof": proof[:-1]},
        "a hash more": {"proof": [*proof, proof[-1]]},
        "hashes in another order": {"proof": proof[::-1]},
        "a short hash": {"proof": [to_base64(bytes(31)), *proof[1:]]},
        "no proof": {"proof": []},
        "another root": {"root": to_base64(EMPTY_ROOT)},
    }
    for name, edit in edits.items():
        yield good | {"name": name, "expect": "proof-invalid"} | edit
    good = consistency("", 6, 11)
    proof = good["proof"]
    edits = {
        "roots the other way round": {"old_root": good["new_root"], "new_root": good["old_root"]},
        "sizes the other way round": {"old_size": 11, "new_size": 6},
        "a fork": {"new_root": to_base64(naive_tree.root([b"fork", *ENTRIES[1:]]))},
        "an old size too small": {"old_size": 5},
        "an old size too large": {"old_size": 7},
        "a new size too large": {"new_size": 17},
        "a path less": {"proof": proof[:-1]},
        "a path more": {"proof": [*proof, proof[-1]]},
        "an empty path": {"proof": []},
        "a short root": {"old_root": to_base64(bytes(31))},
        "from a tree without leaves that has a root": {"old_size": 0, "proof": []},
        "from the empty tree with a proof": {"old_size": 0, "old_root": to_base64(EMPTY_ROOT)},
        "the same size with another root": {"old_size": 11, "proof": []},
        "the same tree with a proof": {"old_size": 11, "old_root": good["new_root"]},
    }
    for name, edit in edits.items():
        yield good | {"name": name, "expect": "proof-invalid"} | edit


def inclusion(name: str, index: int, size: int) -> Case:
    """A valid case of inclusion."""
    return {
        "name": name,
        "op": "inclusion",
        "entry": ENTRIES[index].hex(),
        "index": index,
        "size": size,
        "proof": [to_base64(each) for each in naive_tree.inclusion(index, ENTRIES[:size])],
        "root": to_base64(naive_tree.root(ENTRIES[:size])),
        "expect": "accept",
    }


def consistency(name: str, old_size: int, new_size: int) -> Case:
    """A valid case of consistency."""
    return {
        "name": name,
        "op": "consistency",
        "old_size": old_size,
        "new_size": new_size,
        "old_root": to_base64(naive_tree.root(ENTRIES[:old_size])),
        "new_root": to_base64(naive_tree.root(ENTRIES[:new_size])),
        "proof": [to_base64(each) for each in naive_tree.consistency(old_size, ENTRIES[:new_size])],
        "expect": "accept",
    }
