"""A gateway's surroundings for tests: a bundle's manifest without graphs, and a worker that follows a script."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import nats
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.msg import Msg

from schemas import canonical, sealing, signing, subjects
from schemas.codes import from_code
from schemas.erasure import Check, ErasureReceipt
from schemas.frames import FrameKind, ImageChunk, encode_chunk, encode_frame
from schemas.job import Accepted, Offer, Problem, Progress, SealedRequest, Stop, unpack_disclosure
from schemas.scalars import digest, from_b64u, to_b64u
from schemas.worker_key import Claim, ClaimMessage, Enrolled, Enrolment
from tests.unit.gateway.doors import manifest

SOFTWARE = digest(b"a scripted worker")
YES = canonical.encode(Accepted())


def write_manifest(folder: Path) -> str:
    """Write a bundle.json into ``folder`` and return the bundle's digest."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = msgspec.json.encode(manifest())
    (folder / "bundle.json").write_bytes(raw)
    return digest(raw)


@dataclass
class Taken:
    """One offer that the scripted worker holds."""

    worker: "ScriptedWorker"
    offer_raw: bytes
    key: sealing.WorkerKey = field(repr=False)
    claim: str = ""
    disclosure: str = ""
    sealed: bytes = b""
    opened: SealedRequest | None = None
    result: list[bytes] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""
    """Why it was stopped."""

    @property
    def offer(self) -> Offer:
        """The offer."""
        return canonical.decode(Offer, self.offer_raw)

    async def say(self, kind: FrameKind, payload: bytes = b"") -> None:
        """Send one frame and wait for the permission to go on."""
        subject = subjects.event(self.worker.thumbprint, self.offer.offer_id)
        answer = await self.worker.ask(subject, encode_frame(kind, payload))
        if answer != YES:
            refusal = canonical.decode(Problem, answer)
            raise from_code(refusal.code, refusal.detail)

    async def progress(self, step: int = 0) -> None:
        """Say how far it is."""
        told = Progress(phase="drawing", image=0, images=self.offer.images, step=step, steps=4)
        await self.say(FrameKind.PROGRESS, canonical.encode(told))

    def open(self) -> SealedRequest:
        """Open the sealed request."""
        hashes = (
            hashlib.sha256(raw).digest() for raw in (self.offer_raw, self.claim.encode(), self.disclosure.encode())
        )
        plaintext = sealing.open_request(self.sealed, self.key, sealing.context(*hashes))
        self.opened = canonical.decode(SealedRequest, plaintext)
        return self.opened

    async def send_image(self, image: bytes) -> None:
        """Seal and send ``image``."""
        assert self.opened is not None
        secret = from_b64u(self.opened.response_secret, 32)
        reply_key = sealing.reply_key(secret, self.sealed, hashlib.sha256(self.claim.encode()).digest())
        chunks = sealing.seal_image(image, reply_key, 0)
        for i, sealed in enumerate(chunks):
            self.result.append(sealed)
            chunk = ImageChunk(image=0, chunk=i, last=i == len(chunks) - 1, sealed=sealed)
            await self.say(FrameKind.IMAGE, encode_chunk(chunk))

    def receipt(self, **edits: Any) -> str:
        """The signed receipt."""
        now = int(time.time())
        base = ErasureReceipt(
            offer=digest(self.offer_raw),
            claim=digest(self.claim.encode()),
            hpke_key=digest(self.key.public),
            bundle=self.offer.bundle,
            worker=self.worker.thumbprint,
            software=SOFTWARE,
            opened_at=now,
            exited_at=now,
            exit_kind="normal",
            checks=[Check(name="process-ended", outcome="not-measured", detail="This is a script.")],
            kernel_init_on_free="unknown",
            images=1 if self.result else 0,
            result=digest(b"".join(self.result)) if self.result else None,
            salt=to_b64u(os.urandom(32)),
        )
        return signing.sign(msgspec.structs.replace(base, **edits), self.worker.key)


Script = Callable[[Taken], Awaitable[None]]
"""What the worker does once it has the sealed request."""


async def draw(taken: Taken) -> None:
    """A job that goes well: two steps, one image of 100 kB, a receipt."""
    taken.open()
    await taken.progress(1)
    await taken.progress(2)
    await taken.send_image(b"\x89PNG" + bytes(100_000))
    await taken.say(FrameKind.RECEIPT, taken.receipt().encode())


