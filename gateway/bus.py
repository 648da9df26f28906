"""What the gateway asks of its bus, in five words: remember, offer, listen, hand over, cancel.

``gateway/dispatch.py`` keeps these promises on NATS; the tests keep them in memory.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from schemas.job import Offer


@dataclass(frozen=True, slots=True)
class Stored:
    """A value in a bucket, and the revision that a compare-and-set must name."""

    value: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class BusHealth:
    """How the bus is."""

    ready: bool
    problem: str = ""
    """An error code where it is not ready."""
    server_version: str = ""


class Message(Protocol):
    """Something that came in and waits for its answer."""

    @property
    def payload(self) -> bytes:
        """What was said."""

    async def answer(self, payload: bytes) -> None:
        """Answer it; the sender waits for this before it says more."""


class Ear(Protocol):
    """One subject that is listened to."""

    async def receive(self, within_seconds: float) -> Message | None:
        """The next message, or None when there was none in time.

        Raises:
            BusUnavailable: the connection was lost since listening began; what was said meanwhile is lost.
        """


@dataclass(frozen=True, slots=True)
class Queue:
    """Where a job stands among those that wait."""

    ahead: int
    workers: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """An offer in the queue."""

    pool: str
    bundle: str
    sequence: int = field(repr=False)


class Bus(Protocol):
    """Every method raises ``BusUnavailable`` when NATS cannot be reached."""

    def health(self) -> BusHealth:
        """How the bus is now; asks nobody."""

    async def create(self, bucket: str, key: str, value: bytes) -> bool:
        """Remember ``value``; False when something is remembered under ``key`` already."""

    async def read(self, bucket: str, key: str) -> Stored | None:
        """What is remembered under ``key``."""

    async def replace(self, bucket: str, key: str, value: bytes, revision: int) -> bool:
        """Replace the value that has ``revision``; False when somebody else was faster."""

    async def workers(self, pool: str, bundle: str | None) -> int:
        """Workers of ``pool`` (for ``bundle``, or any) that may still be there."""

    async def offer(self, offer: Offer) -> Ticket:
        """Put ``offer`` into its queue."""

    async def queue(self, ticket: Ticket) -> Queue:
        """Where the offer of ``ticket`` stands."""

    async def withdraw(self, ticket: Ticket) -> None:
        """Take the offer out of the queue, if it is still there."""

    def listen(self, subject: str) -> AbstractAsyncContextManager[Ear]:
        """Listen to ``subject`` while the context is open."""

    async def hand_over(self, subject: str, payload: bytes, within_seconds: float) -> bytes | None:
        """Send ``payload`` to the one worker on ``subject`` and return its answer; None when nobody is there at all.

        Raises:
            WorkerLost: somebody may have received it, but did not answer in time.
        """

    async def cancel(self, offer_id: str) -> None:
        """Tell whoever works on the offer to stop."""
