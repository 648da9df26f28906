"""A stranger's look at a log: whatever is served otherwise than it was signed is found out."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.log_monitor import SHOWN_CHARACTERS, Fetch, look, told
from gateway.log_store import LogStore
from gateway.tiles import TilePath, read_tile_path, tiles_of
from schemas.checkpoint import Checkpoint, cosign
from schemas.errors import (
    CheckpointStale,
    CheckpointUnwitnessed,
    LogUnavailable,
    NoteMalformed,
    NoteUntrusted,
    ProofInvalid,
)
from schemas.log_policy import MAX_CHECKPOINT_AGE_SECONDS, Policy
from schemas.merkle import leaf_hash
from schemas.note import read_note
from tests.statements import NOW, World, signing_key
from tests.unit.gateway import naive_tree
from tests.unit.gateway.log_world import LOG, ORIGIN, policy, signed

ALONE = Policy(log=LOG)
FACT = b'{"digest":"ab","kind":"likeness/public-fact/v1","what":"bundle"}'


@cache
def entry(index: int) -> bytes:
    return FACT if index % 100 == 7 else index.to_bytes(32, "big")


def head(size: int, name: str = "") -> Checkpoint:
    leaves = [leaf_hash(name.encode() + entry(index)) for index in range(size)]
    return Checkpoint(origin=ORIGIN, size=size, root=naive_tree.root(leaves))


def note(size: int) -> str:
    return signed(size, head(size).root)


def honest(folder: Path, size: int) -> dict[str, bytes]:
    """All that an honest log of so many entries serves."""
    with LogStore(folder / f"log {size}") as log:
        log.append([entry(index) for index in range(size)])
        served = {"checkpoint": note(size).encode()}

        def tile(name: str) -> bytes:
            path = read_tile_path(name)
            assert path is not None
            if path.level is None:
                return log.bundle(path.index, path.width) or b""
            return log.tile(path.level, path.index, path.width) or b""

        for path in tiles_of(size):
            served[f"tile/{path}"] = tile(str(path))
            if path.level == 0:
                bundle = str(TilePath(None, path.index, path.width))
                served[f"tile/{bundle}"] = tile(bundle)
        return served


def fetch_of(served: dict[str, bytes]) -> Fetch:
    def fetch(name: str) -> bytes:
        if name not in served:
            raise LogUnavailable(name)
        return served[name]

    return fetch


@pytest.mark.parametrize("size", [0, 1, 7, 8, 255, 256, 257, 512, 600])
def test_an_honest_log_is_seen_whole(tmp_path: Path, size: int) -> None:
    served = honest(tmp_path, size)
    seen = look(fetch_of(served), ALONE, now=NOW)
    assert seen.witnessed.checkpoint == head(size)
    facts = [index for index in range(size) if index % 100 == 7]
    assert [fact.index for fact in seen.facts] == facts
    assert seen.commitment_count == size - len(facts)
    assert seen.tile_count == len([name for name in served if name != "checkpoint" and "entries" not in name])


@pytest.mark.parametrize("old", [0, 1, 255, 256, 257, 300, 512, 599, 600])
def test_a_log_that_grew_goes_on_from_every_earlier_visit(tmp_path: Path, old: int) -> None:
    assert look(fetch_of(honest(tmp_path, 600)), ALONE, now=NOW, before=head(old)).witnessed.checkpoint.size == 600


@pytest.mark.parametrize("old", [1, 255, 256, 300, 600])
def test_a_log_with_another_past_is_found_out(tmp_path: Path, old: int) -> None:
    with pytest.raises(ProofInvalid):
        look(fetch_of(honest(tmp_path, 600)), ALONE, now=NOW, before=head(old, "another "))


def test_a_log_that_became_smaller_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(ProofInvalid, match="fewer"):
        look(fetch_of(honest(tmp_path, 300)), ALONE, now=NOW, before=head(301))


Edit = Callable[[dict[str, bytes]], None]


def edit(name: str, change: Callable[[bytes], bytes]) -> Edit:
    def apply(served: dict[str, bytes]) -> None:
        served[name] = change(served[name])

    return apply


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


@pytest.mark.parametrize(
    "attack",
    [
        edit("tile/entries/000", flip(20)),
        edit("tile/entries/001.p/44", flip(-1)),
        edit("tile/entries/000", flip(1)),
        edit("tile/entries/000", lambda raw: raw[:-34]),
        edit("tile/entries/000", lambda raw: raw[:-1]),
        edit("tile/entries/000", lambda raw: raw + b"\0\0"),
        edit("tile/entries/000", lambda raw: raw[34:] + raw[:34]),
        edit("tile/entries/001.p/44", lambda _raw: b""),
        edit("tile/0/000", flip(100)),
        edit("tile/0/001.p/44", flip(0)),
        edit("tile/1/000.p/1", flip(31)),
        edit("tile/1/000.p/1", lambda raw: raw + raw),
        edit("checkpoint", lambda _raw: signed(300, bytes(32)).encode()),
        edit("checkpoint", lambda _raw: signed(300, head(299).root).encode()),
    ],
)
def test_what_is_served_otherwise_than_signed_is_found_out(tmp_path: Path, attack: Edit) -> None:
    served = honest(tmp_path, 300)
    attack(served)
    with pytest.raises(ProofInvalid):
        look(fetch_of(served), ALONE, now=NOW)


@pytest.mark.parametrize("name", ["checkpoint", "tile/entries/000", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_what_is_not_served_is_said(tmp_path: Path, name: str) -> None:
    served = honest(tmp_path, 300)
    del served[name]
    with pytest.raises(LogUnavailable):
        look(fetch_of(served), ALONE, now=NOW)


def test_a_checkpoint_must_be_the_logs_and_witnessed_and_fresh(tmp_path: Path) -> None:
    served = honest(tmp_path, 5)
    north = policy("north", quorum=1)
    with pytest.raises(CheckpointUnwitnessed):
        look(fetch_of(served), north, now=NOW)
    line = cosign(read_note(note(5)).text, "witness.example/north", signing_key("north"), NOW)
    served["checkpoint"] += line.encode()
    seen = look(fetch_of(served), north, now=NOW)
    assert (seen.witnessed.at, seen.witnessed.witnesses) == (NOW, ("north",))
    with pytest.raises(CheckpointStale):
        look(fetch_of(served), north, now=NOW + MAX_CHECKPOINT_AGE_SECONDS + 1)
    served["checkpoint"] = signed(5, head(5).root, key="other").encode()
    with pytest.raises(NoteUntrusted):
        look(fetch_of(served), ALONE, now=NOW)
    served["checkpoint"] = b"\xff"
    with pytest.raises(NoteMalformed):
        look(fetch_of(served), ALONE, now=NOW)


def test_public_facts_are_told_by_their_kind() -> None:
    assert told(FACT) == 'likeness/public-fact/v1 digest="ab" what="bundle"'
    roster = told(World().roster_jws().encode())
    assert roster.startswith("likeness/roster/v1 ")
    assert 'operator="Example Ltd"' in roster
    assert told(b"\0" * 40) == "an entry of 40 bytes that this program cannot read"


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps({"kind": text, text: text}).encode())
)
def test_nothing_that_is_told_can_do_anything_to_a_terminal(raw: bytes) -> None:
    text = told(raw)
    assert text.isascii()
    assert text.isprintable()
    assert len(text) <= SHOWN_CHARACTERS + 3


@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b'{"a":' * 50_000, b"{" + b"9" * 65_000, b"a." + b"!" * 9, b"{}", b'[""]']
)
def test_strange_entries_are_told_too(raw: bytes) -> None:
    assert told(raw)
