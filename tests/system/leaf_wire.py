"""A company's server that keeps to no rule: the leafnode protocol of NATS by hand, so that only the hub can say no."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

ANSWER_SECONDS = 10


@dataclass
class LeafWire:
    """One leafnode connection, and all that the hub said on it."""

    reader: asyncio.StreamReader = field(repr=False)
    writer: asyncio.StreamWriter = field(repr=False)
    said: list[str] = field(default_factory=list)
    """Lines of the hub. Payloads are ASCII without line ends here, so that they are lines as well."""

    async def publish(self, subject: str, payload: bytes = b"", reply: str = "") -> None:
        """Say something on ``subject``."""
        head = f"LMSG {subject} {reply + ' ' if reply else ''}{len(payload)}\r\n"
        self.writer.write(head.encode() + payload + b"\r\n")

    async def subscribe(self, subject: str, queue: str = "") -> None:
        """Ask to hear ``subject``."""
        self.writer.write(f"LS+ {subject}{' ' + queue + ' 1' if queue else ''}\r\n".encode())

    async def flush(self) -> None:
        """Return when the hub has read, and answered, all of it."""
        self.writer.write(b"PING\r\n")
        async with asyncio.timeout(ANSWER_SECONDS):
            while (line := await self._line()) != "PONG":
                self.said.append(line)

    async def _line(self) -> str:
        raw = await self.reader.readline()
        if not raw:
            raise ConnectionError(self.said)
        return raw.decode().rstrip("\r\n")


@asynccontextmanager
async def leaf_wire(at: tuple[str, int], trust: ssl.SSLContext, user: str, password: str) -> AsyncIterator[LeafWire]:
    """A connection as ``user``, let in or not: the first ``flush`` tells."""
    reader, writer = await asyncio.open_connection(*at)
    try:
        await reader.readline()  # INFO, in clear; TLS begins after it
        await writer.start_tls(trust, server_hostname=at[0])
        hello = {"user": user, "pass": password, "tls_required": True, "name": "any", "version": "2.9.10"}
        writer.write(f"CONNECT {json.dumps(hello)}\r\n".encode())
        yield LeafWire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
