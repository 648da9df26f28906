"""Rights on NATS, tried out: every subject that somebody may not touch is tried, on real servers with the very files.

Three adversaries, each with good credentials: a worker, a company's server, and the operator who watches the servers.
What is refused must be refused by name; and with the same rights a job's whole traffic runs through.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway import nats_users
from gateway.dispatch import Dispatcher, Place
from gateway.nats_child import write_config
from schemas import canonical, subjects
from schemas.job import Stop
from schemas.worker_key import Enrolled
from tests.statements import World
from tests.system.leaf_wire import leaf_wire
from tests.system.nats_attempts import (
    CONSUMER,
    JOB,
    MARK,
    NAMES,
    NONCE,
    QUEUES,
    STREAM,
    TOKENS,
    WIDE,
    WORKER_1,
    WORKER_2,
    User,
    attempts,
    not_refused,
    of_worker,
    try_everything,
    user,
)
from tests.system.nats_servers import (
    ANYWHERE,
    DEPLOY,
    PASSWORD,
    Running,
    nats_server,
    write_certificate,
    write_deployed,
)
from tests.unit.gateway.on_nats import dispatching, introduce

pytestmark = [pytest.mark.anyio, pytest.mark.system]


# --- systems ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bus:
    """Servers, and how everybody calls them."""

    gateway: str
    ledger: str
    operator: str
    workers: dict[str, str]
    """By thumbprint; each at the server where it is at home."""
    leaves_at: tuple[str, int] = ("", 0)
    trust: Any = None
    hub: Running | None = None

    def dispatching(self) -> Any:
        """A gateway's side of it."""
        return dispatching(Place(self.gateway), Place(self.ledger))


@asynccontextmanager
async def of_up(folder: Path, _environ: pytest.MonkeyPatch) -> AsyncIterator[Bus]:
    """The server of `likeness up`, with two workers."""
    files = write_config(folder, dict.fromkeys((WORKER_1, WORKER_2), QUEUES))
    async with nats_server(folder) as server:
        at = await server.clients_at()
        workers = {worker: files.worker_url(at, worker) for worker in (WORKER_1, WORKER_2)}
        yield Bus(files.gateway_url(at), files.ledger_url(at), files.operator_url(at), workers)


@asynccontextmanager
async def deployed(folder: Path, environ: pytest.MonkeyPatch) -> AsyncIterator[Bus]:
    """The servers of gateway/deploy/: worker 1 at the hub, worker 2 at its company's own."""
    hub, leaf = folder / "hub", folder / "leaf"
    hub.mkdir()
    leaf.mkdir()
    trust = write_certificate(hub)
    for file in ("server.pem", "server.key", "hub-ca.pem"):
        (leaf / file).write_bytes((hub / file).read_bytes())
    environ.setenv("SSL_CERT_FILE", str(hub / "server.pem"))
    users = ("GATEWAY", "LEDGER", "OPERATOR", "WORKER_1", "COMPANY_LEAF")
    secret = {f"{name}_PASSWORD": f'"{PASSWORD}"' for name in users}
    names = {"WORKER_1": WORKER_1, "WORKER_2": WORKER_2}
    write_deployed(hub, "hub.conf", names, HUB_LISTEN=ANYWHERE, HUB_LEAF_LISTEN=ANYWHERE, **secret)
    async with AsyncExitStack() as stack:
        at_hub = await stack.enter_async_context(nats_server(hub, "hub.conf"))
        leaves_at = await at_hub.leaves_at()
        url = f'"tls://company-leaf:{PASSWORD}@{leaves_at[0]}:{leaves_at[1]}"'
        write_deployed(leaf, "leaf.conf", names, LEAF_LISTEN=ANYWHERE, HUB_URL=url, WORKER_2_PASSWORD=f'"{PASSWORD}"')
        at_leaf = await stack.enter_async_context(nats_server(leaf, "leaf.conf"))
        client, own = await at_hub.clients_at(), await at_leaf.clients_at()
        workers = {
            WORKER_1: f"tls://{WORKER_1}:{PASSWORD}@{client}",
            WORKER_2: f"tls://{WORKER_2}:{PASSWORD}@{own}",
        }
        gateway, ledger, operator = (f"tls://{name}:{PASSWORD}@{client}" for name in ("gateway", "ledger", "operator"))
        yield Bus(gateway, ledger, operator, workers, leaves_at, trust, at_hub)


BOTH = pytest.mark.parametrize("made", [of_up, deployed])


# --- the tests --------------------------------------------------------------------------------------------------------


