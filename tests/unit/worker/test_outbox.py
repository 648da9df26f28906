"""Frames on their way."""

import asyncio

import pytest

from schemas.errors import ResultInvalid, UnknownJob
from schemas.frames import Frame, FrameKind, FrameReader, ImageChunk, decode_chunk, encode_chunk
from schemas.scalars import digest
from schemas.sealing import SEALED_CHUNK_BYTES
from worker import outbox as outbox_module
from worker.outbox import Outbox

pytestmark = pytest.mark.anyio


class Line:
    """A gateway that takes a frame only when it is told to."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.leave = asyncio.Semaphore(0)
        self.offered = 0
        self.taken = asyncio.Event()
        self.changed = asyncio.Condition()

    async def send(self, raw: bytes) -> None:
        """Take one frame once there is leave."""
        self.taken.set()
        async with self.changed:
            self.offered += 1
            self.changed.notify_all()
        await self.leave.acquire()
        self.frames += FrameReader().feed(raw)

    async def was_offered(self, count: int) -> None:
        """Return when so many frames were offered, taken or not."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.offered >= count)

    def let(self, count: int) -> None:
        """Give leave for ``count`` frames."""
        for _ in range(count):
            self.leave.release()


async def test_of_progress_only_the_newest_counts_and_the_rest_keeps_its_order() -> None:
    line = Line()
    outbox = Outbox(line.send)
    outbox.say_progress(b"1")
    await line.taken.wait()
    for payload in (b"2", b"3"):
        outbox.say_progress(payload)
    outbox.put(FrameKind.PROBLEM, b"a")
    outbox.put(FrameKind.PROBLEM, b"b")
    outbox.put(FrameKind.RECEIPT, b"r")
    outbox.close()
    line.let(10)
    await outbox.sending
    assert [frame.payload for frame in line.frames] == [b"1", b"3", b"a", b"b", b"r"]
    assert not outbox.broken.is_set()


async def test_silence_repeats_the_last_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "HEARTBEAT_SECONDS", 0.01)
    line = Line()
    line.let(1000)
    outbox = Outbox(line.send)
    outbox.say_progress(b"1")
    async with asyncio.timeout(5):
        while len(line.frames) < 3:
            line.taken.clear()
            await line.taken.wait()
    assert {frame.payload for frame in line.frames} == {b"1"}
    await outbox.stop()


async def test_there_is_no_heartbeat_before_anything_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "HEARTBEAT_SECONDS", 0.001)
    line = Line()
    outbox = Outbox(line.send)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.taken.wait()
    outbox.close()
    await outbox.sending


async def test_a_gateway_that_takes_no_more_is_noticed() -> None:
    async def refuse(_raw: bytes) -> None:
        raise UnknownJob

    outbox = Outbox(refuse)
    outbox.put(FrameKind.RECEIPT, b"r")
    await outbox.broken.wait()
    await outbox.sending


async def test_sending_can_be_stopped_in_the_middle() -> None:
    line = Line()
    outbox = Outbox(line.send)
    outbox.put(FrameKind.RECEIPT, b"r")
    await line.taken.wait()
    await outbox.stop()
    assert outbox.broken.is_set()
    assert line.frames == []


def chunk(image: int, number: int, *, last: bool) -> bytes:
    return encode_chunk(
        ImageChunk(image=image, chunk=number, last=last, sealed=bytes([image, number]) * (SEALED_CHUNK_BYTES // 2))
    )


async def test_images_are_sent_whole_and_counted_as_they_are_taken() -> None:
    line = Line()
    outbox = Outbox(line.send)
    parts = [chunk(0, 0, last=False), chunk(0, 1, last=True), chunk(1, 0, last=False)]
    outbox.put_chunk(parts[0])
    assert (outbox.images, outbox.result) == (0, None)
    for part in parts[1:]:
        outbox.put_chunk(part)
    outbox.close()
    line.let(10)
    await outbox.sending
    assert [frame.payload for frame in line.frames] == parts[:2]
    assert outbox.images == 1
    assert outbox.result == digest(b"".join(decode_chunk(part).sealed for part in parts[:2]))


async def test_what_is_stopped_counts_what_was_taken_and_no_more() -> None:
    line = Line()
    outbox = Outbox(line.send)
    parts = [chunk(image, 0, last=True) for image in range(4)]
    for part in parts:
        outbox.put_chunk(part)
    line.let(1)
    await line.was_offered(2)
    stopping = asyncio.create_task(outbox.stop(within_seconds=20))
    line.let(10)
    await stopping
    # The second was on its way, the others were not.
    assert [frame.payload for frame in line.frames] == parts[:2]
    assert (outbox.images, outbox.broken.is_set()) == (2, False)
    assert outbox.result == digest(b"".join(decode_chunk(part).sealed for part in parts[:2]))


async def test_what_is_no_chunk_is_not_sent() -> None:
    outbox = Outbox(Line().send)
    with pytest.raises(ResultInvalid):
        outbox.put_chunk(b"no chunk")
    await outbox.stop()
