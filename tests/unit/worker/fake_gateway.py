"""A gateway that plays its part on a real nats-server and does what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api

from schemas import canonical, signing, subjects
from schemas.erasure import ErasureReceipt, check_receipt
from schemas.errors import LikenessError
from schemas.frames import WORKER_FRAMES, Frame, FrameKind, FrameReader, decode_chunk
from schemas.job import Accepted, Problem, Progress, pack_disclosure
from schemas.scalars import digest
from schemas.worker_key import CheckedClaim, ClaimMessage, Enrolment, check_claim
from tests.unit.worker.person import Person

PATIENCE_SECONDS = 20


@dataclass
class FakeGateway:
    """Enrols whoever asks, and holds at most one job."""

    client: Client
    person: Person
    refuse_claim: LikenessError | None = None
    enrolled: asyncio.Event = field(default_factory=asyncio.Event)
    enrolments: int = 0
    frames: list[Frame] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    claims: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    dropped: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """One entry for each offer that a worker took out of the queue unserved."""

    async def prepare(self) -> None:
        """Make the queue and answer enrolments."""
        await self.make_queue()
        await self.client.subscribe(subjects.ENROL, cb=self._enrol)
        await self.client.subscribe(
            f"$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.{subjects.OFFERS_STREAM}.>", cb=self._drop
        )

    async def _drop(self, message: Msg) -> None:
        self.dropped.put_nowait(message.subject)

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
            durable_name=subjects.consumer("company", self.person.bundle),
            filter_subject=subjects.offer("company", self.person.bundle),
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=10,
        )

    async def _enrol(self, message: Msg) -> None:
        jws = message.data.decode()
        enrolment = signing.open_introduced(Enrolment, jws)
        assert enrolment.statement.bundles == [self.person.bundle]
        entry = self.person.world.roster(
            worker=enrolment.kid,
            key=signing.jwk_of(enrolment.key).x,
            bundles=enrolment.statement.bundles,
            software=enrolment.statement.software,
        )
        answer = self.person.enrolled()
        roster = signing.sign(entry, self.person.world.gateway)
        await message.respond(canonical.encode(msgspec.structs.replace(answer, roster=roster)))
        self.enrolments += 1
        self.enrolled.set()

    async def offer(self, raw: bytes) -> None:
        """Put an offer into the queue."""
        await self.client.jetstream().publish(subjects.offer("company", self.person.bundle), raw)

    async def waiting(self) -> int:
        """Offers that are in the queue, taken by somebody or not."""
        return (await self.client.jetstream().stream_info(subjects.OFFERS_STREAM)).state.messages

    async def claimed(self, raw: bytes) -> "Claimed":
        """Offer ``raw``, and return what a worker claims it with."""
        offer_id = _offer_id(raw)
        await self.client.subscribe(subjects.claim(offer_id), cb=self._hear_claim)
        await self.client.subscribe(subjects.event(offer_id), cb=self._hear)
        await self.offer(raw)
        return await self._next_claim(raw)

    async def claimed_again(self, earlier: "Claimed") -> "Claimed":
        """The next claim on an offer whose first was refused."""
        return await self._next_claim(earlier.raw)

    async def _hear_claim(self, message: Msg) -> None:
        refusal = self.refuse_claim
        reply: msgspec.Struct = Problem(code=refusal.code, detail="") if refusal else Accepted()
        self.claims.put_nowait(message.data)
        await message.respond(canonical.encode(reply))

    async def _next_claim(self, raw: bytes) -> "Claimed":
        message = canonical.decode(ClaimMessage, await asyncio.wait_for(self.claims.get(), PATIENCE_SECONDS))
        gateway = self.person.world.gateway.public_key()
        checked = check_claim(raw, message.roster, message.claim, gateway=gateway, now=self.person.world.now)
        return Claimed(self, raw, _offer_id(raw), message, checked)

    async def _hear(self, message: Msg) -> None:
        (frame,) = FrameReader().feed(message.data)
        assert frame.kind in WORKER_FRAMES
        self.frames.append(frame)
        self.heard.set()
        await message.respond(b"")

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

    async def cancel(self) -> None:
        """Stop the job."""
        await self.gateway.client.publish(subjects.cancel(self.offer_id))

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
