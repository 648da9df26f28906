"""What comes in over NATS for one job: the offer, the sealed request, the end."""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import nats.errors
from nats.aio.msg import Msg

from schemas import canonical
from schemas.errors import LikenessError, OfferExpired, OutOfOrder
from schemas.job import Accepted, Problem, unpack_disclosure

ACK_SECONDS: Final = 3
PASS_ON_SECONDS: Final = 1


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

    def __init__(self) -> None:
        self.sealed: asyncio.Future[tuple[str, bytes]] = asyncio.get_running_loop().create_future()
        """Disclosure JWS and sealed request, once they have come."""
        self.cancelled = asyncio.Event()
        """Nobody wants the job any more."""
        self.lost = asyncio.Event()
        """The connection was lost, and with it the job."""
        self._accepted: bytes | None = None
        self._closed = False

    def close(self) -> None:
        """Accept nothing from now on: whoever still seals must learn that nobody will open it."""
        self._closed = True

    async def hear_sealed(self, message: Msg) -> None:
        """Accept the first sealed request, and the same one again; refuse any other."""
        seen = hashlib.sha256(message.data).digest()
        answer = canonical.encode(Accepted())
        try:
            if self._closed:
                raise OfferExpired
            if self._accepted is None:
                disclosure, sealed = unpack_disclosure(message.data)
                self._accepted = seen
                self.sealed.set_result((disclosure, sealed))
            elif self._accepted != seen:
                raise OutOfOrder
        except LikenessError as error:
            answer = canonical.encode(Problem(code=error.code, detail=error.meaning))
        with suppress(nats.errors.Error):
            await message.respond(answer)

    async def hear_cancel(self, _message: Msg) -> None:
        """Stop this job."""
        self.cancelled.set()
