"""One job, told in order: claim, wait for the sealed request, let the child draw, end the child, sign what was seen.

Everything here is public or sealed. The order is the table in ``schemas.job_states``.
"""

import asyncio
import logging
from typing import Final

from schemas import canonical, signing
from schemas.erasure import ExitKind
from schemas.errors import LikenessError, UnknownJob
from schemas.frames import FrameKind, encode_frame
from schemas.job import Offer
from schemas.job_states import Event, State, advance
from schemas.log_leaf import SALT_BYTES
from schemas.scalars import digest
from schemas.worker_key import ClaimMessage
from worker import ending, erasure
from worker.claiming import sign_claim
from worker.desk import Desk, Listing
from worker.erasure import Seen
from worker.intake import CALL_SECONDS, FRAME_SECONDS
from worker.intake_mail import FoundOffer, JobMail
from worker.outbox import Outbox
from worker.pipe import Said, Task
from worker.process import Child, Ended
from worker.race import first_of
from worker.witness import witness

log = logging.getLogger("likeness.worker")

EXIT_SECONDS: Final = 5
"""How long a child may take to exit after its last word."""
ON_ITS_WAY_SECONDS: Final = 1
"""How long a frame may still be taken after the gateway has ended the job."""
RECONNECT_SECONDS: Final = 60
"""How long a receipt is kept for a gateway that cannot be reached."""


