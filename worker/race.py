"""Waiting for whichever comes first."""

import asyncio
from collections.abc import Awaitable


async def first_of(*awaited: Awaitable[object], within_seconds: float | None = None) -> None:
    """Return when one of ``awaited`` is done or the time is over; the others are given up.

    A task or future that shall live on is handed over in ``asyncio.shield``. The caller looks at the facts themselves
    to see what came, since several may have.
    """
    racing = [asyncio.ensure_future(each) for each in awaited]
    try:
        await asyncio.wait(racing, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in racing:
            each.cancel()
