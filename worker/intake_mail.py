"""What comes in over NATS for one job: the offer, the sealed request, the end."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import nats.errors
from nats.aio.msg import Msg

from schemas import canonical, subjects
from schemas.errors import JobReplayed, LikenessError, OfferExpired, OutOfOrder
from schemas.job import Accepted, Problem, Stop, unpack_disclosure
from schemas.scalars import digest
from worker.ending import Reason
from worker.memory import ShortMemory

ACK_SECONDS: Final = 3
PASS_ON_SECONDS: Final = 1
"""An idle worker that has waited longer gets the offer then, before the one that passed it on asks again."""


@dataclass(frozen=True, slots=True)
class FoundOffer:
    """One message of the offer queue. Exactly one of its three methods is called."""

    raw: bytes
    _message: Msg = field(repr=False)

    async def take(self) -> None:
        """It is ours; nobody else shall get it."""
        with suppress(nats.errors.Error, TimeoutError):
            await self._message.ack_sync(timeout=ACK_SECONDS)

    async def drop(self) -> None:
        """Nobody waits for it any more."""
        with suppress(nats.errors.Error):
            await self._message.term()

    async def pass_on(self) -> None:
        """Another worker may do better with it."""
        with suppress(nats.errors.Error):
            await self._message.nak(delay=PASS_ON_SECONDS)


class JobMail:
    """What the gateway sends about one claimed offer."""

    def __init__(self, handed: ShortMemory, until: int) -> None:
        """``handed``: the sealed requests that a child had before; this one is kept there ``until`` (unix time)."""
        self.sealed: asyncio.Future[tuple[str, bytes]] = asyncio.get_running_loop().create_future()
        """Disclosure JWS and sealed request, once they have come."""
        self.stopped = asyncio.Event()
        """The gateway ends the job; ``reason`` says why."""
        self.reason: Reason | None = None
        self.lost = asyncio.Event()
        """The connection was lost, and with it the job."""
        self._handed = handed
        self._until = until
        self._closed = False

    def close(self) -> None:
        """Accept nothing from now on: whoever still seals must learn that nobody will open it."""
        self._closed = True

    async def hear_sealed(self, message: Msg) -> None:
        """Accept the first sealed request and refuse every other, the same one again included."""
        answer = canonical.encode(Accepted())
        try:
            self._accept(message.data)
        except LikenessError as error:
            answer = canonical.encode(Problem(code=error.code, detail=error.meaning))
        # Not where it asks to be answered: there NATS itself speaks, and nobody else may (spec/subjects.md 6.4).
        message.reply = subjects.handed(message.reply)
        with suppress(nats.errors.Error):
            await message.respond(answer)

    def _accept(self, raw: bytes) -> None:
        if self._closed or self.stopped.is_set():
            raise OfferExpired
        disclosure, sealed = unpack_disclosure(raw)
        # A child could not open it either, for its key is another; but it would end in finding that out.
        if self._handed.knows(digest(sealed)):
            raise JobReplayed
        if self.sealed.done():
            raise OutOfOrder
        self._handed.keep(digest(sealed), self._until)
        self.sealed.set_result((disclosure, sealed))

    async def hear_stop(self, message: Msg) -> None:
        """End the job. The first reason counts; what is no ``Stop`` is not the gateway's word (subjects.md 6.3)."""
        with suppress(LikenessError):
            reason: Reason = canonical.decode(Stop, message.data).reason
            self.reason = self.reason or reason
            self.stopped.set()
