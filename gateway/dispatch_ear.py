"""What comes in from NATS, one message at a time and each with its answer."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from nats.aio.msg import Msg

from gateway.bus import Message
from gateway.dispatch_setup import reaching_nats
from schemas.errors import BusUnavailable

UNREAD_MESSAGES: Final = 64
UNREAD_BYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Incoming:
    """A NATS message that waits for its answer."""

    message: Msg

    @property
    def payload(self) -> bytes:
        """What was said."""
        return self.message.data

    async def answer(self, payload: bytes) -> None:
        """Answer it."""
        if self.message.reply:
            with reaching_nats():
                await self.message.respond(payload)


class NatsEar:
    """One subscription, read one message at a time. Senders wait for answers, so that little is ever unread."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[Incoming | None] = asyncio.Queue(UNREAD_MESSAGES)
        self._broken = False

    async def hear(self, message: Msg) -> None:
        """Keep ``message`` until it is received."""
        await self._heard.put(Incoming(message))

    def break_off(self) -> None:
        """The connection was lost: whoever waits learns it now."""
        self._broken = True
        with suppress(asyncio.QueueFull):  # whoever reads a full queue is not asleep
            self._heard.put_nowait(None)

    async def receive(self, within_seconds: float) -> Message | None:
        """See ``bus.Ear``."""
        heard: Incoming | None = None
        if not self._broken:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_seconds):
                    heard = await self._heard.get()
        if self._broken:
            raise BusUnavailable
        return heard
