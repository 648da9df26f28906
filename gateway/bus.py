"""What the gateway asks of its bus, in six words: remember, offer, listen, hand over, stop, announce.

``gateway/dispatch.py`` keeps these promises on NATS; the tests keep them in memory.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from schemas.job import Offer, Stop
from schemas.scalars import Pool


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
    """Something that came in, and may wait for its answer."""

    @property
    def subject(self) -> str:
        """The subject on which it was said, nothing in it left open."""

    @property
    def sender(self) -> str:
        """The worker (thumbprint) in the subject. NATS lets each worker speak on subjects with its own alone."""

    @property
    def payload(self) -> bytes:
        """What was said."""

    async def answer(self, payload: bytes) -> None:
        """Answer it; the sender waits for this before it says more. Nothing happens where nobody waits."""


def sender_of(subject: str) -> str:
    """The third word of ``subject``: on whatever a worker speaks, its thumbprint (schemas/subjects.py)."""
    words = subject.split(".")
    return words[2] if len(words) > 2 else ""


class Ear(Protocol):
    """Subjects that are listened to as one."""

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

    pool: Pool
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
        """Put ``offer`` into its queue. The lots of a job are offers with one ``offer_id``; each is kept."""

    async def queue(self, ticket: Ticket) -> Queue:
        """Where the offer of ``ticket`` stands."""

    async def withdraw(self, ticket: Ticket) -> None:
        """Take the offer out of the queue, if it is still there."""

    def listen(self, *listened: str) -> AbstractAsyncContextManager[Ear]:
        """Listen to all of these subjects while the context is open; ``*`` stands for any one word."""

    async def hand_over(self, subject: str, payload: bytes, within_seconds: float) -> bytes | None:
        """Send ``payload`` to the one worker on ``subject`` and return its answer; None when nobody is there at all.

        Raises:
            WorkerLost: somebody may have received it, but did not answer in time.
        """

    async def stop(self, worker: str, offer_id: str, why: Stop) -> None:
        """Tell ``worker`` (thumbprint) to end its part of the job; nobody answers."""

    async def announce_revoked(self, jti: str) -> None:
        """Tell every replica that listens to ``subjects.revoked(jti)`` that the ledger says so; nobody answers."""
