"""What comes in from NATS, one message at a time and each with its answer."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from nats.aio.msg import Msg

from gateway.bus import Message, sender_of
from gateway.dispatch_setup import reaching_nats
from schemas import subjects
from schemas.errors import BusUnavailable

UNREAD_MESSAGES: Final = 64
UNREAD_BYTES: Final = 2 * 1024 * 1024
ACROSS_ACCOUNTS: Final = "_R_."
"""Where NATS itself has the answer to a request from another account; it lets no client name such a subject."""
ANNOUNCED: Final = subjects.revoked("")
"""What replicas say to each other begins like this. It is no more than a reason to look into the ledger."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A NATS message that waits for its answer."""

    message: Msg

    @property
    def subject(self) -> str:
        """The subject on which it was said."""
        return self.message.subject

    @property
    def sender(self) -> str:
        """The worker in the subject."""
        return sender_of(self.message.subject)

    @property
    def payload(self) -> bytes:
        """What was said."""
        return self.message.data

    @property
    def is_of_sender(self) -> bool:
        """Whether it asks to be answered in an inbox of the worker in its subject, or came from a company's account.

        NATS checks where a worker publishes. But whoever may pull offers can have JetStream itself publish, on any
        subject, offers and empty messages; and whoever is answered wherever it asks has the answer published there.
        """
        return self.message.reply.startswith((f"{subjects.inbox(self.sender)}.", ACROSS_ACCOUNTS))

    async def answer(self, payload: bytes) -> None:
        """Answer it, if anybody waits."""
        if self.is_of_sender:
            with reaching_nats():
                await self.message.respond(payload)


class NatsEar:
    """Some subscriptions, read one message at a time. Senders wait for answers, so that little is ever unread."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[Incoming | None] = asyncio.Queue(UNREAD_MESSAGES)
        self._broken = False

    async def hear(self, message: Msg) -> None:
        """Keep ``message`` until it is received, if it is of its sender, or of a gateway."""
        incoming = Incoming(message)
        if incoming.is_of_sender or message.subject.startswith(ANNOUNCED):
            await self._heard.put(incoming)

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
