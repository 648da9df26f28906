"""A gateway that plays its part on a real nats-server and does what a test tells it to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api

from schemas import canonical, signing, subjects
from schemas.erasure import ErasureReceipt, check_receipt
from schemas.errors import LikenessError
from schemas.frames import WORKER_FRAMES, Frame, FrameKind, FrameReader, decode_chunk
from schemas.job import Accepted, Problem, Progress, Stop, pack_disclosure
from schemas.scalars import digest, from_b64u
from schemas.worker_key import CheckedClaim, Claim, ClaimMessage, Enrolment, check_claim
from tests.unit.worker.person import Person
from worker.ending import Reason
from worker.enrolment import SAID_ALIKE

PATIENCE_SECONDS = 20


@dataclass
class FakeGateway:
    """Enrols whoever asks, and holds at most one job, of as many lots as a test offers."""

    client: Client
    person: Person
    refuse_claim: LikenessError | None = None
    enrolled: asyncio.Event = field(default_factory=asyncio.Event)
    enrolments: list[Enrolment] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    """The worker (thumbprint) that sent each of ``frames``, as its subject says."""
    hold: FrameKind | None = None
    """Frames of this kind wait for their answer until ``let_go``."""
    held: list[Msg] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    claims: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    dropped: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """One entry for each offer that a worker took out of the queue unserved."""
    passed_on: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """One entry for each time that a worker gave an offer back to the queue."""

    async def prepare(self) -> None:
        """Make the queue and answer enrolments."""
        await self.make_queue()
        await self.client.subscribe(subjects.enrol("*"), cb=self._enrol)
        advisory = "$JS.EVENT.ADVISORY.CONSUMER"
        await self.client.subscribe(f"{advisory}.MSG_TERMINATED.{subjects.OFFERS_STREAM}.>", cb=self._drop)
        await self.client.subscribe(f"{advisory}.MSG_NAKED.{subjects.OFFERS_STREAM}.>", cb=self._pass_on)

    async def _drop(self, message: Msg) -> None:
        self.dropped.put_nowait(message.subject)

    async def _pass_on(self, message: Msg) -> None:
        self.passed_on.put_nowait(message.subject)

    async def was_passed_on(self) -> None:
        """Return when a worker has given an offer back, once more since this was asked last."""
        await asyncio.wait_for(self.passed_on.get(), PATIENCE_SECONDS)

    async def make_queue(self) -> None:
        """Make the stream and the consumer."""
        stream = self.client.jetstream()
        await stream.add_stream(
            name=subjects.OFFERS_STREAM,
            subjects=[subjects.OFFERS_FILTER],
            retention=api.RetentionPolicy.WORK_QUEUE,
            storage=api.StorageType.MEMORY,
        )
        await stream.add_consumer(
            subjects.OFFERS_STREAM,
            durable_name=subjects.consumer(self.person.pool, self.person.bundle),
            filter_subject=subjects.offer(self.person.pool, self.person.bundle),
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=10,
        )

    async def _enrol(self, message: Msg) -> None:
        jws = message.data.decode()
        enrolment = signing.open_introduced(Enrolment, jws)
        said = enrolment.statement
        assert said.bundles == [self.person.bundle]
        assert message.subject == subjects.enrol(enrolment.kid)
        entry = self.person.world.roster(
            worker=enrolment.kid,
            key=signing.jwk_of(enrolment.key).x,
            **{name: getattr(said, name) for name in (*SAID_ALIKE, "bundles")},
        )
        answer = self.person.enrolled()
        roster = signing.sign(entry, self.person.world.gateway)
        await message.respond(canonical.encode(msgspec.structs.replace(answer, roster=roster)))
        self.enrolments.append(said)
        self.enrolled.set()

    async def enrolled_times(self, times: int) -> None:
        """Return when that many enrolments have come."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.enrolments) < times:
                self.enrolled.clear()
                await self.enrolled.wait()

    async def offer(self, raw: bytes) -> None:
        """Put an offer into the queue."""
        await self.client.jetstream().publish(subjects.offer(self.person.pool, self.person.bundle), raw)

    async def waiting(self) -> int:
        """Offers that are in the queue, taken by somebody or not."""
        return (await self.client.jetstream().stream_info(subjects.OFFERS_STREAM)).state.messages

    async def claimed(self, raw: bytes) -> "Claimed":
        """Offer ``raw``, and return what a worker claims it with."""
        await self.listen(raw)
        await self.offer(raw)
        return await self.next_claim(raw)

    async def claimed_by_different(self, lots: int) -> "list[Claimed]":
        """Offer a job in so many lots, and return what different workers claim them with."""
        offers = [self.person.offer(lot=i, lots=lots) for i in range(1, lots + 1)]
        await self.listen(offers[0])
        for raw in offers:
            await self.offer(raw)
        claims = [await self.next_claim(*offers) for _ in offers]
        assert {claim.raw for claim in claims} == set(offers)
        assert len({claim.checked.claim.worker for claim in claims}) == lots
        return claims

    async def listen(self, raw: bytes) -> None:
        """Listen to whoever claims a lot of the job of the offer ``raw``."""
        offer_id = _offer_id(raw)
        await self.client.subscribe(subjects.claim("*", offer_id), cb=self._hear_claim)
        await self.client.subscribe(subjects.event("*", offer_id), cb=self._hear)

    async def _hear_claim(self, message: Msg) -> None:
        refusal = self.refuse_claim
        reply: msgspec.Struct = Problem(code=refusal.code, detail="") if refusal else Accepted()
        self.claims.put_nowait(message.data)
        await message.respond(canonical.encode(reply))

    async def next_claim(self, *offers: bytes) -> "Claimed":
        """The next claim, of one of ``offers``."""
        message = canonical.decode(ClaimMessage, await asyncio.wait_for(self.claims.get(), PATIENCE_SECONDS))
        claim = canonical.decode(Claim, from_b64u(message.claim.split(".")[1]))
        (raw,) = [raw for raw in offers if digest(raw) == claim.offer]
        now = int(time.time())
        checked = check_claim(raw, message.roster, message.claim, gateway=self.person.gateway_keys, now=now)
        return Claimed(self, raw, _offer_id(raw), message, checked)

    async def _hear(self, message: Msg) -> None:
        (frame,) = FrameReader().feed(message.data)
        assert frame.kind in WORKER_FRAMES
        self.senders.append(message.subject.split(".")[2])
        self.frames.append(frame)
        self.heard.set()
        if frame.kind is self.hold:
            self.held.append(message)
        else:
            await message.respond(b"")

    async def let_go(self) -> None:
        """Answer what waits, and everything from now on."""
        self.hold = None
        while self.held:
            await self.held.pop().respond(b"")

    async def until(self, kind: FrameKind) -> list[bytes]:
        """The payloads of all frames of ``kind``, once there is one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.payloads(kind):
                self.heard.clear()
                await self.heard.wait()
        return self.payloads(kind)

    def payloads(self, kind: FrameKind) -> list[bytes]:
        """The payloads of all frames of ``kind`` so far."""
        return [frame.payload for frame in self.frames if frame.kind == kind]

    def progress(self) -> list[Progress]:
        """All progress so far."""
        return [canonical.decode(Progress, payload) for payload in self.payloads(FrameKind.PROGRESS)]

    def problem(self) -> str:
        """The code of the one problem."""
        (payload,) = self.payloads(FrameKind.PROBLEM)
        return canonical.decode(Problem, payload).code


@dataclass
class Claimed:
    """A claim on an offer."""

    gateway: FakeGateway
    raw: bytes
    offer_id: str
    message: ClaimMessage
    checked: CheckedClaim

    async def disclose(self) -> str:
        """Seal to the claim; the code of the worker's answer, or ``accepted``."""
        return await self.hand_over(self.sealed())

    def sealed(self) -> bytes:
        """Disclosure and sealed request."""
        person = self.gateway.person
        return pack_disclosure(*person.disclose(self.raw, self.message.claim, self.checked.hpke_key))

    async def hand_over(self, payload: bytes) -> str:
        """Hand ``payload`` to the worker."""
        subject = subjects.seal(self.checked.claim.worker, self.offer_id)
        answer = (await self.gateway.client.request(subject, payload, timeout=PATIENCE_SECONDS)).data
        try:
            return canonical.decode(Problem, answer).code
        except LikenessError:
            canonical.decode(Accepted, answer)
            return "accepted"

    async def stop(self, reason: Reason) -> None:
        """End the worker's part of the job."""
        subject = subjects.stop(self.checked.claim.worker, self.offer_id)
        await self.gateway.client.publish(subject, canonical.encode(Stop(reason=reason)))
        await self.gateway.client.flush()

    async def is_heard(self) -> bool:
        """Whether anybody listens for what is sealed to this claim."""
        try:
            await self.hand_over(b"nothing")
        except nats.errors.NoRespondersError:
            return False
        return True

    async def cancel(self) -> None:
        """End the job for no particular reason."""
        await self.stop("cancelled")

    async def receipt(self) -> ErasureReceipt:
        """The verified receipt, once it has come."""
        (jws,) = await self.gateway.until(FrameKind.RECEIPT)
        chunks = [decode_chunk(payload).sealed for payload in self.gateway.payloads(FrameKind.IMAGE)]
        return check_receipt(
            jws.decode(),
            worker=signing.key_of(signing.Jwk(crv="Ed25519", kty="OKP", x=self.checked.roster.key)),
            offer=digest(self.raw),
            claim=digest(self.message.claim.encode()),
            result=digest(b"".join(chunks)) if chunks else None,
        )


async def _ignore(_error: Exception) -> None:
    """A server that is stopped on purpose is no news."""


def _offer_id(raw: bytes) -> str:
    return str(msgspec.json.decode(raw)["offer_id"])


@asynccontextmanager
async def fake_gateway(url: str, person: Person) -> AsyncIterator[FakeGateway]:
    """A gateway on the server at ``url``."""
    client = Client()
    await client.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=1, error_cb=_ignore)
    gateway = FakeGateway(client, person)
    await gateway.prepare()
    try:
        yield gateway
    finally:
        await client.close()
