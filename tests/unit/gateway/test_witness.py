"""A witness over HTTP: each status of C2SP tlog-witness, in its order; only a tree that goes on is cosigned."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from gateway.witness import Witness, read_logs
from gateway.witness_app import create_witness_app
from gateway.witness_request import MAX_REQUEST_BYTES, AddCheckpoint, read_cosignature, write_request
from schemas.checkpoint import cosigned_at
from schemas.errors import SettingInvalid
from schemas.note import SignatureKind, VerifierKey, read_note, read_vkey
from tests.statements import NOW, signing_key
from tests.unit.gateway import naive_tree
from tests.unit.gateway.log_world import LOG, LOG_KEY, ORIGIN, Tree, signed, witness

pytestmark = pytest.mark.anyio


@pytest.fixture
def tree() -> Tree:
    made = Tree()
    made.grow(40)
    return made


@pytest.fixture
def north(tmp_path: Path) -> Witness:
    return witness(tmp_path)


@pytest.fixture
async def http(north: Witness) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(north) as client:
        yield client


def client_of(program: Witness) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(cast("Any", create_witness_app(program)))
    return httpx.AsyncClient(transport=transport, base_url="http://witness.test")


async def ask(
    http: httpx.AsyncClient, tree: Tree, old: int, new: int, *, note: str | None = None
) -> tuple[int, str, str]:
    body = write_request(
        AddCheckpoint(
            old_size=old,
            proof=tuple(tree.consistency(old, new)) if old <= new else (),
            note=note or tree.checkpoint(new),
        )
    )
    answer = await http.post("/add-checkpoint", content=body)
    return answer.status_code, answer.headers["content-type"], answer.text


async def test_a_tree_that_goes_on_is_cosigned(http: httpx.AsyncClient, north: Witness, tree: Tree) -> None:
    for old, new in ((0, 0), (0, 1), (1, 1), (1, 7), (7, 40)):
        status, media_type, line = await ask(http, tree, old, new)
        assert (status, media_type) == (200, "text/plain; charset=utf-8")
        assert cosigned_at(read_note(tree.checkpoint(new) + line), north.verifier) == (NOW,)


async def test_an_unknown_log_comes_before_its_signature(http: httpx.AsyncClient, tree: Tree) -> None:
    status, media_type, _ = await ask(http, tree, 0, 5, note=signed(5, bytes(32), origin="log.example/2"))
    assert (status, media_type) == (404, "application/problem+json")


@pytest.mark.parametrize("key", ["north", "worker"])
async def test_a_checkpoint_that_its_log_did_not_sign_is_refused(http: httpx.AsyncClient, tree: Tree, key: str) -> None:
    forged = signed(5, bytes(32), key=key)
    assert (await ask(http, tree, 9, 5, note=forged))[0] == 403
    # A valid signature beside it, of another text, does not help.
    borrowed = signed(5, bytes(32), key=key) + tree.checkpoint(6).rpartition("\n\n")[2]
    status, _, body = await ask(http, tree, 0, 5, note=borrowed)
    assert (status, '"note-untrusted"' in body) == (403, True)


async def test_foreign_signatures_beside_the_logs_are_passed_over(http: httpx.AsyncClient, tree: Tree) -> None:
    note = tree.checkpoint(5)
    text = read_note(note).text
    foreign = signed(5, bytes(32), origin="somebody.example").rpartition("\n\n")[2]
    assert (await ask(http, tree, 0, 5, note=f"{text}\n{foreign}{note.rpartition(chr(10) * 2)[2]}"))[0] == 200


async def test_a_tree_that_shrinks_by_its_own_account_is_malformed(http: httpx.AsyncClient, tree: Tree) -> None:
    await ask(http, tree, 0, 20)
    assert (await ask(http, tree, 20, 10))[0] == 400


async def test_another_size_than_the_last_is_told_which(http: httpx.AsyncClient, tree: Tree) -> None:
    await ask(http, tree, 0, 20)
    for old, new in ((0, 10), (0, 30), (10, 30), (19, 19)):
        assert await ask(http, tree, old, new) == (409, "text/x.tlog.size", "20\n")


async def test_a_split_view_gets_one_cosignature_only(http: httpx.AsyncClient, north: Witness, tree: Tree) -> None:
    await ask(http, tree, 0, 20)
    other = Tree(tree.leaves[:19])
    other.grow(21, "shown to one person")
    # Of the same size: a conflict, with the size that it knows already.
    assert await ask(http, other, 20, 20) == (409, "text/x.tlog.size", "20\n")
    # Larger: the tree that was cosigned is not in it.
    status, _, body = await ask(http, other, 20, 40)
    assert (status, '"proof-invalid"' in body) == (422, True)
    assert (await ask(http, tree, 20, 40))[0] == 200
    told = (await http.get("/")).text
    assert tree.checkpoint(20) in told
    assert other.checkpoint(20) in told


async def test_a_witness_that_comes_back_remembers(tmp_path: Path, tree: Tree) -> None:
    before = witness(tmp_path)
    async with client_of(before) as http:
        await ask(http, tree, 0, 20)
    before.state.close()
    async with client_of(witness(tmp_path)) as http:
        assert await ask(http, tree, 0, 10) == (409, "text/x.tlog.size", "20\n")
        status, _, line = await ask(http, tree, 20, 21)
        assert status == 200
        assert read_cosignature(line.encode(), read_note(tree.checkpoint(21)).text, before.verifier) == line


@pytest.mark.parametrize("body", [b"", b"old 0\n\n", b"\xff", b"old 0\n\nlog.example/1\n1\n", bytes(1000)])
async def test_what_is_no_request_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/add-checkpoint", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "note-malformed")


async def test_a_body_over_the_limit_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("/add-checkpoint", content=bytes(MAX_REQUEST_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_nothing_else_is_served(http: httpx.AsyncClient) -> None:
    assert (await http.get("/add-checkpoint")).status_code == 405
    assert (await http.get("/anything")).status_code == 404


async def test_it_says_who_it_is(http: httpx.AsyncClient, north: Witness) -> None:
    answer = await http.get("/")
    assert north.verifier.text in answer.text
    assert LOG.text in answer.text
    assert "two trees" not in answer.text
    assert read_vkey(north.verifier.text).kind is SignatureKind.COSIGNATURE


async def test_a_log_that_changes_its_key_is_known_by_both(tmp_path: Path, tree: Tree) -> None:
    new = VerifierKey(name=ORIGIN, kind=SignatureKind.ED25519, key=signing_key("new").public_key())
    north = witness(tmp_path)
    logs = read_logs([LOG.text, new.text])
    async with client_of(Witness(name=north.name, key=north.key, logs=logs, state=north.state)) as http:
        assert (await ask(http, tree, 0, 20))[0] == 200
        note = signed(30, naive_tree.root(tree.leaves[:30]), key="new")
        assert (await ask(http, tree, 20, 30, note=note))[0] == 200


def test_the_list_of_logs_is_read_line_by_line() -> None:
    other = VerifierKey(name="log.example/2", kind=SignatureKind.ED25519, key=LOG_KEY.public_key())
    logs = read_logs(["# whom we watch\n", "\n", f"  {LOG.text}\n", f"{other.text}\n"])
    assert logs == {ORIGIN: (LOG,), "log.example/2": (other,)}
    assert read_logs([]) == {}


@pytest.mark.parametrize("kind", [None, SignatureKind.COSIGNATURE])
def test_a_line_that_is_no_logs_key_is_named(kind: SignatureKind | None) -> None:
    line = "log.example" if kind is None else VerifierKey(name="w", kind=kind, key=LOG_KEY.public_key()).text
    with pytest.raises(SettingInvalid, match="line 2"):
        read_logs([LOG.text, line])


def test_a_witness_does_not_show_its_key(tmp_path: Path) -> None:
    assert "PrivateKey" not in repr(witness(tmp_path))
