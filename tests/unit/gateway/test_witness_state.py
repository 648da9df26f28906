"""What a witness remembers only grows: across restarts, threads and processes, and however two requests meet."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.witness_state import Advanced, Conflict, WitnessState
from schemas.checkpoint import Checkpoint, read_checkpoint
from schemas.errors import LogUnavailable, ProofInvalid
from schemas.note import read_note
from tests.statements import NOW
from tests.unit.gateway.doors import Clock
from tests.unit.gateway.log_world import ORIGIN, Tree


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "witness.sqlite"


@pytest.fixture
def tree() -> Tree:
    made = Tree()
    made.grow(40)
    return made


def advance(state: WitnessState, tree: Tree, old: int, new: int) -> Advanced | Conflict:
    note = tree.checkpoint(new)
    return state.advance(head(note), note, old_size=old, proof=tree.consistency(old, new))


def head(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)


def test_a_tree_that_goes_on_is_taken_and_dated(file: Path, tree: Tree) -> None:
    clock = Clock()
    state = WitnessState(file, clock)
    assert advance(state, tree, 0, 0) == Advanced(NOW)
    assert advance(state, tree, 0, 3) == Advanced(NOW)
    clock.now += 7
    assert advance(state, tree, 3, 3) == Advanced(NOW + 7)
    assert advance(state, tree, 3, 40) == Advanced(NOW + 7)
    state.close()


def test_what_was_seen_outlives_a_restart(file: Path, tree: Tree) -> None:
    state = WitnessState(file, Clock())
    advance(state, tree, 0, 20)
    state.close()
    state = WitnessState(file, Clock())
    assert advance(state, tree, 0, 10) == Conflict(20)
    assert advance(state, tree, 20, 21) == Advanced(NOW)
    state.close()


def test_a_proof_from_another_size_is_not_even_looked_at(file: Path, tree: Tree) -> None:
    state = WitnessState(file, Clock())
    advance(state, tree, 0, 20)
    assert [advance(state, tree, old, 30) for old in (0, 19, 21, 30)] == [Conflict(20)] * 4
    assert advance(state, tree, 20, 30) == Advanced(NOW)
    state.close()


def test_another_past_is_refused_and_nothing_changes(file: Path, tree: Tree) -> None:
    other = Tree()
    other.grow(10)
    other.grow(20, "another entry")
    state = WitnessState(file, Clock())
    advance(state, tree, 0, 20)
    with pytest.raises(ProofInvalid):
        advance(state, other, 20, 30)
    with pytest.raises(ProofInvalid):
        state.advance(head(tree.checkpoint(30)), tree.checkpoint(30), old_size=20, proof=[])
    with pytest.raises(ProofInvalid):
        state.advance(head(tree.checkpoint(20)), tree.checkpoint(20), old_size=20, proof=[bytes(32)])
    assert advance(state, tree, 20, 30) == Advanced(NOW)
    state.close()


def test_two_trees_of_one_size_are_kept_as_evidence(file: Path, tree: Tree) -> None:
    other = Tree()
    other.grow(20, "another entry")
    state = WitnessState(file, Clock())
    advance(state, tree, 0, 20)
    assert state.fork(ORIGIN) is None
    assert advance(state, other, 20, 20) == Conflict(20, is_fork=True)
    state.close()
    state = WitnessState(file, Clock())
    assert state.fork(ORIGIN) == (tree.checkpoint(20), other.checkpoint(20))
    assert advance(state, tree, 20, 20) == Advanced(NOW)
    state.close()


def test_logs_do_not_meddle_with_each_other(file: Path, tree: Tree) -> None:
    state = WitnessState(file, Clock())
    advance(state, tree, 0, 20)
    note = tree.checkpoint(5)
    elsewhere = Checkpoint(origin="log.example/2", size=5, root=head(note).root)
    assert state.advance(elsewhere, note, old_size=0, proof=[]) == Advanced(NOW)
    assert advance(state, tree, 20, 21) == Advanced(NOW)
    state.close()


@pytest.mark.parametrize("between", ["threads", "processes"])
def test_of_two_that_race_one_passes(file: Path, tree: Tree, between: str) -> None:
    """Both start from the same size, as in the race that C2SP tlog-witness warns of; the second must be told to retry.

    Two states on one file are what two processes would have.
    """
    first = WitnessState(file, Clock())
    second = first if between == "threads" else WitnessState(file, Clock())
    start = threading.Barrier(2)

    def ask(state: WitnessState, old: int, new: int) -> Advanced | Conflict:
        start.wait()
        return advance(state, tree, old, new)

    with ThreadPoolExecutor(2) as pool:
        for old in range(0, 36, 2):
            small = pool.submit(ask, first, old, old + 1)
            large = pool.submit(ask, second, old, old + 2)
            outcomes = [small.result(), large.result()]
            taken = [
                size for size, outcome in zip((old + 1, old + 2), outcomes, strict=True) if outcome == Advanced(NOW)
            ]
            assert len(taken) == 1
            assert Conflict(taken[0]) in outcomes
            if taken == [old + 1]:
                assert advance(first, tree, old + 1, old + 2) == Advanced(NOW)
    first.close()
    second.close()


def test_a_time_is_read_while_no_larger_tree_can_be_taken(file: Path, tree: Tree) -> None:
    """Else a cosignature could say of a tree that it was the largest at a moment when it no longer was."""
    other = WitnessState(file, Clock())
    other._db.execute("PRAGMA busy_timeout = 0")

    def clock() -> int:
        with pytest.raises(LogUnavailable, match="locked"):
            advance(other, tree, 0, 30)
        return NOW

    state = WitnessState(file, clock)
    assert advance(state, tree, 0, 20) == Advanced(NOW)
    state.close()
    other.close()


def test_a_tree_that_could_not_be_kept_is_not_taken(file: Path, tree: Tree) -> None:
    state = WitnessState(file, Clock())
    advance(state, tree, 0, 5)
    (pages,) = state._db.execute("PRAGMA page_count").fetchone()
    state._db.execute(f"PRAGMA max_page_count = {pages}")
    note = tree.checkpoint(6) + "\u2014 x " + "A" * 200_000 + "\n"
    with pytest.raises(LogUnavailable, match="full"):
        state.advance(head(tree.checkpoint(6)), note, old_size=5, proof=tree.consistency(5, 6))
    assert advance(state, tree, 5, 6) == Advanced(NOW)
    state.close()


def test_a_file_that_is_none_is_refused_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "alice").write_bytes(b"no database" * 1000)
    with pytest.raises(LogUnavailable) as refused:
        WitnessState(tmp_path / "alice", Clock())
    with pytest.raises(LogUnavailable) as refused_too:
        WitnessState(tmp_path / "alice" / "witness.sqlite", Clock())
    assert "alice" not in f"{refused.value}{refused_too.value}"


def test_what_is_on_disk_names_no_entry(file: Path) -> None:
    tree = Tree()
    tree.grow(3, "somebody")
    state = WitnessState(file, Clock())
    advance(state, tree, 0, 3)
    state.close()
    with sqlite3.connect(file) as database:
        dump = "\n".join(database.iterdump())
    database.close()
    assert ORIGIN in dump
    assert "somebody" not in dump
