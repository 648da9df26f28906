"""Asking somebody over HTTP/1.1, with connections that are kept. It blocks: run it in a thread."""

import http.client
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 3.0
"""For each wait on the network: who needs longer is of no use to somebody who waits for a portrait."""
MAX_ANSWER_BYTES: Final = 64 * 1024
"""Unless more is asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes = field(repr=False)
    """As much of it as was asked for, at most."""


@dataclass
class HttpClient:
    """May be used from several threads. A redirect is an answer like any other: it is not followed."""

    timeout_seconds: float = TIMEOUT_SECONDS
    _idle: dict[str, http.client.HTTPConnection] = field(default_factory=dict, repr=False)
    _busy: set[http.client.HTTPConnection] = field(default_factory=set, repr=False)

    def get(self, url: str, *, at_most_bytes: int = MAX_ANSWER_BYTES) -> Answer:
        """The answer to a GET.

        Raises:
            OSError, http.client.HTTPException: there was none.
        """
        return self._ask("GET", url, None, at_most_bytes)

    def post(self, url: str, body: bytes) -> Answer:
        """The answer to a POST of plain text.

        Raises:
            OSError, http.client.HTTPException: there was none.
        """
        return self._ask("POST", url, body, MAX_ANSWER_BYTES)

    def close(self) -> None:
        """End all connections; a request that waits fails at once."""
        for connection in list(self._busy):
            if connection.sock is not None:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)
        while self._idle:
            self._idle.popitem()[1].close()

    def _ask(self, method: str, url: str, body: bytes | None, at_most_bytes: int) -> Answer:
        kept = self._idle.pop(_origin(url), None)
        if kept is not None:
            # The other side may have closed it meanwhile, which shows only now.
            with suppress(ConnectionError, http.client.HTTPException):
                return self._ask_on(kept, method, url, body, at_most_bytes)
        return self._ask_on(self._connect(url), method, url, body, at_most_bytes)

    def _connect(self, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, parts.port, timeout=self.timeout_seconds, context=context)
        return http.client.HTTPConnection(host, parts.port, timeout=self.timeout_seconds)

    def _ask_on(
        self, connection: http.client.HTTPConnection, method: str, url: str, body: bytes | None, at_most_bytes: int
    ) -> Answer:
        self._busy.add(connection)
        is_kept = False
        headers = {} if body is None else {"content-type": "text/plain; charset=utf-8"}
        try:
            connection.request(method, urlsplit(url).path or "/", body, headers)
            response = connection.getresponse()
            raw = response.read(at_most_bytes)
            is_whole = response.isclosed() and not response.will_close
            is_kept = is_whole and self._idle.setdefault(_origin(url), connection) is connection
            return Answer(status=response.status, body=raw)
        finally:
            self._busy.discard(connection)
            if not is_kept:
                connection.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
