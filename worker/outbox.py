"""Frames of one job on their way to the gateway: in order, one at a time, each waiting for leave, with a heartbeat."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from schemas.errors import LikenessError
from schemas.frames import FrameKind, decode_chunk, encode_frame

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
        self._frames: list[tuple[FrameKind, bytes]] = []
        self._image: list[bytes] = []
        self._progress: bytes | None = None
        self._progress_is_new = False
        self._closed = False
        self._changed = asyncio.Event()
        self._chunks = 0
        self._result = hashlib.sha256()
        self.images = 0
        """Images that the gateway has taken whole."""
        self.broken = asyncio.Event()
        """The gateway does not take frames of this job any more."""
        self.sending: Final = asyncio.create_task(self._work())

    @property
    def result(self) -> str | None:
        """SHA-256 over the sealed chunks that the gateway has taken, in their order; None when there were none."""
        return self._result.hexdigest() if self._chunks else None

    def say_progress(self, payload: bytes) -> None:
        """Say how far the job is, unless something newer comes first."""
        self._progress, self._progress_is_new = payload, True
        self._changed.set()

    def put(self, kind: FrameKind, payload: bytes) -> None:
        """Send one frame after all that were put before."""
        self._frames.append((kind, payload))
        self._changed.set()

    def put_chunk(self, payload: bytes) -> None:
        """Send one chunk of an image, once the last of that image is here.

        Raises:
            ResultInvalid: it is none.
        """
        last = decode_chunk(payload).last
        self._image.append(payload)
        if last:
            for chunk in self._image:
                self.put(FrameKind.IMAGE, chunk)
            self._image.clear()

    def close(self) -> None:
        """Nothing more will be put; ``sending`` is done when all is sent or cannot be."""
        self._closed = True
        self._changed.set()

    async def stop(self, within_seconds: float = 0) -> None:
        """Send nothing more; the frame that is on its way has that long to be taken."""
        self._frames.clear()
        self._progress = None
        self.close()
        await asyncio.wait({self.sending}, timeout=within_seconds)
        if not self.sending.done():
            self.broken.set()
            self.sending.cancel()
            with suppress(asyncio.CancelledError):
                await self.sending

    async def _work(self) -> None:
        try:
            while (frame := await self._next()) is not None:
                kind, payload = frame
                await self._send(encode_frame(kind, payload))
                self._count(kind, payload)
        except LikenessError as error:
            log.warning("a frame was not taken: %s", error.code)
            self.broken.set()

    def _count(self, kind: FrameKind, payload: bytes) -> None:
        if kind is FrameKind.IMAGE:
            chunk = decode_chunk(payload)
            self._result.update(chunk.sealed)
            self._chunks += 1
            self.images += chunk.last

    async def _next(self) -> tuple[FrameKind, bytes] | None:
        """The frame to send now, or None when the last one is sent."""
        while True:
            if self._progress is not None and self._progress_is_new:
                self._progress_is_new = False
                return FrameKind.PROGRESS, self._progress
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
