"""Whoever holds a gateway's signing key and its NATS password, and runs none of its program: no rule, no ledger."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
import nats as nats_client
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway import keys
from schemas import canonical, signing, subjects
from schemas.erasure import ErasureReceipt
from schemas.frames import Frame, FrameKind, FrameReader
from schemas.job import Disclosure, Offer, Problem, Stop, pack_disclosure
from schemas.scalars import digest, from_b64u
from schemas.worker_key import ClaimMessage, check_claim
from tests.attacks.actors import Wiretap
from tests.client import Claimed, Job
from tests.unit.gateway.parts import YES
from tests.whole import System

NOBODY = "nobody"
"""Said of sealed bytes that reached no worker."""


@dataclass
class Held:
    """An offer of the rogue's, the worker that claimed it, and what it said."""

    offer_raw: bytes
    to: Claimed | None = None
    frames: list[Frame] = field(default_factory=list)
    claimed: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def offer_id(self) -> str:
        """Its id."""
        return canonical.decode(Offer, self.offer_raw).offer_id

    @property
    def worker(self) -> str:
        """Thumbprint of who claimed it."""
        assert self.to is not None
        assert self.to.checked is not None
        return self.to.checked.claim.worker

    def of(self, kind: FrameKind) -> list[bytes]:
        """Payloads of what the worker said."""
        return [frame.payload for frame in self.frames if frame.kind is kind]

    @property
    def problem(self) -> str:
        """The code of the only problem."""
        (payload,) = self.of(FrameKind.PROBLEM)
        return canonical.decode(Problem, payload).code

    @property
    def receipt(self) -> ErasureReceipt:
        """The only receipt; who signed it is not looked at here."""
        (jws,) = self.of(FrameKind.RECEIPT)
        return canonical.decode(ErasureReceipt, from_b64u(jws.decode().split(".")[1]))

    async def until_over(self) -> None:
        """Return when the receipt is there."""
        async with asyncio.timeout(30):
            await self.over.wait()


@dataclass
class Rogue:
    """A gateway without a program."""

    client: Client
    key: Ed25519PrivateKey
    tap: Wiretap
    lured: list[Held] = field(default_factory=list)

    async def leave(self) -> None:
        """Send home whoever still waits, so that the next test finds a worker."""
        for held in self.lured:
            if held.to is not None and not held.over.is_set():
                stop = canonical.encode(Stop(reason="not-chosen"))
                await self.client.publish(subjects.stop(held.worker, held.offer_id), stop)
                await held.until_over()

    async def lure(self, token: str, bundle: str, raw: bytes = b"") -> Held:
        """Offer a job under ``token`` (or the very offer ``raw`` once more) until a worker has claimed it."""
        now = int(time.time())
        offer = Offer(
            offer_id=secrets.token_hex(16),
            token=digest(token.encode()),
            bundle=bundle,
            pool="company",
            region="local",
            images=1,
            lot=1,
            lots=1,
            issued_at=now,
            expires_at=now + 60,
        )
        held = Held(raw or canonical.encode(offer))
        self.lured.append(held)
        await self.client.subscribe(subjects.claim("*", held.offer_id), cb=partial(self._claimed, held))
        await self.client.subscribe(subjects.event("*", held.offer_id), cb=partial(self._heard, held))
        await self.client.jetstream().publish(subjects.offer("company", bundle), held.offer_raw)
        async with asyncio.timeout(30):
            await held.claimed.wait()
        return held

    async def hear(self, to: Claimed) -> Held:
        """Hear what the worker says of a job that is another gateway's, and answer where that one does not."""
        held = Held(to.offer, to)
        await self.client.subscribe(subjects.event("*", held.offer_id), cb=partial(self._heard, held))
        return held

    async def _claimed(self, held: Held, said: Msg) -> None:
        if held.claimed.is_set():  # the same offer, held out once more
            return
        message = canonical.decode(ClaimMessage, said.data)
        gateway, now = (self.key.public_key(),), int(time.time())
        checked = check_claim(held.offer_raw, message.roster, message.claim, gateway=gateway, now=now)
        held.to = Claimed(held.offer_raw, message.roster, "", message.claim, checked)
        held.claimed.set()
        await said.respond(YES)

    async def _heard(self, held: Held, said: Msg) -> None:
        if held.over.is_set():
            return
        held.frames += FrameReader().feed(said.data)
        if held.of(FrameKind.RECEIPT):
            held.over.set()
        await said.respond(YES)

    async def hand(self, worker: str, offer_id: str, body: bytes) -> str:
        """Hand sealed bytes over as a gateway does; empty when they were taken, else the worker's code or NOBODY."""
        said: asyncio.Queue[Msg] = asyncio.Queue()
        reply = subjects.handing(worker, secrets.token_hex(16))
        for subject in (reply, subjects.handed(reply)):
            await self.client.subscribe(subject, cb=said.put)
        await self.client.publish(subjects.seal(worker, offer_id), body, reply=reply)
        async with asyncio.timeout(10):
            answer = await said.get()
        if answer.subject == reply:
            return NOBODY
        return "" if answer.data == YES else canonical.decode(Problem, answer.data).code


def packed(job: Job, to: Claimed, key: Ed25519PrivateKey | None = None, **edits: Any) -> bytes:
    """What ``job`` would post to disclose to that claim; signed by ``key`` where it is not the person's."""
    statement = Disclosure(
        token=digest(job.person.token.encode()),
        offer=digest(to.offer),
        claim=digest(to.claim.encode()),
        n=1,
        images=1,
        issued_at=int(time.time()),
    )
    job.disclosure = signing.sign(msgspec.structs.replace(statement, **edits), key or job.person.key, introduce=True)
    return pack_disclosure(job.disclosure, job.seal(to))


@asynccontextmanager
async def rogue_in(system: System) -> AsyncIterator[Rogue]:
    """A rogue beside the gateway of ``system``, which goes on working."""
    client = await nats_client.connect(system.nats.gateway_places()["nats_url"])
    try:
        rogue = Rogue(client, keys.load(system.worker.folder / "state" / "gateway.key"), Wiretap(client))
        yield rogue
        await rogue.leave()
    finally:
        await client.close()
