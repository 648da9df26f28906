"""A dispatcher on a real nats-server, and somebody else on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import nats as nats_client
from nats.aio.client import Client

from gateway.dispatch import Dispatcher, Place
from gateway.enrolment import enrol as decide
from schemas import signing, subjects
from schemas.worker_key import Enrolled, Enrolment, RosterEntry
from tests.statements import BUNDLE, NOW, SOFTWARE, signing_key
from tests.unit.gateway.doors import Scene
from tests.world import NatsServer

BUCKET = subjects.KV_TOKENS
JOB = "33" * 16
WORKER = signing.thumbprint(signing_key("worker").public_key())
INBOX = subjects.inbox(WORKER)


@dataclass
class Enrolments:
    """Lists whom the real decision allows, at once or when the log lets it."""

    bus: Dispatcher
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    async def enrol(self, sender: str, jws: str) -> tuple[RosterEntry, Enrolled]:
        """See ``gateway.admission.enrol``, without a log."""
        door = Scene().door()
        entry = decide(jws, door.terms, sender=sender, allowed=door.allowed_workers, now=NOW)
        self.waiting += 1
        await self.gate.wait()
        roster = signing.sign(entry, door.key)
        await self.bus.create(subjects.KV_WORKERS, entry.worker, roster.encode())
        return entry, Enrolled(roster=roster, keys=[signing.jwk_of(key) for key in door.public_keys])


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - the connection is kept by a library that tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def dispatching(
    workers: Place, ledger: Place, *, wait: bool = True, is_log_up: bool = True
) -> AsyncIterator[Dispatcher]:
    """A dispatcher that enrols whom the real decision allows."""
    queues = [("company", BUNDLE), ("volunteer", BUNDLE)]
    dispatcher = Dispatcher(workers, ledger, queues=queues, offer_seconds=60)
    enrolments = Enrolments(dispatcher)
    if is_log_up:
        enrolments.gate.set()
    await dispatcher.open(enrolments.enrol)
    try:
        if wait:
            await until(lambda: dispatcher.health().ready)
        yield dispatcher
    finally:
        await dispatcher.close()


@asynccontextmanager
async def connected(server: NatsServer, *, wait: bool = True, is_log_up: bool = True) -> AsyncIterator[Dispatcher]:
    """The same on a server without accounts."""
    place = Place(server.url)
    async with dispatching(place, place, wait=wait, is_log_up=is_log_up) as dispatcher:
        yield dispatcher


@asynccontextmanager
async def peer(server: NatsServer, inbox: str = INBOX) -> AsyncIterator[Client]:
    client = await nats_client.connect(server.url, inbox_prefix=inbox)
    try:
        yield client
    finally:
        await client.close()


def introduction(name: str, **edits: Any) -> bytes:
    fields: dict[str, Any] = {
        "pool": "company",
        "region": "local",
        "operator": "Example Ltd",
        "software": SOFTWARE,
        "bundles": [BUNDLE],
        "endorsement": None,
        "attestation": None,
        "issued_at": NOW,
    }
    return signing.sign(Enrolment(**(fields | edits)), signing_key(name), introduce=True).encode()


async def introduce(client: Client, name: str, payload: bytes | None = None, *, sender: str = WORKER) -> bytes:
    raw = introduction(name) if payload is None else payload
    return (await client.request(subjects.enrol(sender), raw, timeout=5)).data
