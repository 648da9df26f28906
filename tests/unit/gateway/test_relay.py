"""One job's stream, with the bus in memory and clocks that run fast."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway import ledger
from gateway.admission import YES, OpenJob, admit_job, disclose
from gateway.door import Pace
from gateway.ledger import JobEntry
from gateway.relay import Relay
from schemas import canonical, subjects
from schemas.frames import FrameKind, FrameReader, ImageChunk, encode_chunk, encode_frame
from schemas.job import Offer, Problem, Progress, Waiting
from schemas.job_states import State
from schemas.scalars import digest
from schemas.sealing import SEALED_CHUNK_BYTES
from schemas.worker_key import ClaimMessage
from tests.unit.gateway.doors import FAST
from tests.unit.gateway.visit import Visit

pytestmark = pytest.mark.anyio
PROGRESS = canonical.encode(Progress(phase="drawing", image=0, images=1, step=1, steps=4))
IMAGE = encode_chunk(ImageChunk(image=0, chunk=0, last=True, sealed=bytes(SEALED_CHUNK_BYTES)))


@dataclass
class Stream:
    """A job that runs, and the frames that it has emitted."""

    visit: Visit
    job: OpenJob
    frames: list[tuple[FrameKind, bytes]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None

    async def emit(self, raw: bytes) -> None:
        """Keep one frame."""
        (frame,) = FrameReader().feed(raw)
        self.frames.append((frame.kind, frame.payload))
        self.changed.set()

    async def until(self, kind: FrameKind) -> bytes:
        """The payload of the first frame of ``kind``, once it is there."""
        async with asyncio.timeout(5):
            while not any(found is kind for found, _ in self.frames):
                self.changed.clear()
                await self.changed.wait()
        return next(payload for found, payload in self.frames if found is kind)

    @property
    def kinds(self) -> list[FrameKind]:
        """What was emitted, WAITING left out."""
        return [kind for kind, _ in self.frames if kind is not FrameKind.WAITING]

    @property
    def problem(self) -> str:
        """The code of the only problem told."""
        (payload,) = [payload for kind, payload in self.frames if kind is FrameKind.PROBLEM]
        return canonical.decode(Problem, payload).code

    @property
    def entry(self) -> JobEntry:
        """The job as the ledger has it."""
        stored = self.visit.scene.bus.values[subjects.KV_JOBS, ledger.job_key(self.job.offer.offer_id)]
        return canonical.decode(JobEntry, stored.value)

    async def claim(self) -> str:
        """As a worker, claim the offer; the claim."""
        await self.until(FrameKind.WAITING)
        jws = self.visit.world.claim_jws(offer=digest(canonical.encode(self.job.offer)))
        message = ClaimMessage(roster=self.visit.world.roster_jws(), claim=jws)
        subject = subjects.claim(self.job.offer.offer_id)
        assert await self.visit.scene.bus.say(subject, canonical.encode(message)) == YES
        await self.until(FrameKind.CLAIM)
        return jws

    async def disclosed(self) -> None:
        """Claimed, and disclosed to that claim."""
        body = self.visit.disclosure(self.job.offer, await self.claim())

        async def take(_subject: str, _payload: bytes) -> bytes:
            return YES

        self.visit.scene.bus.on_hand_over = take
        await disclose(self.visit.door, self.job.offer.offer_id, body)

    async def say(self, kind: FrameKind, payload: bytes) -> bytes:
        """As the worker, send one frame; the gateway's answer."""
        return await self.visit.scene.bus.say(subjects.event(self.job.offer.offer_id), encode_frame(kind, payload))

    async def finished(self) -> list[FrameKind]:
        """Everything emitted, once the job is over."""
        assert self.running is not None
        await asyncio.wait_for(self.running, 5)
        return self.kinds


@pytest.fixture
async def stream(request: pytest.FixtureRequest) -> AsyncIterator[Stream]:
    """A job that is being offered; parametrised indirectly with settings and pace."""
    edits: dict[str, Any] = getattr(request, "param", {})
    visit = Visit()
    visit.door = visit.scene.door(**({"pace": FAST} | edits))
    await visit.consent()
    stream = Stream(visit, await admit_job(visit.door, visit.body()))
    stream.running = asyncio.create_task(Relay(visit.door, stream.job, stream.emit).run())
    yield stream
    stream.running.cancel()
    await asyncio.wait({stream.running})
    assert visit.scene.bus.ears == {}, "nothing is listened to any more"


