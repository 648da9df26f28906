"""Workers that serve, each with its gateway on a real nats-server."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.worker.conftest import settings_for
from tests.unit.worker.fake_gateway import FakeGateway, fake_gateway
from tests.unit.worker.person import Person
from tests.world import NatsServer
from worker.models import Bundle
from worker.settings import Settings
from worker.supervisor import supervise

IDENTITY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHERS = tuple(Ed25519PrivateKey.from_private_bytes(bytes([i]) * 32) for i in range(1, 4))


@asynccontextmanager
async def serving(settings: Settings, identity: Ed25519PrivateKey) -> AsyncIterator[asyncio.Task[None]]:
    """A worker that serves, in this process; told to stop afterwards, and its end waited for."""
    stopping = asyncio.Event()
    worker = asyncio.create_task(supervise(settings, identity, stopping))
    try:
        yield worker
    finally:
        stopping.set()
        await worker


@asynccontextmanager
async def working(nats: NatsServer, bundle: Bundle, person: Person, **more: str) -> AsyncIterator[FakeGateway]:
    """A gateway and a worker that has enrolled."""
    person.world.worker = IDENTITY
    settings = settings_for(bundle, person, **({"LIKENESS_NATS_URL": nats.url} | more))
    async with fake_gateway(nats.url, person) as gateway, serving(settings, IDENTITY) as worker:
        enrolled = asyncio.create_task(gateway.enrolled.wait())
        await asyncio.wait({worker, enrolled}, return_when=asyncio.FIRST_COMPLETED)
        enrolled.cancel()
        yield gateway


async def exit_of(pid: int) -> float:
    """Loop time at which the process ``pid`` had ended, at once and not when somebody looks."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    handle = os.pidfd_open(pid)
    loop.add_reader(handle, gone.set)
    try:
        await gone.wait()
        return loop.time()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


class Wire:
    """A line to a server that a test can cut; whoever calls again gets through."""

    def __init__(self) -> None:
        self.port = 0
        self._ends: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Break every connection that goes through here."""
        for end in self._ends:
            end.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes until one side is gone."""
        self._ends.add(writer)
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._ends.discard(writer)
            writer.close()


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """A wire to ``port`` of this machine."""
    wire = Wire()

    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(wire.carry(reader, ours), wire.carry(theirs, writer))

    async with await asyncio.start_server(called, "127.0.0.1") as server:
        wire.port = server.sockets[0].getsockname()[1]
        yield wire
        wire.cut()
