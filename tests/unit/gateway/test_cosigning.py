"""Asking a witness: it is followed to the size it saw, never past a tree that it saw otherwise; and HTTP for real."""

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.cosigning import MAX_ANSWER_BYTES, TRIES, Answer, HttpTransport, check_urls, cosign
from gateway.witness_request import read_request, write_size
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


# --- over HTTP --------------------------------------------------------------------------------------------------------


class Desk:
    """A real HTTP server on loopback; a test says what it does with a body, and sees who came."""

    def __init__(self, answer: Callable[[bytes], tuple[int, bytes]], *, keeps: bool = True) -> None:
        desk = self
        self.connections = 0
        self.paths: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                desk.connections += 1

            def do_POST(self) -> None:
                desk.paths.append(self.path)
                status, body = answer(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                # Not announced: the other side finds out when it writes again.
                self.close_connection = not keeps

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/add-checkpoint"


@contextmanager
def desk(answer: Callable[[bytes], tuple[int, bytes]], *, keeps: bool = True) -> Iterator[Desk]:
    made = Desk(answer, keeps=keeps)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport(timeout_seconds=5)
    yield made
    made.close()


def test_a_connection_is_kept(transport: HttpTransport) -> None:
    with desk(lambda body: (200, body[::-1])) as there:
        for word in (b"abc", b"", b"xyz"):
            assert transport.post(there.url, word) == Answer(200, word[::-1])
        assert (there.connections, there.paths) == (1, ["/add-checkpoint"] * 3)
        transport.close()


def test_a_connection_that_the_other_side_closed_is_opened_again(transport: HttpTransport) -> None:
    with desk(lambda body: (409, body), keeps=False) as there:
        for _ in range(3):
            assert transport.post(there.url, b"7\n") == Answer(409, b"7\n")
        assert there.connections == 3


def test_an_endless_answer_is_cut(transport: HttpTransport) -> None:
    with desk(lambda _body: (200, bytes(MAX_ANSWER_BYTES + 1))) as there:
        assert len(transport.post(there.url, b"").body) == MAX_ANSWER_BYTES
        assert transport.post(there.url, b"").status == 200
        assert there.connections == 2
        transport.close()


def test_nobody_there_is_an_error(transport: HttpTransport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            transport.post(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"")


def test_a_silent_witness_is_left_after_a_while() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(TimeoutError):
            HttpTransport(timeout_seconds=0.05).post(url, b"")


def test_closing_ends_a_wait(transport: HttpTransport) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def wait(_body: bytes) -> tuple[int, bytes]:
        asked.set()
        go_on.wait(5)
        return 200, b""

    with desk(wait) as there, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(transport.post, there.url, b"")
        assert asked.wait(5)
        transport.close()
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            waiting.result(5)
        go_on.set()


def test_a_real_witness_is_reached_over_http(tmp_path: Path, tree: Tree, transport: HttpTransport) -> None:
    north = witness(tmp_path)

    def answer(body: bytes) -> tuple[int, bytes]:
        assert read_request(body).note == tree.checkpoint(20)
        outcome = north.add_checkpoint(body)
        return 200, getattr(outcome, "line", "").encode()

    with desk(answer) as there:
        at = Witness(key=NORTH.key, url=there.url.removesuffix("/add-checkpoint") + "/")
        assert cosign(transport, at, tree.checkpoint(20), 0, tree.consistency)
        transport.close()