CLAIMED = [FrameKind.OFFER, FrameKind.ROSTER, FrameKind.CLAIM]
SLOW = {"pace": Pace(tick_seconds=0.01, gap_seconds=5)}


async def test_a_job_that_goes_well(stream: Stream) -> None:
    await stream.disclosed()
    assert await stream.say(FrameKind.PROGRESS, PROGRESS) == YES
    assert await stream.say(FrameKind.IMAGE, IMAGE) == YES
    assert await stream.say(FrameKind.RECEIPT, b"receipt") == YES
    assert await stream.finished() == [
        *CLAIMED,
        FrameKind.PROGRESS,
        FrameKind.IMAGE,
        FrameKind.RECEIPT,
        FrameKind.END,
    ]
    assert canonical.decode(Offer, await stream.until(FrameKind.OFFER)) == stream.job.offer
    assert stream.visit.scene.bus.cancelled == []


@pytest.mark.parametrize("stream", [{"claim_seconds": 1, "pace": Pace(tick_seconds=0.25)}], indirect=True)
async def test_without_a_worker_the_person_is_told_how_long_it_waits(stream: Stream) -> None:
    assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
    waits = [canonical.decode(Waiting, payload) for kind, payload in stream.frames if kind is FrameKind.WAITING]
    assert len(waits) == 4
    assert {waiting.gives_up_after_seconds for waiting in waits} == {1}
    assert stream.problem == "no-worker"
    assert len(stream.visit.scene.bus.withdrawn) == 1
    assert stream.visit.spent() == (0, 0)
    assert stream.entry.state is State.ENDED


@pytest.mark.parametrize("stream", [SLOW], indirect=True)
async def test_after_the_first_claim_nobody_listens_for_more(stream: Stream) -> None:
    await stream.claim()
    assert list(stream.visit.scene.bus.ears) == [subjects.event(stream.job.offer.offer_id)]
    assert len(stream.visit.scene.bus.withdrawn) == 1


@pytest.mark.parametrize("stream", [SLOW], indirect=True)
async def test_a_frame_before_the_disclosure_ends_the_job(stream: Stream) -> None:
    await stream.claim()
    answer = await stream.say(FrameKind.PROGRESS, PROGRESS)
    assert canonical.decode(Problem, answer).code == "out-of-order"
    assert await stream.finished() == [*CLAIMED, FrameKind.PROBLEM, FrameKind.END]
    assert stream.visit.scene.bus.cancelled == [stream.job.offer.offer_id]
    assert stream.entry.state is State.ENDED


@pytest.mark.parametrize("stream", [SLOW], indirect=True)
async def test_a_lease_that_lapses_ends_with_the_receipt_of_an_unused_child(stream: Stream) -> None:
    await stream.claim()
    assert await stream.say(FrameKind.RECEIPT, b"unused") == YES
    assert await stream.finished() == [*CLAIMED, FrameKind.RECEIPT, FrameKind.PROBLEM, FrameKind.END]
    assert stream.problem == "offer-expired"


async def test_a_lease_that_lapses_in_silence_ends_too(stream: Stream) -> None:
    await stream.claim()
    stream.visit.scene.clock.now += 31
    assert await stream.finished() == [*CLAIMED, FrameKind.PROBLEM, FrameKind.END]
    assert stream.problem == "offer-expired"


async def test_a_worker_that_falls_silent_is_lost(stream: Stream) -> None:
    await stream.disclosed()
    await stream.say(FrameKind.PROGRESS, PROGRESS)
    assert await stream.finished() == [*CLAIMED, FrameKind.PROGRESS, FrameKind.PROBLEM, FrameKind.END]
    assert stream.problem == "worker-lost"
    assert stream.visit.spent() == (1, 1), "it may have read the record"
    assert stream.visit.scene.bus.cancelled == [stream.job.offer.offer_id]


async def test_a_worker_that_says_nothing_at_all_is_lost(stream: Stream) -> None:
    await stream.disclosed()
    assert await stream.finished() == [*CLAIMED, FrameKind.PROBLEM, FrameKind.END]
    assert stream.problem == "worker-lost"


