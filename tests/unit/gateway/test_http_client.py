"""HTTP for real, on loopback: connections are kept, opened again, cut and closed."""

import http.client
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from gateway.http_client import MAX_ANSWER_BYTES, Answer, HttpClient


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

            def do_GET(self) -> None:
                self.headers["content-length"] = "0"
                self.do_POST()

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
def client() -> Iterator[HttpClient]:
    made = HttpClient(timeout_seconds=5)
    yield made
    made.close()


def test_a_connection_is_kept(client: HttpClient) -> None:
    with desk(lambda body: (200, body[::-1])) as there:
        for word in (b"abc", b"", b"xyz"):
            assert client.post(there.url, word) == Answer(200, word[::-1])
        assert (there.connections, there.paths) == (1, ["/add-checkpoint"] * 3)
        client.close()


def test_one_may_get_more_than_a_witness_may_answer(client: HttpClient) -> None:
    with desk(lambda _body: (200, bytes(MAX_ANSWER_BYTES + 5))) as there:
        assert len(client.get(there.url, at_most_bytes=MAX_ANSWER_BYTES + 9).body) == MAX_ANSWER_BYTES + 5
        assert len(client.get(there.url).body) == MAX_ANSWER_BYTES
        client.close()


def test_a_connection_that_the_other_side_closed_is_opened_again(client: HttpClient) -> None:
    with desk(lambda body: (409, body), keeps=False) as there:
        for _ in range(3):
            assert client.post(there.url, b"7\n") == Answer(409, b"7\n")
        assert there.connections == 3


def test_an_endless_answer_is_cut(client: HttpClient) -> None:
    with desk(lambda _body: (200, bytes(MAX_ANSWER_BYTES + 1))) as there:
        assert len(client.post(there.url, b"").body) == MAX_ANSWER_BYTES
        assert client.post(there.url, b"").status == 200
        assert there.connections == 2
        client.close()


def test_nobody_there_is_an_error(client: HttpClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            client.post(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"")


def test_a_silent_witness_is_left_after_a_while() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(TimeoutError):
            HttpClient(timeout_seconds=0.05).post(url, b"")


def test_closing_ends_a_wait(client: HttpClient) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def wait(_body: bytes) -> tuple[int, bytes]:
        asked.set()
        go_on.wait(5)
        return 200, b""

    with desk(wait) as there, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.post, there.url, b"")
        assert asked.wait(5)
        client.close()
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            waiting.result(5)
        go_on.set()
