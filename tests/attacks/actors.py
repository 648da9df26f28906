"""Workers that follow a script, in any pool; a test may make them lie."""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import nats.errors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from schemas import canonical, sealing, signing, subjects
from schemas.attestation import AttestationKey, Quote, quote_binding
from schemas.errors import LikenessError
from schemas.frames import FrameKind, ImageChunk, encode_chunk
from schemas.job import Offer
from schemas.scalars import Pool, digest, from_b64u, to_b64u
from schemas.worker_key import Claim, ClaimMessage
from tests.quotes import attest, signed
from tests.unit.gateway.parts import SOFTWARE, YES, ScriptedWorker, Taken

IMAGE_BYTES = 100_000
"""Two chunks."""


def quoted(binding: bytes) -> Quote:
    """What an honest TPM says."""
    return signed(attest(binding, SOFTWARE))


def claim_by(
    key: Ed25519PrivateKey,
    hpke: bytes,
    offer_raw: bytes,
    roster: str,
    *,
    quote: Callable[[bytes], Quote] | None = None,
    **edits: Any,
) -> str:
    """The claim of the worker ``key`` with the single-use key ``hpke``, signed whatever it says."""
    base = Claim(
        offer=digest(offer_raw),
        hpke_key=to_b64u(hpke),
        worker=signing.thumbprint(key.public_key()),
        roster=digest(roster.encode()),
        bundle=canonical.decode(Offer, offer_raw).bundle,
        issued_at=int(time.time()),
        lease_seconds=30,
        quote=quote(quote_binding(hpke, hashlib.sha256(offer_raw).digest())) if quote else None,
    )
    return signing.sign(msgspec.structs.replace(base, **edits), key)


def picture(index: int) -> bytes:
    """What a worker draws for image ``index``."""
    return (b"\x89PNG" + bytes([index])).ljust(IMAGE_BYTES, b".")


def chunks_of(taken: Taken, index: int) -> list[ImageChunk]:
    """Image ``index`` of a job that was opened, sealed."""
    assert taken.opened is not None
    secret = from_b64u(taken.opened.response_secret, 32)
    reply_key = sealing.reply_key(secret, taken.sealed, hashlib.sha256(taken.claim.encode()).digest())
    sealed = sealing.seal_image(picture(index), reply_key, index)
    return [ImageChunk(image=index, chunk=i, last=i == len(sealed) - 1, sealed=each) for i, each in enumerate(sealed)]


async def send(taken: Taken, *chunks: ImageChunk) -> None:
    """Send these, and count them as the result."""
    for chunk in chunks:
        taken.result.append(chunk.sealed)
        await taken.say(FrameKind.IMAGE, encode_chunk(chunk))


async def portraits(taken: Taken) -> None:
    """A job that goes well, with as many images as were asked for."""
    asked = taken.open()
    await taken.progress(1)
    for index in range(asked.images):
        await send(taken, *chunks_of(taken, index))
    await taken.say(FrameKind.RECEIPT, taken.receipt().encode())


@dataclass
class Actor(ScriptedWorker):
    """A scripted worker of a pool."""

    pool: Pool = "company"
    attestation: AttestationKey | None = None
    holds: set[str] = field(default_factory=set)
    """Offers of which it has a lot."""
    resting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """It takes no offer while somebody holds this."""

    def enrolment(self, **edits: Any) -> str:
        """Its signed introduction."""
        return super().enrolment(**({"pool": self.pool, "attestation": self.attestation} | edits))

    async def claim(self, offer_raw: bytes, **edits: Any) -> Taken:
        """Claim the offer, with a quote where the pool wants one."""
        assert self.enrolled is not None
        taken = Taken(worker=self, offer_raw=offer_raw, key=sealing.worker_key(os.urandom(32)))
        quote = quoted if self.attestation is not None else None
        roster = self.enrolled.roster
        taken.claim = claim_by(self.key, taken.key.public, offer_raw, roster, quote=quote, **edits)
        await self._listen(taken)
        subject = subjects.claim(self.thumbprint, taken.offer.offer_id)
        message = canonical.encode(ClaimMessage(roster=roster, claim=taken.claim))
        self.answers.append(await self.ask(subject, message))
        return taken

    async def serve(self) -> None:
        """Take one lot of each job of its queue."""
        name = subjects.consumer(self.pool, self.bundle)
        queue = await self.client.jetstream().pull_subscribe_bind(name, stream=subjects.OFFERS_STREAM)
        while True:
            try:
                async with self.resting:
                    (message,) = await queue.fetch(1, timeout=1)
            except nats.errors.Error:
                continue
            offer_id = canonical.decode(Offer, message.data).offer_id
            if offer_id in self.holds:
                await message.nak(delay=0.02)
                continue
            self.holds.add(offer_id)
            with suppress(nats.errors.NoRespondersError):  # the person has gone
                await self.claim(message.data)
            await message.ack_sync()

    async def _follow(self, taken: Taken) -> None:
        """The script, until it is told to stop; whoever owes three receipts gets no more jobs, so it owes none."""
        script = asyncio.ensure_future(self.script(taken))
        stopped = asyncio.create_task(taken.stopped.wait())
        await asyncio.wait({script, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if script.done() and script.exception() is None:
            return
        script.cancel()
        with suppress(LikenessError, nats.errors.Error, asyncio.CancelledError):
            await script
        with suppress(LikenessError, nats.errors.Error, TimeoutError):
            async with asyncio.timeout(2):  # a gateway that is just leaving the job answers nobody
                await taken.say(FrameKind.RECEIPT, taken.receipt(exit_kind="cancelled").encode())


@dataclass
class Wiretap:
    """Whoever may read everything on a NATS server, as the gateway and its operator may."""

    client: Client
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    subscription: Subscription | None = None

    async def listen(self) -> None:
        """From now on. While somebody listens NATS says of no subject that nobody does."""

        async def hear(message: Any) -> None:
            self.heard.append((message.subject, message.data))
            self.changed.set()

        self.subscription = await self.client.subscribe("likeness.>", cb=hear)
        await self.client.flush()

    async def leave(self) -> None:
        """No longer."""
        assert self.subscription is not None
        await self.subscription.unsubscribe()
        await self.client.flush()

    def on(self, word: str) -> list[bytes]:
        """Payloads on ``likeness.<word>.…``, in order."""
        return [payload for subject, payload in self.heard if subject.startswith(f"likeness.{word}.")]

    async def until(self, word: str, count: int = 1) -> bytes:
        """The payload number ``count`` on ``likeness.<word>.…``."""
        async with asyncio.timeout(20):
            while len(found := self.on(word)) < count:
                self.changed.clear()
                await self.changed.wait()
        return found[count - 1]


__all__ = ["YES", "Actor", "Wiretap", "chunks_of", "claim_by", "picture", "portraits", "quoted", "send"]
