"""A connection that is lost is lost for everybody at once, and comes back."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from nats.aio.client import Client

from gateway.dispatch_setup import require_version
from gateway.nats_version import is_patched, read_version
from schemas import canonical, subjects
from schemas.errors import BusUnavailable, LikenessError
from schemas.job import Stop
from schemas.worker_key import Enrolled
from tests.statements import World
from tests.unit.gateway.on_nats import (
    BUCKET,
    JOB,
    WORKER,
    connected,
    introduce,
    peer,
    until,
)
from tests.world import NatsServer

pytestmark = pytest.mark.anyio


async def test_without_a_server_the_bus_is_away_until_it_comes(nats: NatsServer) -> None:
    nats.stop()
    async with connected(nats, wait=False) as bus:
        assert (bus.health().ready, bus.health().problem) == (False, "bus-unavailable")
        calls: list[Awaitable[object]] = [
            bus.create(BUCKET, "key", b""),
            bus.read(BUCKET, "key"),
            bus.workers("company", None),
            bus.offer(World().offer()),
            bus.hand_over("subject", b"", 1),
            bus.stop(WORKER, JOB, Stop(reason="cancelled")),
            bus.announce_revoked(JOB),
        ]
        for call in calls:
            with pytest.raises(BusUnavailable):
                await call
        with pytest.raises(BusUnavailable):
            async with bus.listen("subject"):
                pass
        nats.start()
        await until(lambda: bus.health().ready)
        assert await bus.create(BUCKET, "key", b"")


async def test_a_restart_breaks_every_job_off_and_forgets_everything(nats: NatsServer) -> None:
    async with connected(nats) as bus:
        await bus.create(BUCKET, "key", b"0")
        async with bus.listen(subjects.claim("*", JOB), subjects.event("*", JOB)) as ear:
            waiting = asyncio.create_task(ear.receive(20))
            nats.stop(kill=True)
            with pytest.raises(BusUnavailable):
                await waiting
            nats.start()
            await until(lambda: bus.health().ready)
            with pytest.raises(BusUnavailable):
                await ear.receive(0)
        assert await bus.read(BUCKET, "key") is None
        async with peer(nats) as client:
            assert canonical.decode(Enrolled, await introduce(client, "worker")).roster


async def test_an_old_server_is_for_loopback_only(nats: NatsServer) -> None:
    class Elsewhere(Client):
        @property
        def connected_url(self) -> Any:
            class Address:
                hostname = "nats.example"

            return Address()

    client = Elsewhere()
    await client.connect(nats.url)
    try:
        version = read_version(str(client.connected_server_version))
        assert version is not None
        if is_patched(version):
            assert require_version(client)
        else:
            with pytest.raises(LikenessError):
                require_version(client)
    finally:
        await client.close()
