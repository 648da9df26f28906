"""Frames of one job on their way to the gateway: in order, one at a time, each waiting for leave, with a heartbeat."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from schemas.errors import LikenessError
from schemas.frames import FrameKind, encode_frame

log = logging.getLogger("likeness.worker")

HEARTBEAT_SECONDS: Final = 1.5
"""The last progress is said again after this time of silence (promised: at least every 2 seconds)."""

Send = Callable[[bytes], Awaitable[None]]


class Outbox:
    """Takes frames at once, so that a child never waits for the network, and sends them at the gateway's pace.

    Of progress only the newest counts; everything else is sent in the order it came.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._frames: list[bytes] = []
        self._progress: bytes | None = None
        self._progress_is_new = False
        self._closed = False
        self._changed = asyncio.Event()
        self.broken = asyncio.Event()
        """The gateway does not take frames of this job any more."""
        self.sending: Final = asyncio.create_task(self._work())

    def say_progress(self, payload: bytes) -> None:
        """Say how far the job is, unless something newer comes first."""
        self._progress, self._progress_is_new = payload, True
        self._changed.set()

    def put(self, kind: FrameKind, payload: bytes) -> None:
        """Send one frame after all that were put before."""
        self._frames.append(encode_frame(kind, payload))
        self._changed.set()

    def close(self) -> None:
        """Nothing more will be put; ``sending`` is done when all is sent or cannot be."""
        self._closed = True
        self._changed.set()

    async def stop(self) -> None:
        """Send nothing more, in the middle of a frame if need be."""
        if not self.sending.done():
            self.broken.set()
            self.sending.cancel()
            with suppress(asyncio.CancelledError):
                await self.sending

    async def _work(self) -> None:
        try:
            while (frame := await self._next()) is not None:
                await self._send(frame)
        except LikenessError as error:
            log.warning("a frame was not taken: %s", error.code)
            self.broken.set()

    async def _next(self) -> bytes | None:
        """The frame to send now, or None when the last one is sent."""
        while True:
            if self._progress is not None and self._progress_is_new:
                self._progress_is_new = False
                return encode_frame(FrameKind.PROGRESS, self._progress)
            if self._frames:
                self._progress = None  # what is finished needs no heartbeat
                return self._frames.pop(0)
            if self._closed:
                return None
            self._changed.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                self._progress_is_new = True
