"""One frame at a time: the worker waits for the browser, and the work is told when the browser is gone."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.pipe import Pipe

pytestmark = pytest.mark.anyio
Emit = Callable[[bytes], Awaitable[None]]


async def test_frames_come_in_order_and_then_no_more() -> None:
    async def work(emit: Emit) -> None:
        for frame in (b"a", b"b", b"c"):
            await emit(frame)

    assert [frame async for frame in Pipe(work, 5).frames()] == [b"a", b"b", b"c"]


async def test_the_next_frame_waits_until_the_last_was_taken() -> None:
    taken: list[bytes] = []

    async def work(emit: Emit) -> None:
        await emit(b"a")
        taken.append(b"a")
        await emit(b"b")

    frames = Pipe(work, 5).frames()
    assert await anext(frames) == b"a"
    for _ in range(10):
        await asyncio.sleep(0)
    assert taken == []
    assert await anext(frames) == b"b"
    assert taken == [b"a"]
    assert [frame async for frame in frames] == []


async def test_the_work_cleans_up_when_the_browser_goes() -> None:
    cleaned = asyncio.Event()

    async def work(emit: Emit) -> None:
        try:
            await emit(b"a")
            await emit(b"b")
        finally:
            await asyncio.sleep(0)  # cleaning up may wait, too
            cleaned.set()

    pipe = Pipe(work, 5)
    frames = pipe.frames()
    assert await anext(frames) == b"a"
    await pipe.stop()
    assert cleaned.is_set()


async def test_a_stream_that_is_only_dropped_ends_the_work_too() -> None:
    cleaned = asyncio.Event()

    async def work(emit: Emit) -> None:
        try:
            await emit(b"a")
            await emit(b"b")
        finally:
            cleaned.set()

    frames = Pipe(work, 5).frames()
    assert await anext(frames) == b"a"
    del frames
    await asyncio.wait_for(cleaned.wait(), 5)


async def test_a_browser_that_takes_nothing_any_more_is_gone() -> None:
    cleaned = asyncio.Event()

    async def work(emit: Emit) -> None:
        try:
            await emit(b"a")
        finally:
            cleaned.set()

    frames = Pipe(work, 0.01).frames()
    assert await anext(frames) == b"a"
    await asyncio.wait_for(cleaned.wait(), 5)
    assert [frame async for frame in frames] == []


async def test_a_cancellation_that_a_library_swallows_still_ends_the_work() -> None:
    emitted: list[bytes] = []

    async def work(emit: Emit) -> None:
        await emit(b"a")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            emitted.append(b"swallowed")
        await emit(b"b")
        emitted.append(b"b")

    pipe = Pipe(work, 60)
    frames = pipe.frames()
    assert await anext(frames) == b"a"
    waiting: asyncio.Future[bytes] = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait_for(pipe.stop(), 5)
    assert emitted == [b"swallowed"]


async def test_a_defect_ends_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    async def work(emit: Emit) -> None:
        await emit(b"a")
        raise ZeroDivisionError

    assert [frame async for frame in Pipe(work, 5).frames()] == [b"a"]
    assert "defect" in caplog.text


@pytest.mark.parametrize("stall_seconds", [0.01, 5])
async def test_cleaning_up_is_not_cut_off_by_saying_again_that_the_browser_is_gone(stall_seconds: float) -> None:
    cleaning, may_finish, cleaned = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(emit: Emit) -> None:
        try:
            await emit(b"a")
        finally:
            cleaning.set()
            await may_finish.wait()
            cleaned.set()

    pipe = Pipe(work, stall_seconds)
    frames = pipe.frames()
    assert await anext(frames) == b"a"
    stopping = [asyncio.create_task(pipe.stop())] if stall_seconds > 1 else []
    await cleaning.wait()
    stopping += [asyncio.create_task(pipe.stop()) for _ in range(2)]
    await asyncio.sleep(0)
    may_finish.set()
    await asyncio.gather(*stopping)
    assert cleaned.is_set()
