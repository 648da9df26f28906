"""The bus in memory: the same promises without NATS. What a test did not arrange raises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.bus import BusHealth, Queue, Stored, Ticket
from schemas.errors import BusUnavailable, BusUnsuitable
from schemas.job import Offer

HandOver = Callable[[str, bytes], Awaitable[bytes | None]]


@dataclass
class Said:
    """Something said to the gateway, with the answer that it got."""

    payload: bytes
    answered: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def answer(self, payload: bytes) -> None:
        """Answer it; once."""
        self.answered.set_result(payload)


class MemoryEar:
    """What is heard on one subject."""

    def __init__(self, bus: "MemoryBus") -> None:
        self._bus = bus
        self.heard: asyncio.Queue[Said | None] = asyncio.Queue()

    async def receive(self, within_seconds: float) -> Said | None:
        """See ``bus.Ear``."""
        said = None
        try:
            async with asyncio.timeout(within_seconds):
                said = await self.heard.get()
        except TimeoutError:
            pass
        self._bus.require()
        return said


@dataclass
class MemoryBus:
    """See ``gateway.bus.Bus``."""

    problem: str = ""
    worker_count: int = 0
    values: dict[tuple[str, str], Stored] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    withdrawn: list[Ticket] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    ears: dict[str, MemoryEar] = field(default_factory=dict)
    on_hand_over: HandOver | None = None
    lose_races: int = 0
    """So many compare-and-sets find that somebody else was faster."""

    def require(self) -> None:
        """Raise when the bus is away."""
        if self.problem:
            raise BusUnsuitable if self.problem == BusUnsuitable.code else BusUnavailable

    def break_off(self) -> None:
        """Lose the connection, as NATS does: with everything that was remembered."""
        self.problem = BusUnavailable.code
        self.values.clear()
        for ear in self.ears.values():
            ear.heard.put_nowait(None)

    def health(self) -> BusHealth:
        """See ``bus.Bus``."""
        return BusHealth(ready=not self.problem, problem=self.problem, server_version="2.12.6")

    async def create(self, bucket: str, key: str, value: bytes) -> bool:
        """See ``bus.Bus``."""
        self.require()
        if (bucket, key) in self.values:
            return False
        self.values[bucket, key] = Stored(value=value, revision=1)
        return True

    async def read(self, bucket: str, key: str) -> Stored | None:
        """See ``bus.Bus``."""
        self.require()
        return self.values.get((bucket, key))

    async def replace(self, bucket: str, key: str, value: bytes, revision: int) -> bool:
        """See ``bus.Bus``."""
        self.require()
        if self.lose_races:
            self.lose_races -= 1
            return False
        stored = self.values.get((bucket, key))
        if stored is None or stored.revision != revision:
            return False
        self.values[bucket, key] = Stored(value=value, revision=revision + 1)
        return True

    async def workers(self, pool: str, bundle: str | None) -> int:
        """See ``bus.Bus``."""
        self.require()
        return self.worker_count

    async def offer(self, offer: Offer) -> Ticket:
        """See ``bus.Bus``."""
        self.require()
        self.offers.append(offer)
        return Ticket(pool=offer.pool, bundle=offer.bundle, sequence=len(self.offers))

    async def queue(self, ticket: Ticket) -> Queue:
        """See ``bus.Bus``."""
        self.require()
        return Queue(ahead=0, workers=self.worker_count)

    async def withdraw(self, ticket: Ticket) -> None:
        """See ``bus.Bus``."""
        self.withdrawn.append(ticket)

    @asynccontextmanager
    async def listen(self, subject: str) -> AsyncIterator[MemoryEar]:
        """See ``bus.Bus``."""
        self.require()
        ear = self.ears[subject] = MemoryEar(self)
        try:
            yield ear
        finally:
            del self.ears[subject]

    async def hand_over(self, subject: str, payload: bytes, within_seconds: float) -> bytes | None:
        """See ``bus.Bus``."""
        self.require()
        if self.on_hand_over is None:
            raise AssertionError(f"nobody expected a sealed request on {subject}")
        return await self.on_hand_over(subject, payload)

    async def cancel(self, offer_id: str) -> None:
        """See ``bus.Bus``."""
        self.require()
        self.cancelled.append(offer_id)

    async def say(self, subject: str, payload: bytes) -> bytes:
        """As a worker: say something on ``subject`` and wait for the answer."""
        said = Said(payload)
        self.ears[subject].heard.put_nowait(said)
        return await said.answered
