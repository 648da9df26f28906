"""What the bus promises, kept by a real nats-server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import nats as nats_client
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api

from gateway import dispatch as dispatch_module
from gateway.dispatch import Dispatcher
from gateway.dispatch_setup import compare, ensure_bucket, ensure_offers, require_version
from gateway.enrolment import enrol
from gateway.nats_version import is_patched, read_version
from schemas import canonical, signing, subjects
from schemas.errors import BusUnavailable, BusUnsuitable, LikenessError, NotEnrolled, WorkerLost
from schemas.job import Problem
from schemas.worker_key import Enrolled, Enrolment, RosterEntry
from tests.statements import BUNDLE, NOW, SOFTWARE, World, signing_key
from tests.unit.gateway.doors import Scene
from tests.world import NatsServer

pytestmark = pytest.mark.anyio
BUCKET = subjects.KV_TOKENS
JOB = "33" * 16


def enrol_here(jws: str) -> tuple[RosterEntry, Enrolled]:
    door = Scene().door()
    return enrol(jws, door.terms, allowed=door.allowed_workers, key=door.key, now=NOW)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - the connection is kept by a library that tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(server: NatsServer, *, wait: bool = True) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(server.url, None, [("company", BUNDLE)], 60)
    await dispatcher.start(enrol_here)
    try:
        if wait:
            await until(lambda: dispatcher.health().ready)
        yield dispatcher
    finally:
        await dispatcher.stop()


@asynccontextmanager
async def peer(server: NatsServer) -> AsyncIterator[Client]:
    client = await nats_client.connect(server.url)
    try:
        yield client
    finally:
        await client.close()


async def test_what_is_made_is_in_memory_and_ends(nats: NatsServer) -> None:
    async with connected(nats) as bus, peer(nats) as client:
        assert bus.health().server_version
        stream = client.jetstream()
        offers = (await stream.stream_info(subjects.OFFERS_STREAM)).config
        assert (offers.storage, offers.retention) == (api.StorageType.MEMORY, api.RetentionPolicy.WORK_QUEUE)
        assert offers.max_age == 60
        consumer = await stream.consumer_info(subjects.OFFERS_STREAM, subjects.consumer("company", BUNDLE))
        assert consumer.config.filter_subject == subjects.offer("company", BUNDLE)
        for bucket in (subjects.KV_GRANTS, subjects.KV_TOKENS, subjects.KV_JOBS, subjects.KV_WORKERS):
            config = (await stream.stream_info(f"KV_{bucket}")).config
            assert config.storage == api.StorageType.MEMORY
            assert config.max_age is not None
            assert config.max_age >= 900


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


async def test_an_offer_waits_for_one_worker_and_can_be_withdrawn(nats: NatsServer) -> None:
    world = World()
    async with connected(nats) as bus, peer(nats) as client:
        tickets = [await bus.offer(world.offer(offer_id=f"{i:032x}")) for i in range(3)]
        assert [(await bus.queue(ticket)).ahead for ticket in tickets] == [0, 1, 2]
        repeated = await bus.offer(world.offer(offer_id=f"{2:032x}"))
        assert repeated == tickets[2], "the same offer twice is one offer"
        await bus.withdraw(tickets[1])
        await bus.withdraw(tickets[1])
        name = subjects.consumer("company", BUNDLE)
        queue = await client.jetstream().pull_subscribe_bind(name, stream=subjects.OFFERS_STREAM)
        fetched = await queue.fetch(3, timeout=1)
        assert [message.data for message in fetched] == [
            canonical.encode(world.offer(offer_id=f"{i:032x}")) for i in (0, 2)
        ]
        for message in fetched:
            await message.ack_sync()
        left = await client.jetstream().stream_info(subjects.OFFERS_STREAM)
        assert left.state.messages == 0


async def test_what_is_heard_is_answered_one_by_one(nats: NatsServer) -> None:
    async with connected(nats) as bus, peer(nats) as client:
        async with bus.listen(subjects.event(JOB)) as ear:
            assert await ear.receive(0.01) is None
            asked = [asyncio.create_task(client.request(subjects.event(JOB), bytes([i]), timeout=5)) for i in range(20)]
            for _ in asked:
                message = await ear.receive(5)
                assert message is not None
                await message.answer(message.payload * 2)
            assert [(await answer).data for answer in asked] == [bytes([i, i]) for i in range(20)]
        assert await nobody_listens(client, subjects.event(JOB))


async def test_a_browser_that_goes_away_at_any_moment_takes_nobody_else_along(nats: NatsServer) -> None:
    async def listen_for_ever(bus: Dispatcher) -> None:
        async with bus.listen(subjects.event(JOB)):
            await asyncio.Event().wait()

    async with connected(nats) as bus:
        for turns in range(60):
            visit = asyncio.create_task(listen_for_ever(bus))
            for _ in range(turns % 20):
                await asyncio.sleep(0)
            visit.cancel()
            await asyncio.wait({visit})
        assert bus.health().ready
        assert await bus.create(subjects.KV_GRANTS, "after", b"1")
        assert bus.health().ready


async def nobody_listens(client: Client, subject: str) -> bool:
    """Whether the server comes to say so. It may hear of the end of a subscription after our next request."""
    for _ in range(20):
        try:
            await client.request(subject, b"", timeout=0.5)
        except nats_client.errors.NoRespondersError:
            return True
        except nats_client.errors.TimeoutError:
            continue
    return False


async def test_a_sealed_request_goes_to_one_worker_and_is_stored_nowhere(nats: NatsServer) -> None:
    async def respond(message: Msg) -> None:
        await message.respond(message.data[:3])

    async with connected(nats) as bus, peer(nats) as client:
        assert await bus.hand_over(subjects.seal("worker", JOB), b"sealed", 5) is None
        await client.subscribe(subjects.seal("worker", JOB), cb=respond)
        await client.flush()
        assert await bus.hand_over(subjects.seal("worker", JOB), b"sealed", 5) == b"sea"
        for name in await stream_names(client):
            info = await client.jetstream().stream_info(name)
            assert info.state.messages == 0


async def stream_names(client: Client) -> list[str]:
    return [str(info.config.name) for info in await client.jetstream().streams_info()]


async def test_a_worker_that_does_not_answer_is_lost(nats: NatsServer) -> None:
    async def ignore(_message: Msg) -> None: ...

    async with connected(nats) as bus, peer(nats) as client:
        await client.subscribe(subjects.seal("worker", JOB), cb=ignore)
        await client.flush()
        with pytest.raises(WorkerLost):
            await bus.hand_over(subjects.seal("worker", JOB), b"sealed", 0.05)


async def test_a_cancellation_arrives(nats: NatsServer) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def hear(message: Msg) -> None:
        heard.put_nowait(message.data)

    async with connected(nats) as bus, peer(nats) as client:
        await client.subscribe(subjects.cancel(JOB), cb=hear)
        await client.flush()
        await bus.cancel(JOB)
        assert await asyncio.wait_for(heard.get(), 5) == b""


def introduction(name: str, **edits: Any) -> bytes:
    fields: dict[str, Any] = {
        "pool": "company",
        "region": "local",
        "operator": "Example Ltd",
        "software": SOFTWARE,
        "bundles": [BUNDLE],
        "issued_at": NOW,
    }
    return signing.sign(Enrolment(**(fields | edits)), signing_key(name), introduce=True).encode()


async def test_an_allowed_worker_is_listed_and_a_stranger_is_not(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_module, "ROSTER_CACHE_SECONDS", 0)
    async with connected(nats) as bus, connected(nats) as replica, peer(nats) as client:
        assert await bus.workers("company", BUNDLE) == 0
        refused = (await client.request(subjects.ENROL, introduction("stranger"), timeout=5)).data
        assert canonical.decode(Problem, refused).code == NotEnrolled.code
        nonsense = (await client.request(subjects.ENROL, b"\xff\xfe", timeout=5)).data
        assert canonical.decode(Problem, nonsense).code == "bad-header"
        answer = (await client.request(subjects.ENROL, introduction("worker"), timeout=5)).data
        listed = canonical.decode(Enrolled, answer)
        assert signing.key_of(listed.key) == World().gateway.public_key()
        for each in (bus, replica):
            assert await each.workers("company", BUNDLE) == await each.workers("company", None) == 1
            assert await each.workers("company", "0" * 64) == await each.workers("attested", None) == 0


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
            bus.cancel(JOB),
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
        async with bus.listen(subjects.event(JOB)) as ear:
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
            answer = (await client.request(subjects.ENROL, introduction("worker"), timeout=5)).data
            assert canonical.decode(Enrolled, answer).roster


async def test_a_stream_that_keeps_offers_otherwise_is_refused(nats: NatsServer) -> None:
    async with peer(nats) as client:
        stream = client.jetstream()
        await stream.add_stream(name=subjects.OFFERS_STREAM, subjects=[subjects.OFFERS_FILTER], storage="memory")
        async with connected(nats, wait=False) as bus:
            await until(lambda: bus.health().problem == BusUnsuitable.code)
            with pytest.raises(BusUnsuitable):
                await bus.read(BUCKET, "key")
            await stream.delete_stream(subjects.OFFERS_STREAM)
            await until(lambda: bus.health().ready)


async def test_a_bucket_that_never_forgets_is_refused(nats: NatsServer) -> None:
    async with peer(nats) as client:
        stream = client.jetstream()
        await stream.create_key_value(api.KeyValueConfig(bucket=BUCKET, storage=api.StorageType.MEMORY))
        with pytest.raises(BusUnsuitable, match="max_age"):
            await ensure_bucket(stream, BUCKET, 60)
        await ensure_offers(stream, [("company", BUNDLE)], 60)
        await ensure_offers(stream, [("company", BUNDLE)], 60)


def test_what_was_asked_for_is_compared_with_what_was_made() -> None:
    compare("it", {"a": 1, "b": None}, {"a": 1, "b": 2, "c": 3})
    with pytest.raises(BusUnsuitable, match=r"a, b$"):
        compare("it", {"a": 1, "b": 2}, {"a": 2})


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
