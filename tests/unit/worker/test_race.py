"""Whichever comes first."""

import asyncio

import pytest

from worker.race import first_of

pytestmark = pytest.mark.anyio


async def test_the_first_ends_the_waiting_and_the_others_are_given_up() -> None:
    never, now = asyncio.Event(), asyncio.Event()
    now.set()
    given_up = asyncio.create_task(never.wait())
    kept = asyncio.create_task(never.wait())
    await first_of(given_up, asyncio.shield(kept), now.wait())
    await asyncio.wait({given_up})
    assert given_up.cancelled()
    assert not kept.done()
    kept.cancel()


async def test_time_may_be_first() -> None:
    never = asyncio.Event()
    await first_of(never.wait(), within_seconds=0)
    assert not never.is_set()
