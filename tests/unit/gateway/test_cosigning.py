"""Asking a witness: it is followed to the size it saw, and never past a tree that it saw otherwise."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cosigning import TRIES, check_urls, cosign
from gateway.http_client import Answer
from gateway.witness_request import write_size
from schemas.checkpoint import cosigned_at
from schemas.errors import LogUnavailable, PolicyInvalid, ProofInvalid
from schemas.log_policy import Witness
from schemas.note import read_note
from tests.statements import NOW
from tests.unit.gateway.log_world import Tree, Wire, policy, witness

NORTH = policy("north", quorum=1).witnesses["north"]


@pytest.fixture
def tree() -> Tree:
    made = Tree()
    made.grow(40)
    return made


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    return Wire(witnesses={"north": witness(tmp_path)})


def ask(wire: Wire, tree: Tree, known: int, size: int) -> str:
    return cosign(wire, NORTH, tree.checkpoint(size), known, tree.consistency)


def test_a_witness_that_follows_is_asked_once(wire: Wire, tree: Tree) -> None:
    for known, size in ((0, 0), (0, 3), (3, 3), (3, 40)):
        line = ask(wire, tree, known, size)
        assert cosigned_at(read_note(tree.checkpoint(size) + line), NORTH.key) == (NOW,)
    assert len(wire.asked) == 4


@pytest.mark.parametrize("known", [0, 7, 25])
def test_a_witness_that_saw_another_size_is_asked_again_from_there(wire: Wire, tree: Tree, known: int) -> None:
    ask(wire, tree, 0, 20)
    ask(wire, tree, known, 30)
    assert len(wire.asked) == 3


def test_we_may_believe_in_a_larger_size_than_we_have(wire: Wire, tree: Tree) -> None:
    ask(wire, tree, 99, 20)
    assert wire.asked == ["north", "north"]


def test_a_log_that_lost_entries_learns_it(wire: Wire, tree: Tree) -> None:
    ask(wire, tree, 0, 30)
    with pytest.raises(ProofInvalid, match="larger"):
        ask(wire, tree, 20, 20)


def test_a_forked_log_learns_it(wire: Wire, tree: Tree) -> None:
    ask(wire, tree, 0, 20)
    other = Tree()
    other.grow(40, "another entry")
    with pytest.raises(ProofInvalid, match="another tree"):
        ask(wire, other, 0, 20)
    with pytest.raises(ProofInvalid, match="does not continue"):
        ask(wire, other, 0, 30)
    assert ask(wire, tree, 20, 30)


def test_a_witness_that_moves_each_time_is_left(wire: Wire, tree: Tree) -> None:
    sizes = iter(range(1, 10))
    wire.instead["north"] = lambda _body: Answer(409, write_size(next(sizes)))
    with pytest.raises(LogUnavailable):
        ask(wire, tree, 0, 30)
    assert len(wire.asked) == TRIES


def echo(status: int, body: bytes) -> Callable[[bytes], Answer]:
    return lambda _body: Answer(status, body)


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer(status, b"") for status in (200, 201, 204, 302, 400, 403, 404, 409, 413, 500, 503)),
        Answer(200, b"\xff"),
        Answer(200, "\u2014 witness.example/north AAAA\n".encode()),
        Answer(200, "\u2014 witness.example/south EfAAAAAAAAAA\n".encode()),
        Answer(409, b"twenty\n"),
        Answer(409, b"-1\n"),
        Answer(409, b"0\n"),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_cosignature(wire: Wire, tree: Tree, answer: Answer) -> None:
    wire.instead["north"] = echo(answer.status, answer.body)
    with pytest.raises(LogUnavailable):
        ask(wire, tree, 0, 30)


def test_a_cosignature_of_another_tree_is_none(wire: Wire, tree: Tree) -> None:
    line = ask(wire, tree, 0, 20)
    wire.instead["north"] = echo(200, line.encode())
    with pytest.raises(LogUnavailable, match="note-untrusted"):
        ask(wire, tree, 20, 30)


def test_a_witness_that_is_cut_off_or_nowhere_is_unavailable(wire: Wire, tree: Tree) -> None:
    wire.cut.add("north")
    with pytest.raises(LogUnavailable, match="RemoteDisconnected"):
        ask(wire, tree, 0, 30)
    with pytest.raises(LogUnavailable, match="where"):
        cosign(wire, Witness(key=NORTH.key), tree.checkpoint(), 0, tree.consistency)


@pytest.mark.parametrize("url", ["ftp://north.example", "north.example", "http://", "https:///x", ""])
def test_a_url_that_cannot_be_asked_is_named(url: str) -> None:
    believed = policy("north", quorum=1)
    good = believed.witnesses["north"]
    check_urls(believed)
    with pytest.raises(PolicyInvalid, match="north"):
        check_urls(type(believed)(log=believed.log, witnesses={"north": Witness(key=good.key, url=url)}))
