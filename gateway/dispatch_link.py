"""One connection to NATS, kept up as long as it takes; what must stand on the server is made again after each loss."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from gateway.defects import trace
from gateway.dispatch_setup import reaching_nats, require_version
from schemas.errors import BusUnavailable, BusUnsuitable, LikenessError

log = logging.getLogger("likeness.gateway")

CALL_SECONDS: Final = 3
RETRY_SECONDS: Final = 1

Prepare = Callable[[JetStreamContext], Awaitable[None]]
"""Makes what must stand on the server, and checks it; raises ``BusUnsuitable``."""


class Link:
    """A connection, from ``open`` to ``close``. Between a loss and the next preparation it is not there for anybody."""

    def __init__(
        self, name: str, url: str, credentials: Path | None, *, prepare: Prepare, lost: Callable[[], None]
    ) -> None:
        """``lost`` is called at each loss of the connection: whatever was under way is over."""
        self.problem = BusUnavailable.code
        """An error code; empty while all is well."""
        self.version = ""
        """Of the server, once connected."""
        self._name = name
        self._url = url
        self._credentials = credentials
        self._prepare = prepare
        self._lost = lost
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None
        self._last_said = ""
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def open(self, greet: Callable[[Client], Awaitable[None]] | None = None) -> None:
        """Connect in the background; ``greet`` is awaited at the first connection, and its subscriptions last."""
        self._keeper = asyncio.create_task(self._keep(greet), name=f"nats {self._name}")
        self._keeper.add_done_callback(_report)

    async def close(self) -> None:
        """Disconnect."""
        self.problem = BusUnavailable.code
        while self._keeper is not None and not self._keeper.done():
            # The client waits by asyncio.wait_for, which before Python 3.12 can swallow a cancellation: say it again.
            self._keeper.cancel()
            await asyncio.wait({self._keeper}, timeout=RETRY_SECONDS)
        if self._client is not None:
            with suppress(nats.errors.Error, OSError, TimeoutError):
                async with asyncio.timeout(CALL_SECONDS):
                    await self._client.close()

    def client(self) -> Client:
        """The connection itself.

        Raises:
            BusUnavailable, BusUnsuitable: there is none now.
        """
        if self.problem or self._client is None:
            raise BusUnsuitable if self.problem == BusUnsuitable.code else BusUnavailable
        return self._client

    def stream(self) -> JetStreamContext:
        """JetStream over it.

        Raises:
            BusUnavailable, BusUnsuitable: there is none now.
        """
        self.client()
        if self._stream is None:
            raise BusUnavailable
        return self._stream

    async def _keep(self, greet: Callable[[Client], Awaitable[None]] | None) -> None:
        client = await self._connect()
        if greet is not None:
            await greet(client)
        while True:
            self._changed.clear()
            if client.is_connected and self.problem:
                await self._make_ready(client)
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if self.problem else None):
                    await self._changed.wait()

    async def _connect(self) -> Client:
        self._client = Client()
        await self._client.connect(
            self._url,
            name=f"likeness {self._name}",
            user_credentials=str(self._credentials) if self._credentials else None,
            max_reconnect_attempts=-1,
            reconnect_time_wait=cast("int", 0.2),
            connect_timeout=CALL_SECONDS,
            ping_interval=10,
            max_outstanding_pings=2,
            error_cb=self._on_error,
            disconnected_cb=self._on_lost,
            reconnected_cb=self._on_back,
        )
        return self._client

    async def _make_ready(self, client: Client) -> None:
        try:
            with reaching_nats():
                self.version = require_version(client)
                stream = client.jetstream(timeout=CALL_SECONDS)
                await self._prepare(stream)
        except LikenessError as error:
            self._say(f"{error.code}: {error.detail}")
            self.problem = error.code
            return
        self._stream = stream
        self.problem = ""
        self._last_said = ""
        log.info("nats: the %s is ready", self._name)

    def _say(self, words: str) -> None:
        # Five attempts a second would hide everything else.
        if words != self._last_said:
            self._last_said = words
            log.warning("nats: %s: %s", self._name, words)

    async def _on_error(self, error: Exception) -> None:
        self._say(f"{type(error).__name__}: {error}")

    async def _on_lost(self) -> None:
        if not self.problem:
            self._say("connection lost")
        self.problem = BusUnavailable.code
        self._lost()
        self._changed.set()

    async def _on_back(self) -> None:
        self._changed.set()


def _report(keeper: asyncio.Task[None]) -> None:
    # Without this the gateway would go on without a bus and nobody would know why.
    if not keeper.cancelled() and (error := keeper.exception()) is not None:
        log.error("nats: gave up: %s", trace(error))
