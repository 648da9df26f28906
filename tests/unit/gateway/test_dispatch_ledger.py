"""Of two who write one entry, one wins."""

import asyncio

import pytest

from tests.unit.gateway.on_nats import (
    BUCKET,
    connected,
)
from tests.world import NatsServer

pytestmark = pytest.mark.anyio


async def test_of_many_that_create_one_key_one_wins(nats: NatsServer) -> None:
    async with connected(nats) as bus:
        created = await asyncio.gather(*(bus.create(BUCKET, "key", bytes([i])) for i in range(10)))
        assert sum(created) == 1
        stored = await bus.read(BUCKET, "key")
        assert stored is not None
        assert stored.value == bytes([created.index(True)])


async def test_of_many_that_replace_one_revision_one_wins(nats: NatsServer) -> None:
    async with connected(nats) as bus, connected(nats) as replica:
        await bus.create(BUCKET, "key", b"0")
        stored = await replica.read(BUCKET, "key")
        assert stored is not None
        calls = [each.replace(BUCKET, "key", b"1", stored.revision) for each in (bus, replica) for _ in range(5)]
        assert sum(await asyncio.gather(*calls)) == 1
        assert await bus.read(BUCKET, "nobody") is None
        assert not await bus.replace(BUCKET, "nobody", b"1", 7)
