"""A job on one side, a browser's connection on the other, and one frame at a time in between."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.defects import trace

log = logging.getLogger("likeness.gateway")

Work = Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[None]]
"""Emits frames through what it is given; is cancelled when nobody takes them any more."""


class Pipe:
    """Runs the work in a task of its own, so that its cleaning up is not cut off with the connection.

    Web servers cancel a response at every await from the moment at which the connection is gone; a task of our own is
    cancelled once and then has time to say goodbye.
    """

    def __init__(self, work: Work, stall_seconds: float) -> None:
        """``stall_seconds``: a frame that is not taken for so long ends the work."""
        self._stall_seconds = stall_seconds
        self._frame: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._is_gone = False
        self._task = asyncio.create_task(self._run(work))

    async def _run(self, work: Work) -> None:
        try:
            await work(self._emit)
        except Exception as error:  # noqa: BLE001 - whatever it is, the stream must end
            log.error("a job ended by a defect: %s", trace(error))  # noqa: TRY400 - no message, see defects.py
        finally:
            self._frame.put_nowait(None)

    async def _emit(self, frame: bytes) -> None:
        if self._is_gone:
            # A library on the way swallowed the cancellation (asyncio.wait_for does, before Python 3.12).
            raise asyncio.CancelledError
        self._taken.clear()
        self._frame.put_nowait(frame)
        try:
            async with asyncio.timeout(self._stall_seconds):
                await self._taken.wait()
        except TimeoutError:
            self._is_gone = True
            raise asyncio.CancelledError from None

    async def frames(self) -> AsyncIterator[bytes]:
        """Every frame. A frame counts as taken when the next one is asked for."""
        try:
            while (frame := await self._frame.get()) is not None:
                yield frame
                self._taken.set()
        finally:
            self._leave()

    async def stop(self) -> None:
        """Nobody reads any more; returns when the work has cleaned up."""
        self._leave()
        await asyncio.wait({self._task})

    def _leave(self) -> None:
        # Once: a second cancellation would cut off the cleaning up that the first one began.
        if not self._is_gone:
            self._is_gone = True
            self._task.cancel()
