"""The bus in memory: the same promises without NATS. What a test did not arrange raises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.bus import BusHealth, Queue, Stored, Ticket, sender_of
from schemas import subjects
from schemas.errors import BusUnavailable, BusUnsuitable
from schemas.job import Offer, Stop

HandOver = Callable[[str, bytes], Awaitable[bytes | None]]


@dataclass
class Said:
    """Something said to the gateway, with the answer that it got."""

    subject: str
    payload: bytes
    answered: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def sender(self) -> str:
        """See ``bus.Message``."""
        return sender_of(self.subject)

    async def answer(self, payload: bytes) -> None:
        """Answer it; once."""
        self.answered.set_result(payload)


class MemoryEar:
    """What is heard on some subjects."""

    def __init__(self, bus: "MemoryBus", listened: tuple[str, ...]) -> None:
        self._bus = bus
        self._listened = listened
        self.heard: asyncio.Queue[Said | None] = asyncio.Queue()

    def hears(self, subject: str) -> bool:
        """Whether what is said on ``subject`` is heard here, with ``*`` for any one word."""
        words = subject.split(".")
        return any(
            len(words) == len(asked) and all(a in {"*", w} for a, w in zip(asked, words, strict=True))
            for asked in (listened.split(".") for listened in self._listened)
        )

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
    stopped: list[tuple[str, str]] = field(default_factory=list)
    """Worker and reason, in the order in which they were told."""
    somebody_stopped: asyncio.Event = field(default_factory=asyncio.Event)
    ears: list[MemoryEar] = field(default_factory=list)
    is_deaf: bool = False
    """Whether announcements are lost on the way."""
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
        for ear in self.ears:
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
    async def listen(self, *listened: str) -> AsyncIterator[MemoryEar]:
        """See ``bus.Bus``."""
        self.require()
        ear = MemoryEar(self, listened)
        self.ears.append(ear)
        try:
            yield ear
        finally:
            self.ears.remove(ear)

    async def hand_over(self, subject: str, payload: bytes, within_seconds: float) -> bytes | None:
        """See ``bus.Bus``."""
        self.require()
        if self.on_hand_over is None:
            raise AssertionError(f"nobody expected a sealed request on {subject}")
        return await self.on_hand_over(subject, payload)

    async def stop(self, worker: str, offer_id: str, why: Stop) -> None:
        """See ``bus.Bus``."""
        self.require()
        assert any(offer.offer_id == offer_id for offer in self.offers)
        self.stopped.append((worker, why.reason))
        self.somebody_stopped.set()

    async def announce_revoked(self, jti: str) -> None:
        """See ``bus.Bus``."""
        self.require()
        if not self.is_deaf:
            self._publish(Said(subjects.revoked(jti), b""))

    def _publish(self, said: Said) -> bool:
        hearing = [ear for ear in self.ears if ear.hears(said.subject)]
        for ear in hearing:
            ear.heard.put_nowait(said)
        return bool(hearing)

    async def say(self, subject: str, payload: bytes) -> bytes:
        """As a worker: say something on ``subject`` and wait for the answer."""
        said = Said(subject, payload)
        assert self._publish(said), f"nobody listens to {subject}"
        return await said.answered
