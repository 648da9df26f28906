"""Enrolments come in, wait for the log side by side, and are answered to whom they are from."""

import asyncio

import nats as nats_client
import pytest

from gateway import dispatch as dispatch_module
from gateway import dispatch_desk
from gateway.dispatch import Dispatcher, Place
from schemas import canonical, signing, subjects
from schemas.errors import NotEnrolled
from schemas.job import Problem
from schemas.worker_key import Enrolled, RosterEntry
from tests.statements import BUNDLE, World
from tests.unit.gateway.on_nats import (
    INBOX,
    WORKER,
    connected,
    introduce,
    peer,
    until,
)
from tests.world import NatsServer

pytestmark = pytest.mark.anyio


async def test_an_allowed_worker_is_listed_and_a_stranger_is_not(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_module, "ROSTER_CACHE_SECONDS", 0)
    async with connected(nats) as bus, connected(nats) as replica, peer(nats) as client:
        assert await bus.workers("company", BUNDLE) == 0
        for refused in (await introduce(client, "stranger"), await introduce(client, "worker 2")):
            assert canonical.decode(Problem, refused).code == NotEnrolled.code
        assert canonical.decode(Problem, await introduce(client, "", b"\xff\xfe")).code == "bad-header"
        assert canonical.decode(Problem, await introduce(client, "", b"a.b.c")).code == "bad-header"
        assert await bus.workers("company", None) == 0
        enrolled = canonical.decode(Enrolled, await introduce(client, "worker"))
        assert [signing.key_of(key) for key in enrolled.keys] == [World().gateway.public_key()]
        for each in (bus, replica):
            assert await each.workers("company", BUNDLE) == await each.workers("company", None) == 1
            assert await each.workers("company", "0" * 64) == await each.workers("attested", None) == 0


async def test_a_list_that_was_read_is_read_again_once_a_worker_came(nats: NatsServer) -> None:
    async with connected(nats) as bus, peer(nats) as client:
        assert await bus.workers("company", None) == 0
        await introduce(client, "worker")
        assert await bus.workers("company", None) == 1


async def test_who_waits_for_the_log_holds_up_nobody(nats: NatsServer, caplog: pytest.LogCaptureFixture) -> None:
    async with peer(nats) as client:
        async with connected(nats, is_log_up=False):
            slow = asyncio.create_task(introduce(client, "worker"))
            for _ in range(20):
                assert canonical.decode(Problem, await introduce(client, "stranger")).code == NotEnrolled.code
            assert not slow.done()
        with pytest.raises(nats_client.errors.TimeoutError):
            await slow
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_defect_in_one_enrolment_is_logged_and_ends_there(
    nats: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_sender: str, jws: str) -> tuple[RosterEntry, Enrolled]:
        raise ZeroDivisionError(jws)

    dispatcher = Dispatcher(Place(nats.url), Place(nats.url), queues=[], offer_seconds=60)
    await dispatcher.open(fail)
    try:
        await until(lambda: dispatcher.health().ready)
        async with peer(nats) as client:
            for _ in range(dispatch_desk.AT_ONCE + 1):
                await client.publish(subjects.enrol(WORKER), b"secret", reply=f"{INBOX}.1")
            await client.flush()
            await until(lambda: sum("ZeroDivisionError" in r.message for r in caplog.records) > dispatch_desk.AT_ONCE)
    finally:
        await dispatcher.close()
    assert "secret" not in caplog.text
