"""A job that runs at a door in memory, the frames that it has emitted, and what its workers say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.admission import OpenJob
from gateway.answers import YES
from gateway.door import Pace
from gateway.ledger import JobEntry
from gateway.relay import Relay
from gateway.remembering import count_strikes
from schemas import canonical, subjects
from schemas.erasure import ErasureReceipt, erasure_leaf
from schemas.frames import FrameKind, FrameReader, ImageChunk, encode_chunk, encode_frame
from schemas.job import Problem, Progress
from schemas.sealing import SEALED_CHUNK_BYTES
from schemas.signing import open_signed
from tests.unit.gateway.doors import WORKERS
from tests.unit.gateway.memory_worker import MemoryWorker
from tests.unit.gateway.visit import Visit

PROGRESS = canonical.encode(Progress(phase="drawing", image=0, images=1, step=1, steps=4))
IMAGE = encode_chunk(ImageChunk(image=0, chunk=0, last=True, sealed=bytes(SEALED_CHUNK_BYTES)))
LOT = [FrameKind.OFFER, FrameKind.ROSTER, FrameKind.PROOF, FrameKind.CLAIM]
CHOICE = [*LOT, FrameKind.CHOOSE]
"""What the browser has seen of a job of one lot when it may choose."""
RECEIPT = [FrameKind.RECEIPT, FrameKind.PROOF, FrameKind.END]
PATIENT = Pace(tick_seconds=0.01, gap_seconds=5)
BRISK = Pace(tick_seconds=0.01, gap_seconds=0.3)
"""For tests that wait until a worker is lost, and must not lose it before."""


@dataclass
class Stream:
    """One job, its workers in the order of its lots, and what was emitted."""

    visit: Visit
    job: OpenJob
    frames: list[tuple[FrameKind, bytes]] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    stalled: asyncio.Event | None = None
    """While it is there and not set, the browser takes no frame."""
    running: asyncio.Task[None] | None = None

    async def emit(self, raw: bytes) -> None:
        """Keep one frame."""
        (frame,) = FrameReader().feed(raw)
        self.frames.append((frame.kind, frame.payload))
        self.changed.set()
        if self.stalled is not None:
            await self.stalled.wait()

    async def until(self, kind: FrameKind, count: int = 1) -> bytes:
        """The payload of the frame number ``count`` of ``kind``, once it is there."""
        async with asyncio.timeout(5):
            while len(found := self.payloads(kind)) < count:
                assert self.running is None or not self.running.done(), f"it ended with {self.kinds}"
                self.changed.clear()
                await self.changed.wait()
        return found[count - 1]

    def payloads(self, kind: FrameKind) -> list[bytes]:
        """Of all frames of ``kind``."""
        return [payload for found, payload in self.frames if found is kind]

    @property
    def kinds(self) -> list[FrameKind]:
        """What was emitted, WAITING left out."""
        return [kind for kind, _ in self.frames if kind is not FrameKind.WAITING]

    @property
    def problem(self) -> str:
        """The code of the only problem told."""
        (payload,) = self.payloads(FrameKind.PROBLEM)
        return canonical.decode(Problem, payload).code

    @property
    def entry(self) -> JobEntry:
        """The job as the ledger has it."""
        return self.visit.entry(self.job.offer_id)

    @property
    def stopped(self) -> list[tuple[str, str]]:
        """Name and reason of every worker that was told to stop."""
        names = {self.visit.worker(name).thumbprint: name for name in WORKERS}
        return [(names[worker], reason) for worker, reason in self.visit.scene.bus.stopped]

    def worker(self, lot: int = 0) -> MemoryWorker:
        """The worker that takes that lot (from 0)."""
        return self.visit.worker(WORKERS[lot])

    async def claim(self, lot: int = 0, **edits: Any) -> bytes:
        """As the worker of that lot, claim it; the gateway's answer."""
        await self.until(FrameKind.WAITING)
        message = self.worker(lot).message(self.job.offers[lot], **edits)
        self.claims.append(message.claim)
        subject = subjects.claim(self.worker(lot).thumbprint, self.job.offer_id)
        return await self.visit.scene.bus.say(subject, canonical.encode(message))

    async def claimed(self) -> None:
        """Every lot is claimed, and the browser may choose."""
        for lot in range(len(self.job.offers)):
            assert await self.claim(lot) == YES
        await self.until(FrameKind.CHOOSE)

    async def disclosed(self, lot: int = 0) -> None:
        """Claimed, and disclosed to the worker of that lot."""
        await self.claimed()
        await self.visit.disclose(self.job.offers[lot], self.claims[lot])

    async def say(self, kind: FrameKind, payload: bytes, lot: int = 0) -> bytes:
        """As the worker of that lot, send one frame; the gateway's answer."""
        subject = subjects.event(self.worker(lot).thumbprint, self.job.offer_id)
        return await self.visit.scene.bus.say(subject, encode_frame(kind, payload))

    async def refused(self, kind: FrameKind, payload: bytes, lot: int = 0) -> str:
        """The code by which that frame is refused."""
        return canonical.decode(Problem, await self.say(kind, payload, lot)).code

    def receipt(self, lot: int = 0, **edits: Any) -> bytes:
        """The receipt of the worker of that lot."""
        return self.worker(lot).receipt(self.job.offers[lot], self.claims[lot], **edits)

    def unused(self, lot: int = 0) -> bytes:
        """The same when its child was given nothing."""
        return self.worker(lot).unused(self.job.offers[lot], self.claims[lot])

    async def finished(self) -> list[FrameKind]:
        """Everything emitted, once the job is over."""
        assert self.running is not None
        await asyncio.wait_for(self.running, 5)
        return self.kinds

    async def left(self) -> None:
        """The browser goes away, and the job has been tidied up."""
        assert self.running is not None
        self.running.cancel()
        await asyncio.wait({self.running}, timeout=5)


@asynccontextmanager
async def streaming(visit: Visit) -> AsyncIterator[Stream]:
    """A job of ``visit``, being offered."""
    await visit.consent()
    stream = Stream(visit, await visit.opened())
    stream.running = asyncio.create_task(Relay(visit.door, stream.job, stream.emit).run())
    stream.running.add_done_callback(lambda _: stream.changed.set())
    try:
        yield stream
    finally:
        stream.running.cancel()
        await asyncio.wait({stream.running})
    assert visit.scene.bus.ears == [], "nothing is listened to any more"
    assert len(visit.scene.bus.withdrawn) == len(visit.scene.bus.offers), "nothing is left in the queue"


def leaf_of(stream: Stream, raw: bytes, lot: int = 0) -> bytes:
    """The leaf of the receipt ``raw`` of the worker of ``lot``."""
    worker = stream.worker(lot).world.worker.public_key()
    return erasure_leaf(open_signed(ErasureReceipt, raw.decode(), worker).statement, raw.decode())


async def strikes(stream: Stream, lot: int = 0) -> int:
    """How many receipts the worker of ``lot`` owes."""
    return await count_strikes(stream.visit.door, stream.worker(lot).thumbprint)


async def go_to(stream: Stream, step: str) -> None:
    """Bring a job to ``step``."""
    await stream.until(FrameKind.WAITING)
    if step == "claimed":
        await stream.claimed()
    elif step == "disclosed":
        await stream.disclosed()
        assert await stream.say(FrameKind.PROGRESS, PROGRESS) == YES
