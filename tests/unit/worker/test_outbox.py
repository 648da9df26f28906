"""Frames on their way."""

import asyncio

import pytest

from schemas.errors import UnknownJob
from schemas.frames import Frame, FrameKind, FrameReader
from worker import outbox as outbox_module
from worker.outbox import Outbox

pytestmark = pytest.mark.anyio


class Line:
    """A gateway that takes a frame only when it is told to."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.leave = asyncio.Semaphore(0)
        self.taken = asyncio.Event()

    async def send(self, raw: bytes) -> None:
        """Take one frame once there is leave."""
        self.taken.set()
        await self.leave.acquire()
        self.frames += FrameReader().feed(raw)

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
    outbox.put(FrameKind.IMAGE, b"a")
    outbox.put(FrameKind.IMAGE, b"b")
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
