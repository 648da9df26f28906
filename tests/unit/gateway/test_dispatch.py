"""What the bus promises, kept by a real nats-server."""

import asyncio
import re

import nats as nats_client
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api

from gateway.dispatch import Dispatcher
from schemas import canonical, subjects
from schemas.errors import WorkerLost
from schemas.job import Stop
from tests.statements import BUNDLE, World
from tests.unit.gateway.on_nats import (
    INBOX,
    JOB,
    WORKER,
    connected,
    peer,
)
from tests.world import NatsServer

pytestmark = pytest.mark.anyio


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


async def test_the_lots_of_a_job_wait_together_and_those_left_are_withdrawn(nats: NatsServer) -> None:
    world = World()
    lots = {
        job: [world.offer(offer_id=f"{job:032x}", pool="volunteer", lot=lot, lots=3) for lot in (1, 2, 3)]
        for job in range(3)
    }
    async with connected(nats) as bus, peer(nats) as client:
        tickets = {job: [await bus.offer(offer) for offer in offers] for job, offers in lots.items()}
        assert await bus.offer(lots[1][2]) == tickets[1][2], "the same lot twice is one offer"
        assert [(await bus.queue(tickets[job][0])).ahead for job in lots] == [0, 1, 2]
        name = subjects.consumer("volunteer", BUNDLE)
        queue = await client.jetstream().pull_subscribe_bind(name, stream=subjects.OFFERS_STREAM)
        (taken,) = await queue.fetch(1, timeout=1)
        assert taken.data == canonical.encode(lots[0][0])
        await taken.ack_sync()
        assert [(await bus.queue(tickets[job][0])).ahead for job in lots] == [0, 1, 2]
        for ticket in tickets[0]:
            await bus.withdraw(ticket)
        left = await queue.fetch(9, timeout=1)
        assert [message.data for message in left] == [canonical.encode(offer) for job in (1, 2) for offer in lots[job]]


async def test_what_is_heard_is_answered_one_by_one(nats: NatsServer) -> None:
    async with connected(nats) as bus, peer(nats) as client:
        said = subjects.event(WORKER, JOB)
        async with bus.listen(subjects.event("*", JOB)) as ear:
            assert await ear.receive(0.01) is None
            asked = [asyncio.create_task(client.request(said, bytes([i]), timeout=5)) for i in range(20)]
            for _ in asked:
                message = await ear.receive(5)
                assert message is not None
                assert (message.subject, message.sender) == (said, WORKER)
                await message.answer(message.payload * 2)
            assert [(await answer).data for answer in asked] == [bytes([i, i]) for i in range(20)]
        assert await nobody_listens(client, said)


async def test_several_subjects_are_heard_as_one(nats: NatsServer) -> None:
    async with connected(nats) as bus, connected(nats) as replica, peer(nats) as client:
        heard = (subjects.claim("*", JOB), subjects.event("*", JOB), subjects.revoked(JOB))
        async with bus.listen(*heard) as ear:
            for worker in ("w" * 43, "v" * 43):
                own = f"{subjects.inbox(worker)}.1"
                await client.publish(subjects.claim(worker, JOB), b"claim", reply=own)
                await client.publish(subjects.event(worker, JOB), b"event", reply=own)
            await client.publish(subjects.claim(WORKER, "44" * 16), b"of another job", reply=f"{INBOX}.1")
            await client.flush()
            await replica.announce_revoked(JOB)
            said = [await ear.receive(5) for _ in range(5)]
            assert await ear.receive(0.05) is None
        assert {(m.subject, m.payload) for m in said if m is not None} == {
            *((subjects.claim(worker, JOB), b"claim") for worker in ("w" * 43, "v" * 43)),
            *((subjects.event(worker, JOB), b"event") for worker in ("w" * 43, "v" * 43)),
            (subjects.revoked(JOB), b""),
        }
        for subject in (subjects.claim(WORKER, JOB), subjects.event(WORKER, JOB)):
            assert await nobody_listens(client, subject)