@BOTH
async def test_a_job_runs_through_for_every_worker(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with made(tmp_path, monkeypatch) as bus, bus.dispatching() as gateway:
        for number, (worker, url) in enumerate(bus.workers.items()):
            async with user(url, subjects.inbox(worker)) as connected:
                await run_through(gateway, connected.client, worker, f"{number:032x}")
                assert connected.errors == []


async def run_through(gateway: Dispatcher, client: Client, worker: str, job: str) -> None:
    """All that passes between a gateway and a worker for one job, in its order."""
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await until_enrolled(client, worker)
    offer = World().offer(offer_id=job)
    async with gateway.listen(subjects.claim("*", job), subjects.event("*", job), subjects.revoked(NONCE)) as ear:
        ticket = await gateway.offer(offer)
        assert (await gateway.queue(ticket)).ahead == 0
        queue = await client.jetstream().pull_subscribe_bind(CONSUMER, stream=STREAM)
        (pulled,) = await queue.fetch(1, timeout=5)
        assert pulled.data == canonical.encode(offer)
        await pulled.ack_sync(timeout=5)
        for subject in (subjects.seal(worker, job), subjects.stop(worker, job)):
            await client.subscribe(subject, cb=heard.put)
        await client.flush()
        for subject in (subjects.claim(worker, job), subjects.event(worker, job)):
            asked = asyncio.create_task(client.request(subject, b"said", timeout=5))
            message = await ear.receive(5)
            assert message is not None
            assert (message.subject, message.sender, message.payload) == (subject, worker, b"said")
            await message.answer(b"yes")
            assert (await asked).data == b"yes"
        handing = asyncio.create_task(gateway.hand_over(subjects.seal(worker, job), b"sealed", 5))
        sealed = await asyncio.wait_for(heard.get(), 5)
        await client.publish(subjects.handed(sealed.reply), b"taken")
        assert await handing == b"taken"
        await gateway.stop(worker, job, Stop(reason="revoked"))
        assert (await asyncio.wait_for(heard.get(), 5)).subject == subjects.stop(worker, job)
        await gateway.announce_revoked(NONCE)
        announced = await ear.receive(5)
        assert announced is not None
        assert announced.subject == subjects.revoked(NONCE)


async def until_enrolled(client: Client, worker: str) -> None:
    """Enrol; a leaf's server and the hub may need a moment to find each other."""
    answer = b""
    async with asyncio.timeout(20):
        while not answer:
            with suppress(nats.errors.NoRespondersError):
                answer = await introduce(client, NAMES[worker], sender=worker)
    assert canonical.decode(Enrolled, answer).roster


@BOTH
async def test_a_worker_touches_nothing_but_its_own(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with made(tmp_path, monkeypatch) as bus, bus.dispatching(), user(bus.gateway) as spy:
        await spy.subscribe(">")
        await spy.flush()
        for worker, url in bus.workers.items():
            is_behind_leaf = made is deployed and worker == WORKER_2
            pull = nats_users.COMPANY_PULL if is_behind_leaf else nats_users.PULL
            tried = attempts(nats_users.of_worker(worker, QUEUES, pull=pull))
            # There the one subject has two names.
            tried = [each for each in tried if not (is_behind_leaf and each[1] == f"{nats_users.PULL}.{CONSUMER}")]
            assert len(tried) > 200
            async with user(url) as adversary:
                await try_everything(adversary, tried)
                assert not_refused(tried, adversary.errors) == []
                await say_everything(spy, worker)
                await adversary.flush()
                assert adversary.heard == []
        assert [message.subject for message in spy.heard if message.data == MARK] == []


async def say_everything(spy: User, worker: str) -> None:
    """As the gateway: say something on every subject that ``worker`` must not hear."""
    other = WORKER_1 if worker == WORKER_2 else WORKER_2
    for subject in (*of_worker(other), subjects.claim(worker, JOB), subjects.event(worker, JOB), subjects.revoked(JOB)):
        await spy.publish(subject, b"for others")
    await spy.flush()


async def test_a_company_s_server_touches_nothing_but_its_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = nats_users.of_company({WORKER_2: QUEUES})
    tried = attempts(rights)
    async with deployed(tmp_path, monkeypatch) as bus, bus.dispatching(), user(bus.gateway) as spy:
        await spy.subscribe(">")
        await spy.flush()
        for verb, subject in tried:
            # The hub ends a connection that asks for what it may not hear.
            async with leaf_wire(bus.leaves_at, bus.trust, "company-leaf", PASSWORD) as adversary:
                with suppress(ConnectionError):
                    await try_everything(adversary, [(verb, subject)])
        async with leaf_wire(bus.leaves_at, bus.trust, "company-leaf", PASSWORD) as adversary:
            # Wide ones it may have, for no more comes of them than of its own.
            for subject in WIDE:
                await adversary.subscribe(subject)
            await adversary.flush()
            await say_everything(spy, WORKER_2)
            await spy.publish(subjects.seal(WORKER_2, JOB), b"its own")
            await spy.flush()
            await adversary.publish(subjects.event(WORKER_2, JOB), b"its own, too")
            await adversary.flush()
            assert not [line for line in adversary.said if "for others" in line]
            assert [line for line in adversary.said if line == "its own"]
        assert bus.hub is not None
        # 2.9.10 leaves it to the other server not to publish what it may not, and so the hub says nothing of that; what
        # holds is that nothing of LIKENESS exists in the company's account but what is imported into it.
        asked = [(verb, subject) for verb, subject in tried if verb == "subscription" and subject not in WIDE]
        assert not_refused(asked, bus.hub.log.splitlines()) == []
        await spy.flush()
        assert [message.subject for message in spy.heard if message.data == MARK] == []
        assert [message.subject for message in spy.heard if message.data == b"its own, too"] == [
            subjects.event(WORKER_2, JOB)
        ]


@BOTH
async def test_an_operator_sees_that_the_servers_are_well_and_no_subject_of_ours(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = attempts(nats_users.of_operator())
    async with made(tmp_path, monkeypatch) as bus, bus.dispatching(), user(bus.gateway) as spy:
        await spy.subscribe(">")
        await spy.flush()
        async with user(bus.operator, nats_users.OPERATOR_INBOX) as operator:
            for subject in nats_users.HEALTH:
                assert b'"server"' in (await operator.client.request(subject, b"", timeout=5)).data
            assert operator.errors == []
            await try_everything(operator, tried)
            assert not_refused(tried, operator.errors) == []
            await say_everything(spy, WORKER_1)
            await operator.flush()
            assert operator.heard == []
        assert [message.subject for message in spy.heard if message.data == MARK] == []


@BOTH
async def test_jetstream_answers_where_a_worker_asks_it_to_and_that_moves_nobody(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, entry = f"offer.{JOB}", b"the entry of a job"
    targets = [
        *of_worker(WORKER_2),
        *(f"$KV.{bucket}.{key}" for bucket in (subjects.KV_JOBS, TOKENS)),
        f"$KV.{subjects.KV_WORKERS}.{WORKER_2}",
    ]
    async with made(tmp_path, monkeypatch) as bus, bus.dispatching() as gateway:
        for bucket in (subjects.KV_JOBS, TOKENS):
            assert await gateway.create(bucket, key, entry)
        await gateway.offer(World().offer(offer_id=JOB))
        async with (
            user(bus.workers[WORKER_1]) as adversary,
            gateway.listen(subjects.claim("*", JOB), subjects.event("*", JOB)) as ear,
        ):
            for target in targets:
                ask, ack = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{CONSUMER}", f"$JS.ACK.{STREAM}.{CONSUMER}.9.9.9.1.0"
                for subject, payload in ((ask, b'{"batch":1,"no_wait":true}'), (ask, b"1"), (ack, b"")):
                    await adversary.client.publish(subject, payload, reply=target)
            await adversary.flush()
            assert adversary.errors == []
            assert await ear.receive(0.2) is None
        for bucket in (subjects.KV_JOBS, TOKENS):
            stored = await gateway.read(bucket, key)
            assert stored is not None
            assert (stored.value, stored.revision) == (entry, 1)
        assert await gateway.workers("company", None) == 0
        assert await gateway.create(subjects.KV_WORKERS, WORKER_2, b"nothing was there")


async def test_credentials_open_one_door_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with deployed(tmp_path, monkeypatch) as bus:
        client = bus.gateway.rpartition("@")[2]
        for name, password in (("company-leaf", PASSWORD), ("gateway", "guess"), ("nobody", PASSWORD)):
            with pytest.raises((nats.errors.Error, OSError)):
                await asyncio.wait_for(enter(f"tls://{name}:{password}@{client}"), 10)
        for name in ("gateway", "ledger", "operator", WORKER_1):
            async with leaf_wire(bus.leaves_at, bus.trust, name, PASSWORD) as wire:
                with pytest.raises(ConnectionError, match=r"Authorization|not allowed|Violation"):
                    await wire.flush()


async def enter(url: str) -> None:
    async with user(url):
        pass


def test_what_is_shown_in_deploy_is_what_is_written_for_up() -> None:
    """The two are written by hand and by a function; their subjects are the same."""
    queues = [("company", "BUNDLE_16")]
    at_hub = [
        nats_users.of_operator(),
        nats_users.of_worker("WORKER_1", queues),
        nats_users.of_company({"WORKER_2": queues}),
    ]
    at_leaf = [nats_users.of_worker("WORKER_2", queues, pull=nats_users.COMPANY_PULL)]
    for config, users in (("hub.conf", at_hub), ("leaf.conf", at_leaf)):
        text = re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / config).read_text("utf-8"))
        shown = re.findall(r"publish: \[(.*?)\].*?subscribe: \[(.*?)\]", text, re.DOTALL)
        assert [tuple(set(re.findall(r'"([^"]+)"', part)) for part in each) for each in shown] == [
            (set(rights.publish), set(rights.subscribe)) for rights in users
        ]
