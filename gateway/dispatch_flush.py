"""Waiting until the server has read what was sent to it, without the client's own way of giving up.

nats-py 2.16 ends its reading loop, and with it the whole connection, when the answer to a flush comes after whoever
asked has given up or was cancelled; and a browser that goes away cancels. So the flush itself is never given up. Its
ping also overtakes what still waits to be written; the next one cannot, so there are two.
"""

import asyncio
from typing import Final

import nats.errors
from nats.aio.client import Client

FLUSH_SECONDS: Final = 3600
"""Longer than any connection stays up without answering a ping."""


async def settle(client: Client, within_seconds: float) -> None:
    """Return when the server has read all that ``client`` has sent so far.

    Raises:
        nats.errors.Error: the connection was lost, or there was no answer in time.
    """
    flushing = asyncio.create_task(_flush_twice(client))
    flushing.add_done_callback(_forget)
    done, _ = await asyncio.wait({flushing}, timeout=within_seconds)
    if not done:
        raise nats.errors.FlushTimeoutError
    flushing.result()


async def _flush_twice(client: Client) -> None:
    # When the first ping has come back, all that waited before it has been written: before the second.
    await client.flush(FLUSH_SECONDS)
    await client.flush(FLUSH_SECONDS)


def _forget(flushing: asyncio.Task[None]) -> None:
    # Whoever waited may be gone; then nobody asks how it ended.
    if not flushing.cancelled():
        flushing.exception()