@pytest.mark.parametrize("stream", [SLOW | {"job_seconds": 1}], indirect=True)
async def test_a_worker_that_takes_too_long_is_stopped_and_may_still_say_how_it_ended(stream: Stream) -> None:
    await stream.disclosed()
    await stream.until(FrameKind.PROBLEM)
    assert stream.problem == "job-timeout"
    assert await stream.say(FrameKind.RECEIPT, b"receipt") == YES
    assert await stream.finished() == [*CLAIMED, FrameKind.PROBLEM, FrameKind.RECEIPT, FrameKind.END]
    assert stream.visit.scene.bus.cancelled == [stream.job.offer.offer_id]


@pytest.mark.parametrize("stream", [{"pace": Pace(tick_seconds=0.01, gap_seconds=1), "job_seconds": 1}], indirect=True)
async def test_a_worker_that_goes_on_talking_is_cut_off(stream: Stream) -> None:
    await stream.disclosed()

    async def talk() -> None:
        while await stream.say(FrameKind.PROGRESS, PROGRESS) == YES:
            pass

    talking = asyncio.create_task(talk())
    assert (await stream.finished())[-1] is FrameKind.END
    assert stream.problem == "job-timeout"
    talking.cancel()
    await asyncio.wait({talking})


@pytest.mark.parametrize("stream", [SLOW], indirect=True)
async def test_a_workers_problem_is_followed_by_its_receipt(stream: Stream) -> None:
    await stream.disclosed()
    told = canonical.encode(Problem(code="worker-failed", detail="it fell"))
    assert await stream.say(FrameKind.PROBLEM, told) == YES
    assert canonical.decode(Problem, await stream.until(FrameKind.PROBLEM)).detail == "it fell"
    assert await stream.say(FrameKind.RECEIPT, b"receipt") == YES
    assert await stream.finished() == [*CLAIMED, FrameKind.PROBLEM, FrameKind.RECEIPT, FrameKind.END]


@pytest.mark.parametrize("stream", [SLOW], indirect=True)
@pytest.mark.parametrize(
    ("kind", "payload"),
    [(FrameKind.IMAGE, b"short"), (FrameKind.END, b""), (FrameKind.OFFER, b"{}"), (FrameKind.PROGRESS, bytes(513))],
)
async def test_what_a_worker_may_not_send_ends_the_job(stream: Stream, kind: FrameKind, payload: bytes) -> None:
    await stream.disclosed()
    answer = await stream.say(kind, payload)
    assert canonical.decode(Problem, answer).code == "result-invalid"
    assert await stream.finished() == [*CLAIMED, FrameKind.PROBLEM, FrameKind.END]
    assert stream.visit.scene.bus.cancelled == [stream.job.offer.offer_id]


@pytest.mark.parametrize("stream", [SLOW], indirect=True)
@pytest.mark.parametrize("step", ["offered", "claimed", "disclosed"])
async def test_when_the_bus_breaks_the_person_is_told(stream: Stream, step: str) -> None:
    if step == "offered":
        await stream.until(FrameKind.WAITING)
    elif step == "claimed":
        await stream.claim()
    else:
        await stream.disclosed()
    stream.visit.scene.bus.break_off()
    assert (await stream.finished())[-2:] == [FrameKind.PROBLEM, FrameKind.END]
    assert stream.problem == "bus-unavailable"


@pytest.mark.parametrize("stream", [SLOW], indirect=True)
@pytest.mark.parametrize("step", ["offered", "claimed", "disclosed"])
async def test_when_the_browser_goes_the_worker_is_stopped(stream: Stream, step: str) -> None:
    await stream.until(FrameKind.WAITING)
    if step == "claimed":
        await stream.claim()
    elif step == "disclosed":
        await stream.disclosed()
    assert stream.running is not None
    stream.running.cancel()
    await asyncio.wait({stream.running}, timeout=5)
    bus = stream.visit.scene.bus
    assert bus.cancelled == [stream.job.offer.offer_id]
    assert len(bus.withdrawn) == 1
    assert stream.entry.state is (State.RETURNED if step == "disclosed" else State.ENDED)
