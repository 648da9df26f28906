"""Enrolments as they come in from NATS, several in work at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from nats.aio.msg import Msg

from gateway.answers import problem
from gateway.defects import trace
from gateway.dispatch_ear import Incoming
from schemas import canonical
from schemas.errors import BadHeader, LikenessError
from schemas.worker_key import Enrolled, RosterEntry

log = logging.getLogger("likeness.gateway")

AT_ONCE: Final = 16
"""Enrolments that wait for the log at the same time; the next are read when one of these is answered."""

Enrol = Callable[[str, str], Awaitable[tuple[RosterEntry, Enrolled]]]
"""From a sender (thumbprint) and its enrolment's JWS to the roster entry and the answer; raises ``LikenessError``."""


class EnrolmentDesk:
    """Answers enrolments. Each waits for the log, so that several are in work at once."""

    def __init__(self, enrol: Enrol, changed: Callable[[], None]) -> None:
        """``changed`` is called when a worker has been listed."""
        self._enrol = enrol
        self._changed = changed
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def hear(self, message: Msg) -> None:
        """Take an enrolment; the answer follows."""
        incoming = Incoming(message)
        if not incoming.is_of_sender:
            return
        await self._places.acquire()
        task = asyncio.create_task(self._serve(incoming))
        self._tasks.add(task)
        task.add_done_callback(self._leave)

    async def close(self) -> None:
        """Return when nothing is in work any more; who has no answer yet gets none."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._places.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a defect: %s", trace(error))

    async def _serve(self, message: Incoming) -> None:
        with suppress(LikenessError):  # the connection is lost; the worker asks again
            await message.answer(await self._answer(message))

    async def _answer(self, message: Incoming) -> bytes:
        try:
            if not message.payload.isascii():
                raise BadHeader
            entry, enrolled = await self._enrol(message.sender, message.payload.decode("ascii"))
        except LikenessError as error:
            log.warning("enrolment refused: %s", error.code)
            return problem(error)
        self._changed()
        log.info("worker %s enrolled for pool %s", entry.worker, entry.pool)
        return canonical.encode(enrolled)