async def test_what_asks_for_its_answer_elsewhere_is_neither_heard_nor_answered(nats: NatsServer) -> None:
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    other, inbox = "w" * 43, f"{INBOX}.1"
    elsewhere = ("", subjects.stop(other, JOB), f"{subjects.inbox(other)}.1", "_INBOX.1", INBOX)
    async with connected(nats) as bus, peer(nats) as client:
        for subject in (*filter(None, elsewhere), inbox):
            await client.subscribe(subject, cb=heard.put)
        async with bus.listen(subjects.event("*", JOB), subjects.claim("*", JOB)) as ear:
            for reply in (*elsewhere, inbox):
                for subject in (subjects.event(WORKER, JOB), subjects.claim(WORKER, JOB), subjects.enrol(WORKER)):
                    await client.publish(subject, b"frame", reply=reply)
            await client.flush()
            for _ in range(2):
                message = await ear.receive(5)
                assert message is not None
                await message.answer(b"yes")
            assert await ear.receive(0.05) is None
        answers = [await asyncio.wait_for(heard.get(), 5) for _ in range(3)]
        assert {message.subject for message in answers} == {inbox}
        assert heard.empty()


async def test_a_browser_that_goes_away_at_any_moment_takes_nobody_else_along(nats: NatsServer) -> None:
    async def listen_for_ever(bus: Dispatcher) -> None:
        async with bus.listen(subjects.claim("*", JOB), subjects.event("*", JOB)):
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
        await client.publish(subjects.handed(message.reply), message.data[:3])

    async with connected(nats) as bus, peer(nats) as client:
        assert await bus.hand_over(subjects.seal(WORKER, JOB), b"sealed", 5) is None
        await client.subscribe(subjects.seal(WORKER, JOB), cb=respond)
        await client.flush()
        assert await bus.hand_over(subjects.seal(WORKER, JOB), b"sealed", 5) == b"sea"
        for name in await stream_names(client):
            info = await client.jetstream().stream_info(name)
            assert info.state.messages == 0


async def test_a_worker_cannot_say_that_nobody_was_there(nats: NatsServer) -> None:
    replies: list[str] = []

    async def pretend(message: Msg) -> None:
        replies.append(message.reply)
        await client.publish(subjects.handed(message.reply), b"", headers={api.Header.STATUS: "503"})

    async with connected(nats) as bus, peer(nats) as client:
        await client.subscribe(subjects.seal(WORKER, JOB), cb=pretend)
        await client.flush()
        for _ in range(2):
            assert await bus.hand_over(subjects.seal(WORKER, JOB), b"sealed", 5) == b""
    assert len(set(replies)) == 2
    for reply in replies:
        assert re.fullmatch(rf"likeness\.handing\.{WORKER}\.[0-9a-f]{{32}}", reply)


async def stream_names(client: Client) -> list[str]:
    return [str(info.config.name) for info in await client.jetstream().streams_info()]


async def test_a_worker_that_does_not_answer_is_lost(nats: NatsServer) -> None:
    async def ignore(_message: Msg) -> None: ...

    async with connected(nats) as bus, peer(nats) as client:
        await client.subscribe(subjects.seal("worker", JOB), cb=ignore)
        await client.flush()
        with pytest.raises(WorkerLost):
            await bus.hand_over(subjects.seal("worker", JOB), b"sealed", 0.05)


async def test_a_stop_says_why_to_its_worker_alone(nats: NatsServer) -> None:
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    async with connected(nats) as bus, peer(nats) as client:
        for worker in (WORKER, "w" * 43):
            await client.subscribe(subjects.stop(worker, "*"), cb=heard.put)
        await client.flush()
        await bus.stop(WORKER, JOB, Stop(reason="revoked"))
        message = await asyncio.wait_for(heard.get(), 5)
        assert message.subject == subjects.stop(WORKER, JOB)
        assert canonical.decode(Stop, message.data) == Stop(reason="revoked")
        await client.flush()
        assert heard.empty()
