"""One job, told in order: claim, wait for the sealed request, let the child draw, end the child, sign what was seen.

Everything here is public or sealed. The order is the table in ``schemas.job_states``.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import canonical, signing
from schemas.erasure import ExitKind
from schemas.errors import LikenessError
from schemas.frames import FrameKind, decode_chunk
from schemas.job import Offer
from schemas.job_states import Event, State, advance
from schemas.scalars import digest, to_b64u
from schemas.worker_key import Claim, ClaimMessage, Enrolled
from worker import ending, erasure
from worker.intake import Intake
from worker.intake_mail import FoundOffer, JobMail
from worker.outbox import Outbox
from worker.pipe import Said, Task
from worker.process import Child, Ended
from worker.race import first_of
from worker.settings import Settings
from worker.witness import witness

log = logging.getLogger("likeness.worker")

EXIT_SECONDS: Final = 5
"""How long a child may take to exit after its last word."""

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every job of this worker needs."""

    settings: Settings
    identity: Ed25519PrivateKey
    worker: str
    """Thumbprint of ``identity``."""
    software: str
    intake: Intake
    stopping: asyncio.Event
    """Set when this worker shall end."""
    clock: Clock = lambda: int(time.time())


class Job:
    """One offer and one child. ``run`` returns when nothing is left to send; ``child_over`` is set before."""

    def __init__(self, desk: Desk, enrolled: Enrolled, found: FoundOffer, offer: Offer, child: Child) -> None:
        self._desk = desk
        self._enrolled = enrolled
        self._found = found
        self._offer = offer
        self._child = child
        self._claim = self._sign_claim(desk.clock())
        self._state = State.OFFERED
        self._code: str | None = None
        self._stopped: ExitKind | None = None
        self._opened_at: int | None = None
        self._finished = False
        self._image: list[bytes] = []
        self._images = 0
        self._result = hashlib.sha256()
        self.child_over = asyncio.Event()

    @property
    def state(self) -> State:
        """Where the job is."""
        return self._state

    def _step(self, event: Event) -> None:
        self._state = advance(self._state, event)

    def _log(self, words: str) -> None:
        log.info("job %s: %s", self._offer.offer_id, words)

    def _sign_claim(self, now: int) -> str:
        statement = Claim(
            offer=digest(self._found.raw),
            hpke_key=to_b64u(self._child.hpke_key),
            worker=self._desk.worker,
            roster=digest(self._enrolled.roster.encode("ascii")),
            bundle=self._offer.bundle,
            issued_at=now,
            lease_seconds=self._desk.settings.lease_seconds,
        )
        return signing.sign(statement, self._desk.identity)

    async def run(self) -> None:
        """Serve the offer. Afterwards the child has ended, unless nobody saw its claim.

        Raises:
            UnknownJob: nobody waited for the offer; the child is untouched.
            LikenessError: the gateway refused the claim, or cannot be reached.
        """
        async with self._desk.intake.mail(self._desk.worker, self._offer.offer_id) as mail:
            await self._desk.intake.claim(
                self._offer.offer_id, ClaimMessage(roster=self._enrolled.roster, claim=self._claim)
            )
            self._step(Event.CLAIM)
            await self._found.take()
            self._log("claimed")
            await self._wait_for_sealed(mail)
            if mail.sealed.done():
                self._step(Event.DISCLOSE)
                await self._draw(mail, *mail.sealed.result())
            else:
                await self._lapse(mail)

    async def _wait_for_sealed(self, mail: JobMail) -> None:
        """Return when something was disclosed to this claim, its lease is over, or nobody wants it any more."""
        await first_of(
            asyncio.shield(mail.sealed),
            self._child.end(),
            mail.cancelled.wait(),
            mail.lost.wait(),
            self._desk.stopping.wait(),
            within_seconds=self._desk.settings.lease_seconds,
        )

    async def _lapse(self, mail: JobMail) -> None:
        """Nothing was disclosed: the child ends unused, and the gateway may know it."""
        mail.close()
        self._step(Event.CANCEL if mail.cancelled.is_set() else Event.LAPSE)
        self._child.dismiss()
        await first_of(self._child.end(), within_seconds=EXIT_SECONDS)
        ended = await self._end_child()
        outbox = self._outbox()
        outbox.put(FrameKind.RECEIPT, self._receipt(ended, "unused"))
        outbox.close()
        await self._deliver(outbox, mail)

    async def _draw(self, mail: JobMail, disclosure: str, sealed: bytes) -> None:
        """From the sealed request to the child's end, and the receipt delivered."""
        outbox = self._outbox()
        listening = asyncio.create_task(self._listen(outbox))
        try:
            await self._child.give(self._task(disclosure, sealed))
            await self._watch(listening, mail, outbox)
        finally:
            ended = await self._end_child()
        await listening
        self._put_end(outbox, ended, told=mail.cancelled.is_set())
        await self._deliver(outbox, mail)
        self._step(Event.LAPSE if outbox.broken.is_set() else Event.RECEIPT)

    def _outbox(self) -> Outbox:
        return Outbox(lambda frame: self._desk.intake.send_frame(self._offer.offer_id, frame))

    async def _deliver(self, outbox: Outbox, mail: JobMail) -> None:
        """Return when all is sent or cannot be: without a connection there is nobody to send it to."""
        await first_of(asyncio.shield(outbox.sending), mail.lost.wait())
        await outbox.stop()
        self._log("receipt not delivered" if outbox.broken.is_set() else "receipt delivered")

    def _task(self, disclosure: str, sealed: bytes) -> Task:
        return Task(
            gateway=signing.key_of(self._enrolled.key).public_bytes_raw(),
            offer=self._found.raw,
            roster=self._enrolled.roster.encode("ascii"),
            claim=self._claim.encode("ascii"),
            disclosure=disclosure.encode("ascii"),
            sealed=sealed,
        )

    async def _watch(self, listening: asyncio.Task[None], mail: JobMail, outbox: Outbox) -> None:
        """Return when the child has nothing more to say, or must be ended; ``_stopped`` says why."""
        unwanted = (mail.cancelled, mail.lost, outbox.broken)
        await first_of(
            asyncio.shield(listening),
            *(event.wait() for event in unwanted),
            self._desk.stopping.wait(),
            within_seconds=self._desk.settings.job_seconds,
        )
        if listening.done():
            return
        if any(event.is_set() for event in unwanted):
            self._stopped = "cancelled"
        else:
            self._stopped = "killed" if self._desk.stopping.is_set() else "timeout"

    async def _listen(self, outbox: Outbox) -> None:
        """Take what the child says until its end."""
        try:
            async for kind, payload in self._child.messages():
                self._hear(kind, payload, outbox)
        except LikenessError as error:  # a child that talks nonsense is ended; what it said is not used
            self._code = error.code
            self._child.kill()

    def _hear(self, kind: Said, payload: bytes, outbox: Outbox) -> None:
        if kind == Said.PROGRESS:
            outbox.say_progress(payload)
        elif kind == Said.OPENED:
            self._opened_at = self._desk.clock()
            self._step(Event.OPEN)
        elif kind == Said.CHUNK:
            self._keep(payload, outbox)
        elif kind == Said.REFUSED:
            self._code = payload.decode("ascii", "replace")
        elif kind == Said.DONE:
            self._finished = True

    def _keep(self, payload: bytes, outbox: Outbox) -> None:
        """Images are passed on whole, so that the receipt counts whole ones."""
        self._image.append(payload)
        if decode_chunk(payload).last:
            for chunk in self._image:
                outbox.put(FrameKind.IMAGE, chunk)
                self._result.update(decode_chunk(chunk).sealed)
            self._image.clear()
            self._images += 1

    async def _end_child(self) -> Ended:
        """The child has ended; one that still talks or waits is killed."""
        if self._child.has_closed:
            await first_of(self._child.end(), within_seconds=EXIT_SECONDS)
        self._child.kill()
        ended = await self._child.end()
        self.child_over.set()
        return ended

    def _put_end(self, outbox: Outbox, ended: Ended, *, told: bool) -> None:
        """The last frames: the receipt, and before it a problem unless all is there or the gateway was ``told``."""
        kind = ending.exit_kind(finished=self._finished, status=ended.status, stopped=self._stopped, code=self._code)
        self._step(Event.RETURN if kind == "normal" else Event.FAIL)
        if kind != "normal" and not told:
            outbox.put(FrameKind.PROBLEM, canonical.encode(ending.problem(kind, self._code)))
        outbox.put(FrameKind.RECEIPT, self._receipt(ended, kind))
        outbox.close()

    def _receipt(self, ended: Ended, kind: ExitKind) -> bytes:
        self._log(f"child ended ({kind}), {self._images} images")
        seen = witness(self._child, ended, kind, opened_at=self._opened_at, now=self._desk.clock())
        statement = erasure.receipt(self._about(), seen)
        return signing.sign(statement, self._desk.identity).encode("ascii")

    def _about(self) -> erasure.About:
        return erasure.About(
            offer=digest(self._found.raw),
            claim=digest(self._claim.encode("ascii")),
            hpke_key=digest(self._child.hpke_key),
            bundle=self._offer.bundle,
            worker=self._desk.worker,
            software=self._desk.software,
            images=self._images,
            result=self._result.hexdigest() if self._images else None,
        )
