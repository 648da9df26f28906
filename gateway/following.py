"""One job from the choice to the receipt: one worker is heard, the others are sent home (spec/sealed-job.md 5, 6)."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from gateway.answers import YES, problem
from gateway.bus import Ear, Message
from gateway.claimants import Claimants
from gateway.disclosures import UNREACHED
from gateway.gathering import refuse_claim
from gateway.matching import Claimant
from gateway.passing import after, read_worker_frame
from gateway.receipts import check_receipt
from gateway.remembering import read_job
from gateway.telling import Teller
from gateway.watching import Watch
from schemas import subjects
from schemas.errors import (
    JobCancelled,
    JobTimeout,
    LikenessError,
    LogUnavailable,
    OfferExpired,
    ReceiptMismatch,
    TokenRevoked,
    TooFewClaims,
    WorkerLost,
)
from schemas.frames import Frame, FrameKind
from schemas.job import Stop
from schemas.job_states import Event, State, advance

log = logging.getLogger("likeness.gateway")

ENDINGS: Final[dict[type[LikenessError], tuple[Event, Stop]]] = {
    TokenRevoked: (Event.REVOKE, Stop(reason="revoked")),
    JobCancelled: (Event.CANCEL, Stop(reason="cancelled")),
    JobTimeout: (Event.FAIL, Stop(reason="timeout")),
    TooFewClaims: (Event.LAPSE, Stop(reason="not-chosen")),
    OfferExpired: (Event.LAPSE, Stop(reason="not-chosen")),
}
"""What it is to a job that it ends early by this error, and what its worker is told."""
FAILED: Final = (Event.FAIL, Stop(reason="cancelled"))
"""The same for any other error."""


@dataclass
class Following:
    """One job whose claims the browser has."""

    watch: Watch
    claimants: Claimants
    teller: Teller
    state: State = State.CLAIMED
    chosen: Claimant | None = None
    heard_at: float = 0.0
    """Loop time of the worker's last word, or of the disclosure."""
    deadline: float = 0.0
    """Loop time at which the worker must be done."""
    has_receipt: bool = False
    unanswered: Message | None = field(default=None, repr=False)
    """What the worker has said last, until it has its answer."""

    async def run(self, ear: Ear) -> None:
        """Pass on what the chosen worker says, until its receipt and the proof of it are out.

        Raises:
            OfferExpired, TokenRevoked, JobCancelled: nothing was disclosed.
            WorkerLost, ReceiptMismatch: it was, and there is no receipt.
            LogUnavailable: there is a receipt, and no proof.
        """
        while self.state is not State.ENDED:
            message = await ear.receive(self.watch.door.pace.tick_seconds)
            if self.state is State.CLAIMED:
                await self._notice_disclosure()
            await self._look(message)
            if message is not None:
                await self._hear(message)
            await self._check_clocks()

    async def _notice_disclosure(self) -> None:
        """See whether the ledger has a disclosure, which may have come to another replica.

        Raises:
            WorkerLost: it has, and the sealed request reached nobody.
        """
        entry = await read_job(self.watch.door, self.watch.job.offer_id)
        if entry.state is State.ENDED:
            raise WorkerLost(UNREACHED)
        if entry.chosen is None:
            return
        self.state = advance(self.state, Event.DISCLOSE)
        self.chosen = self.claimants.find(entry.chosen)
        self.heard_at = self._now()
        self.deadline = self.heard_at + self.watch.door.settings.job_seconds
        await self.claimants.stop_all(Stop(reason="not-chosen"), spared=self.chosen)

    async def _look(self, message: Message | None) -> None:
        if self.state is State.RETURNED:
            return  # it has been given up, or is over but for the receipt
        try:
            await self.watch.look(message)
        except (TokenRevoked, JobCancelled) as error:
            await self._give_up(error)

    async def _give_up(self, error: LikenessError) -> None:
        event, why = ENDINGS.get(type(error), FAILED)
        self.state = advance(self.state, event)
        if self.chosen is None:
            raise error
        # Its worker is stopped, and has the time of a heartbeat gap to say how it ended.
        await self.claimants.stop(self.chosen, why)
        self.heard_at = self._now()
        self.deadline = self.heard_at + self.watch.door.pace.gap_seconds
        await self.teller.tell_problem(error)

    # --- what is said -------------------------------------------------------------------------------------------------

    async def _hear(self, message: Message) -> None:
        offer_id = self.watch.job.offer_id
        if message.subject == subjects.claim(message.sender, offer_id):
            await refuse_claim(message)
        elif message.subject == subjects.event(message.sender, offer_id):
            if self.chosen is not None and message.sender == self.chosen.worker:
                await self._hear_chosen(message, self.chosen)
            else:
                await self.claimants.hear_unchosen(message)

    async def _hear_chosen(self, message: Message, chosen: Claimant) -> None:
        self.unanswered = message
        try:
            frame = read_worker_frame(message.payload)
            if frame.kind is FrameKind.PROBLEM and self.state is State.RETURNED:
                await self._answer(YES)  # the person knows that it is over, and why
                return
            following = after(self.state, frame.kind)
        except LikenessError as error:
            await self._answer(problem(error))
            if self.state is not State.RETURNED:
                await self._give_up(error)
            return
        if frame.kind is FrameKind.RECEIPT:
            await self._pass_receipt(frame, chosen)
        else:
            await self.teller.tell(frame.kind, frame.payload)
            await self._answer(YES)
        self.state = following
        self.heard_at = self._now()

    async def _pass_receipt(self, frame: Frame, chosen: Claimant) -> None:
        try:
            proof = await self._take_receipt(frame, chosen)
        except LogUnavailable:
            await self.teller.tell(FrameKind.RECEIPT, frame.payload)
            raise
        await self.teller.tell(FrameKind.RECEIPT, frame.payload)
        await self.teller.tell(FrameKind.PROOF, proof.encode())

    async def _take_receipt(self, frame: Frame, chosen: Claimant) -> str:
        try:
            _, leaf = check_receipt(frame.payload, chosen)
        except ReceiptMismatch as error:
            await self._answer(problem(error))
            raise
        # The worker has done its part, whatever becomes of the log and of the browser.
        self.has_receipt = True
        try:
            return await self.watch.door.log.append(leaf)
        finally:
            await self._answer(YES)

    async def _answer(self, payload: bytes) -> None:
        if self.unanswered is not None:
            message, self.unanswered = self.unanswered, None
            await message.answer(payload)

    # --- when nothing is said -----------------------------------------------------------------------------------------

    async def _check_clocks(self) -> None:
        if self.state is State.CLAIMED:
            # A child that was not given anything ends unused and says so: for that it has the time of a heartbeat gap.
            lapsed_at = self.claimants.lapse_at + self.watch.door.pace.gap_seconds
            if self.claimants.are_gone or self.watch.door.clock() >= lapsed_at:
                raise OfferExpired
        elif self.state is not State.ENDED:
            await self._check_worker()

    async def _check_worker(self) -> None:
        now = self._now()
        is_late = now > self.deadline
        if now - self.heard_at > self.watch.door.pace.gap_seconds or (is_late and self.state is State.RETURNED):
            raise WorkerLost
        if is_late:
            await self._give_up(JobTimeout())

    # --- when nobody listens any more ---------------------------------------------------------------------------------

    async def await_receipt(self, ear: Ear) -> None:
        """Take the receipt of a worker that was stopped because the browser is gone: it is logged, and shown to nobody.

        Returns when it is there, or when the worker has had the time of a heartbeat gap. What else it says is refused.
        """
        if self.chosen is None:
            return
        gone = problem(JobCancelled())
        await self._answer(gone)
        until = self._now() + self.watch.door.pace.gap_seconds
        while not self.has_receipt and (left := until - self._now()) > 0:
            self.unanswered = await ear.receive(left)
            if self.unanswered is None:
                continue
            frame = self._receipt_in(self.unanswered, self.chosen)
            try:
                if frame is not None:
                    await self._take_receipt(frame, self.chosen)
            except ReceiptMismatch:
                return
            except LogUnavailable as error:
                log.warning("a receipt is not in the log: %s", error.code)
            await self._answer(gone)

    def _receipt_in(self, message: Message, chosen: Claimant) -> Frame | None:
        if message.subject != subjects.event(chosen.worker, self.watch.job.offer_id):
            return None
        with suppress(LikenessError):
            frame = read_worker_frame(message.payload)
            if frame.kind is FrameKind.RECEIPT:
                return frame
        return None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