@dataclass
class ScriptedWorker:
    """A worker on NATS without a child: it enrols, takes every offer, and follows its script."""

    url: str
    bundle: str
    script: Script = draw
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)
    client: Client = field(default_factory=Client, repr=False)
    enrolled: Enrolled | None = None
    lease_seconds: int = 30
    tasks: list[asyncio.Task[None]] = field(default_factory=list, repr=False)
    taken: list[Taken] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    """What the gateway said to each claim."""

    @property
    def thumbprint(self) -> str:
        """Who it is."""
        return signing.thumbprint(self.key.public_key())

    async def ask(self, subject: str, payload: bytes) -> bytes:
        """One core request."""
        return (await self.client.request(subject, payload, timeout=20)).data

    def enrolment(self, **edits: Any) -> str:
        """Its signed introduction."""
        base = Enrolment(
            pool="company",
            region="local",
            operator="Example Ltd",
            software=SOFTWARE,
            bundles=[self.bundle],
            endorsement=None,
            attestation=None,
            issued_at=int(time.time()),
        )
        return signing.sign(msgspec.structs.replace(base, **edits), self.key, introduce=True)

    async def enrol(self, **edits: Any) -> bytes:
        """The gateway's answer to the introduction; asked again while the gateway is still starting."""
        while True:
            try:
                answer = await self.ask(subjects.enrol(self.thumbprint), self.enrolment(**edits).encode())
            except nats.errors.NoRespondersError:
                await asyncio.sleep(0.02)
                continue
            if not any(code in answer for code in (b"bus-unavailable", b"log-unavailable")):
                return answer

    async def claim(self, offer_raw: bytes, **edits: Any) -> Taken:
        """Claim the offer; the gateway's answer is kept in ``answers``."""
        assert self.enrolled is not None
        taken = Taken(worker=self, offer_raw=offer_raw, key=sealing.worker_key(os.urandom(32)))
        claim = Claim(
            offer=digest(offer_raw),
            hpke_key=to_b64u(taken.key.public),
            worker=self.thumbprint,
            roster=digest(self.enrolled.roster.encode()),
            bundle=self.bundle,
            issued_at=int(time.time()),
            lease_seconds=self.lease_seconds,
            quote=None,
        )
        taken.claim = signing.sign(msgspec.structs.replace(claim, **edits), self.key)
        message = ClaimMessage(roster=self.enrolled.roster, claim=taken.claim)
        await self._listen(taken)
        subject = subjects.claim(self.thumbprint, taken.offer.offer_id)
        self.answers.append(await self.ask(subject, canonical.encode(message)))
        return taken

    async def _listen(self, taken: Taken) -> None:
        async def hear_sealed(message: Msg) -> None:
            taken.disclosure, taken.sealed = unpack_disclosure(message.data)
            await self.client.publish(subjects.handed(message.reply), YES)
            self.tasks.append(asyncio.create_task(self._follow(taken)))

        async def hear_stop(message: Msg) -> None:
            taken.why = canonical.decode(Stop, message.data).reason
            taken.stopped.set()

        offer_id = taken.offer.offer_id
        await self.client.subscribe(subjects.seal(self.thumbprint, offer_id), cb=hear_sealed)
        await self.client.subscribe(subjects.stop(self.thumbprint, offer_id), cb=hear_stop)
        await self.client.flush()
        self.taken.append(taken)

    async def _follow(self, taken: Taken) -> None:
        await self.script(taken)

    async def serve(self) -> None:
        """Take every offer of its queue."""
        name = subjects.consumer("company", self.bundle)
        queue = await self.client.jetstream().pull_subscribe_bind(name, stream=subjects.OFFERS_STREAM)
        while True:
            try:
                (message,) = await queue.fetch(1, timeout=1)
            except nats.errors.Error:
                continue
            await self.claim(message.data)
            await message.ack_sync()


@asynccontextmanager
async def working(worker: ScriptedWorker) -> AsyncIterator[ScriptedWorker]:
    """``worker``, enrolled and taking offers; its script's errors are raised at the end."""
    await worker.client.connect(worker.url, inbox_prefix=subjects.inbox(worker.thumbprint).encode())
    worker.enrolled = canonical.decode(Enrolled, await worker.enrol())
    serving = asyncio.create_task(worker.serve())
    try:
        yield worker
        for task in worker.tasks:
            await task
    finally:
        serving.cancel()
        for task in worker.tasks:
            task.cancel()
        await asyncio.gather(serving, *worker.tasks, return_exceptions=True)
        await worker.client.close()