class Job:
    """One offer and one child. ``run`` returns when nothing is left to send; ``child_over`` is set before."""

    def __init__(self, desk: Desk, listing: Listing, found: FoundOffer, offer: Offer, child: Child) -> None:
        self._desk = desk
        self._listing = listing
        self._found = found
        self._offer = offer
        self._child = child
        self._claim = ""
        self._state = State.OFFERED
        self.refusal: str | None = None
        """The code of what the gateway or the child refused, if one did."""
        self._stopped: ExitKind | None = None
        self._opened_at: int | None = None
        self._finished = False
        self.child_over = asyncio.Event()
        self.is_seen = False
        """Whether anybody may have seen the claim: its key then serves no other."""

    def _step(self, event: Event) -> None:
        self._state = advance(self._state, event)

    def _log(self, words: str) -> None:
        log.info("job %s: %s", self._offer.offer_id, words)

    async def run(self) -> None:
        """Serve the offer. Afterwards the child has ended.

        Raises:
            UnknownJob: nobody waited for the offer.
            QuoteInvalid: the TPM gave no quote.
            LikenessError: the gateway refused the claim, or cannot be reached. The child has not ended in any of these.
        """
        self._claim = await sign_claim(self._desk, self._listing, self._offer, self._found.raw, self._child.hpke_key)
        async with self._desk.intake.mail(self._offer, self._desk.handed) as mail:
            await self._make_claim()
            self._step(Event.CLAIM)
            await self._found.take()
            self._log("claimed")
            await self._wait_for_sealed(mail)
            if mail.sealed.done():
                self._step(Event.DISCLOSE)
                await self._draw(mail, *mail.sealed.result())
            else:
                await self._lapse(mail)

    async def _make_claim(self) -> None:
        self.is_seen = True
        try:
            message = ClaimMessage(roster=self._listing.roster, claim=self._claim)
            await self._desk.intake.claim(self._offer.offer_id, message)
        except LikenessError as error:
            self.refusal = error.code
            self.is_seen = not isinstance(error, UnknownJob)
            raise
        self._desk.claimed.keep(self._offer.offer_id, self._offer.expires_at)

    async def _wait_for_sealed(self, mail: JobMail) -> None:
        """Return when something was disclosed to this claim, its lease is over, or nobody wants it any more."""
        await first_of(
            asyncio.shield(mail.sealed),
            self._child.end(),
            mail.stopped.wait(),
            mail.lost.wait(),
            self._desk.stopping.wait(),
            within_seconds=self._desk.settings.lease_seconds,
        )

    async def _lapse(self, mail: JobMail) -> None:
        """Nothing was disclosed: the child ends unused, and the gateway may know it."""
        mail.close()
        kind, event = ending.unused(mail.reason)
        self._step(event)
        if mail.reason != "revoked":
            self._child.dismiss()
            await first_of(self._child.end(), within_seconds=EXIT_SECONDS)
        ended = await self._end_child()
        await self._hand_in(self._receipt(self._see(ended, kind), 0, None), mail)

    async def _draw(self, mail: JobMail, disclosure: str, sealed: bytes) -> None:
        """From the sealed request to the child's end, and the receipt delivered."""
        offer_id, intake = self._offer.offer_id, self._desk.intake
        outbox = Outbox(lambda frame: intake.send_frame(offer_id, frame))
        listening = asyncio.create_task(self._listen(outbox))
        try:
            if not mail.stopped.is_set():
                await self._child.give(self._task(disclosure, sealed))
            await self._watch(listening, mail, outbox)
        finally:
            ended = await self._end_child()
        await listening
        kind = ending.exit_kind(finished=self._finished, status=ended.status, stopped=self._stopped, code=self.refusal)
        self._step(ending.EVENTS.get(kind, Event.FAIL))
        seen = self._see(ended, kind)
        await self._deliver(outbox, mail, kind)
        taken = await self._hand_in(self._receipt(seen, outbox.images, outbox.result), mail)
        self._step(Event.RECEIPT if taken else Event.LAPSE)

    def _task(self, disclosure: str, sealed: bytes) -> Task:
        return Task(
            gateway=b"".join(key.public_bytes_raw() for key in self._listing.gateway),
            offer=self._found.raw,
            roster=self._listing.roster.encode("ascii"),
            claim=self._claim.encode("ascii"),
            disclosure=disclosure.encode("ascii"),
            sealed=sealed,
        )

    async def _watch(self, listening: asyncio.Task[None], mail: JobMail, outbox: Outbox) -> None:
        """Return when the child has nothing more to say, or must be ended; ``_stopped`` says why."""
        await first_of(
            asyncio.shield(listening),
            *(event.wait() for event in (mail.stopped, mail.lost, outbox.broken, self._desk.stopping)),
            within_seconds=self._desk.settings.job_seconds,
        )
        if listening.done():
            return
        if mail.reason is not None:
            self._stopped = ending.STOPPED[mail.reason]
        elif mail.lost.is_set() or outbox.broken.is_set():
            self._stopped = "cancelled"
        else:
            self._stopped = "killed" if self._desk.stopping.is_set() else "timeout"

    async def _listen(self, outbox: Outbox) -> None:
        """Take what the child says until its end."""
        try:
            async for kind, payload in self._child.messages():
                self._hear(kind, payload, outbox)
        except LikenessError as error:  # a child that talks nonsense is ended; what it said is not used
            self.refusal = error.code
            self._child.kill()

    def _hear(self, kind: Said, payload: bytes, outbox: Outbox) -> None:
        if kind == Said.PROGRESS:
            outbox.say_progress(payload)
        elif kind == Said.OPENED:
            self._opened_at = self._desk.clock()
            self._step(Event.OPEN)
        elif kind == Said.CHUNK:
            outbox.put_chunk(payload)
        elif kind == Said.REFUSED:
            self.refusal = payload.decode("ascii", "replace")
        elif kind == Said.DONE:
            self._finished = True

    async def _end_child(self) -> Ended:
        """The child has ended; one that still talks or waits is killed."""
        if self._child.has_closed:
            await first_of(self._child.end(), within_seconds=EXIT_SECONDS)
        self._child.kill()
        ended = await self._child.end()
        self.child_over.set()
        return ended

    # --- what is said at the end --------------------------------------------------------------------------------------

    async def _deliver(self, outbox: Outbox, mail: JobMail, kind: ExitKind) -> None:
        """Return when the images, or the problem instead, are with the gateway, or cannot be.

        A gateway that has ended the job wants nothing but the receipt.
        """
        if kind != "normal" and mail.reason is None:
            outbox.put(FrameKind.PROBLEM, canonical.encode(ending.problem(kind, self.refusal)))
        outbox.close()
        if mail.reason is None:
            await first_of(asyncio.shield(outbox.sending), mail.stopped.wait(), mail.lost.wait())
        await outbox.stop(ON_ITS_WAY_SECONDS if mail.stopped.is_set() else 0)

    def _see(self, ended: Ended, kind: ExitKind) -> Seen:
        return witness(self._child, ended, kind, opened_at=self._opened_at, now=self._desk.clock())

    def _receipt(self, seen: Seen, images: int, result: str | None) -> bytes:
        self._log(f"child ended ({seen.exit_kind}), {images} images")
        about = erasure.About(
            offer=digest(self._found.raw),
            claim=digest(self._claim.encode("ascii")),
            hpke_key=digest(self._child.hpke_key),
            bundle=self._offer.bundle,
            worker=self._desk.worker,
            software=self._desk.software,
            images=images,
            result=result,
            salt=self._desk.random(SALT_BYTES),
        )
        return signing.sign(erasure.receipt(about, seen), self._desk.identity).encode("ascii")

    async def _hand_in(self, receipt: bytes, mail: JobMail) -> bool:
        """Whether the gateway has taken the receipt. If the connection is lost, it is offered once more afterwards."""
        frame = encode_frame(FrameKind.RECEIPT, receipt)
        taken = False
        if not mail.lost.is_set():
            sending = asyncio.create_task(self._send(frame, FRAME_SECONDS))
            await first_of(sending, mail.lost.wait())
            taken = sending.done() and sending.result()
        if not taken and mail.lost.is_set():
            is_up = self._desk.intake.is_up
            await first_of(is_up.wait(), self._desk.stopping.wait(), within_seconds=RECONNECT_SECONDS)
            taken = is_up.is_set() and await self._send(frame, CALL_SECONDS)
        self._log("receipt delivered" if taken else "receipt not delivered")
        return taken

    async def _send(self, frame: bytes, within_seconds: float) -> bool:
        try:
            await self._desk.intake.send_frame(self._offer.offer_id, frame, within_seconds)
        except LikenessError as error:
            log.warning("a receipt was not taken: %s", error.code)
            return False
        return True
