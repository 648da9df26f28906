"""The worker's side of NATS, which only this file and intake_mail.py know (spec/subjects.md).

Offers are pulled from a work queue that the gateway made; everything else is core request and reply. No payload is
looked into beyond what routing needs, and none is logged. Losing the connection ends every job at once, as it does at
the gateway: what was said meanwhile is lost, and nobody could receive the result.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from schemas import canonical, subjects
from schemas.codes import from_code
from schemas.errors import (
    BusUnavailable,
    LikenessError,
    NotEnrolled,
    UnknownJob,
)
from schemas.job import Accepted, Offer, Problem
from schemas.worker_key import ClaimMessage, Enrolled
from worker.intake_mail import FoundOffer, JobMail
from worker.memory import ShortMemory
from worker.race import first_of

log = logging.getLogger("likeness.worker")

CALL_SECONDS: Final = 3
FETCH_SECONDS: Final = 1
"""A fetch that is under way when the server restarts ends only by its own time-out, so it is short."""
RECONNECT_SECONDS: Final = 1
FRAME_SECONDS: Final = 60
"""How long one frame may wait for the permission to send the next: a browser on a slow line sets the pace."""
PAUSE_SECONDS: Final = 0.3
FLUSH_SECONDS: Final = 60
"""Longer than it takes to notice that a connection is dead."""


class Intake:
    """One connection to NATS, kept up for ever. It uses no subject but those of ``worker`` (a thumbprint)."""

    def __init__(self, url: str, worker: str) -> None:
        self._url = url
        self._worker = worker
        self.is_up: Final = asyncio.Event()
        """Set while there is a connection."""
        self.came_back: Final = asyncio.Event()
        """Set at each reconnection; whoever acts on it clears it."""
        self._client = Client()
        self._queues: dict[tuple[str, str], JetStreamContext.PullSubscription] = {}
        self._open: set[JobMail] = set()
        self._last_said = ""
        self._closing = False

    async def connect(self) -> None:
        """Return when connected, however long that takes; reconnecting goes on in the background."""
        await self._client.connect(
            self._url,
            name="likeness worker",
            inbox_prefix=subjects.inbox(self._worker),
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_SECONDS,
            connect_timeout=CALL_SECONDS,
            ping_interval=10,
            max_outstanding_pings=2,
            error_cb=self._on_error,
            disconnected_cb=self._on_lost,
            reconnected_cb=self._on_back,
        )
        self.is_up.set()
        self._say("nats: connected")

    async def close(self) -> None:
        """Disconnect."""
        self._closing = True
        with suppress(nats.errors.Error, OSError):
            await self._client.close()

    async def _on_error(self, error: Exception) -> None:
        self._say(f"nats: {type(error).__name__}; trying again")

    async def _on_lost(self) -> None:
        self.is_up.clear()
        self._say("nats: connection lost; trying again")
        for mail in self._open:
            mail.lost.set()

    async def _on_back(self) -> None:
        self.is_up.set()
        self._say("nats: connected")
        self.came_back.set()

    def _say(self, words: str) -> None:
        # Once a second for ever would hide everything else.
        if words != self._last_said and not self._closing:
            log.warning(words)
            self._last_said = words

    async def _ask(self, subject: str, payload: bytes, within_seconds: float) -> bytes:
        """The answer to a core request.

        Raises:
            UnknownJob: nobody listens on ``subject``.
            BusUnavailable: no answer in time, or no connection.
        """
        try:
            return (await self._client.request(subject, payload, timeout=within_seconds)).data
        except nats.errors.NoRespondersError:
            raise UnknownJob from None
        except (TimeoutError, nats.errors.Error, OSError) as error:
            raise BusUnavailable from error

    async def enrol(self, enrolment: str) -> Enrolled:
        """The gateway's answer to ``enrolment`` (a JWS).

        Raises:
            NotEnrolled: no gateway listens.
            LikenessError: what the gateway refused it for, or BusUnavailable.
        """
        try:
            answer = await self._ask(subjects.enrol(self._worker), enrolment.encode("ascii"), CALL_SECONDS)
        except UnknownJob:
            raise NotEnrolled("no gateway answers on this NATS server") from None
        _raise_problem(answer)
        return canonical.decode(Enrolled, answer)

    async def next_offer(self, pool: str, bundle: str) -> FoundOffer | None:
        """The next waiting offer of this queue, or None when there was none within a second."""
        try:
            queue = await self._queue(pool, bundle)
            (message,) = await queue.fetch(1, timeout=FETCH_SECONDS)
        except TimeoutError:
            return None
        except (nats.errors.Error, OSError):
            # The queue is not there yet, or no longer: the gateway makes it when it starts.
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        return FoundOffer(raw=message.data, _message=message)

    async def _queue(self, pool: str, bundle: str) -> JetStreamContext.PullSubscription:
        found = self._queues.get((pool, bundle))
        if found is None:
            # Binding asks the server for nothing, so a worker needs no right to read the stream's set-up.
            found = await self._client.jetstream().pull_subscribe_bind(
                subjects.consumer(pool, bundle), stream=subjects.OFFERS_STREAM
            )
            self._queues[pool, bundle] = found
        return found

    @asynccontextmanager
    async def mail(self, offer: Offer, handed: ShortMemory) -> AsyncIterator[JobMail]:
        """Listen for the sealed request and for the end of the job while the context is open."""
        mail = JobMail(handed, offer.expires_at)
        opened: list[Subscription] = []
        try:
            for subject, hear in (
                (subjects.seal(self._worker, offer.offer_id), mail.hear_sealed),
                (subjects.stop(self._worker, offer.offer_id), mail.hear_stop),
            ):
                opened.append(await self._client.subscribe(subject, cb=hear))
            # The interest must have arrived before anybody learns that we are there.
            await self._settle()
            self._open.add(mail)
            yield mail
        except (nats.errors.Error, OSError) as error:
            raise BusUnavailable from error
        finally:
            self._open.discard(mail)
            for subscription in opened:
                with suppress(nats.errors.Error, OSError):
                    await subscription.unsubscribe()

    async def _settle(self) -> None:
        """Return when the server has read all that was sent to it.

        Raises:
            BusUnavailable: not in time.
        """
        # A flush that gives up breaks the client when its answer comes later, so the flush itself has all the time.
        flush = asyncio.create_task(self._client.flush(FLUSH_SECONDS))
        flush.add_done_callback(_forget)
        await first_of(asyncio.shield(flush), within_seconds=CALL_SECONDS)
        if not flush.done() or flush.exception() is not None:
            raise BusUnavailable

    async def claim(self, offer_id: str, message: ClaimMessage) -> None:
        """Return when the gateway has accepted the claim.

        Raises:
            UnknownJob: nobody waits for this offer any more, and nobody has seen the claim.
            LikenessError: what the gateway refused it for, or BusUnavailable.
        """
        answer = await self._ask(subjects.claim(self._worker, offer_id), canonical.encode(message), CALL_SECONDS)
        _raise_problem(answer)
        canonical.decode(Accepted, answer)

    async def send_frame(self, offer_id: str, frame: bytes, within_seconds: float = FRAME_SECONDS) -> None:
        """Return when the gateway wants the next frame. It is sent once: twice, and the person would get it twice.

        Raises:
            UnknownJob: the gateway no longer follows this job.
            LikenessError: what the gateway answered, or BusUnavailable.
        """
        _raise_problem(await self._ask(subjects.event(self._worker, offer_id), frame, within_seconds))


def _forget(task: asyncio.Task[None]) -> None:
    """Whoever waited for ``task`` has gone on; its end is no news."""
    if not task.cancelled():
        task.exception()


def _raise_problem(answer: bytes) -> None:
    try:
        problem = canonical.decode(Problem, answer)
    except LikenessError:
        return
    raise from_code(problem.code, problem.detail)
