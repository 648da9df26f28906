"""One job from its offer to its end: what the browser's stream says, in order (spec/sealed-job.md sections 1 and 5).

A frame of the worker is answered once the browser's connection has taken it, so a slow browser slows the worker down
and nothing piles up here. When the browser goes away, the worker is told to stop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from gateway import admission, ledger
from gateway.admission import OpenJob
from gateway.bus import Ear, Message, Ticket
from gateway.door import Door
from gateway.ledger import JobEntry
from gateway.matching import withdraw
from gateway.passing import after, read_worker_frame
from schemas import canonical, subjects
from schemas.errors import (
    JobTimeout,
    LikenessError,
    NoWorker,
    OfferExpired,
    WorkerLost,
)
from schemas.frames import FrameKind, encode_frame
from schemas.job import Waiting
from schemas.job_states import Event, State, advance
from schemas.worker_key import ClaimMessage

log = logging.getLogger("likeness.gateway")

CLEAN_UP_SECONDS: Final = 5

Emit = Callable[[bytes], Awaitable[None]]
"""Takes one frame; returns when the browser's connection has taken it."""


@dataclass
class Relay:
    """One job at the replica that holds its stream."""

    door: Door
    job: OpenJob
    emit: Emit = field(repr=False)
    state: State = State.OFFERED
    lapses_at: int = 0
    """End of the claim's lease, unix time."""
    heard_at: float = 0.0
    """Loop time of the worker's last word, or of the disclosure."""
    deadline: float = 0.0
    """Loop time at which the worker must be done."""
    problem_told: bool = False

    async def run(self) -> None:
        """Emit every frame of the job, END last. Cancel this to say that the browser is gone."""
        offer_id = self.job.offer.offer_id
        try:
            async with self.door.bus.listen(subjects.event(offer_id)) as events:
                # Nobody listens for claims after the first: NATS tells later workers so at once.
                async with self.door.bus.listen(subjects.claim(offer_id)) as claims:
                    claimed = await self._wait_for_claim(claims)
                await self._tell_claim(*claimed)
                await self._pass_on(events)
        except LikenessError as error:
            await self._tell_problem(error)
        finally:
            if self.state is not State.ENDED:
                await self._abandon()
        await self.emit(encode_frame(FrameKind.END))

    # --- until a worker claims the offer ------------------------------------------------------------------------------

    async def _wait_for_claim(self, claims: Ear) -> tuple[ClaimMessage, JobEntry]:
        ticket = await self.door.bus.offer(self.job.offer)
        started = self._now()
        told_seconds = 0.0
        try:
            while told_seconds < self.door.settings.claim_seconds:
                await self._tell_waiting(ticket, int(told_seconds))
                told_seconds += self.door.pace.tick_seconds
                while (left := started + told_seconds - self._now()) > 0:
                    message = await claims.receive(left)
                    if message and (taken := await admission.take_claim(self.door, self.job.offer, message)):
                        return taken
        finally:
            with suppress(LikenessError):
                await self.door.bus.withdraw(ticket)
        raise NoWorker

    async def _tell_waiting(self, ticket: Ticket, waited_seconds: int) -> None:
        queue = await self.door.bus.queue(ticket)
        waiting = Waiting(
            waited_seconds=waited_seconds,
            gives_up_after_seconds=self.door.settings.claim_seconds,
            ahead=queue.ahead,
            workers=queue.workers,
        )
        await self.emit(encode_frame(FrameKind.WAITING, canonical.encode(waiting)))

    async def _tell_claim(self, claim: ClaimMessage, entry: JobEntry) -> None:
        self.state = entry.state
        self.lapses_at = entry.lapses_at
        await self.emit(encode_frame(FrameKind.OFFER, canonical.encode(self.job.offer)))
        await self.emit(encode_frame(FrameKind.ROSTER, claim.roster.encode("ascii")))
        await self.emit(encode_frame(FrameKind.CLAIM, claim.claim.encode("ascii")))

    # --- from the claim to the receipt --------------------------------------------------------------------------------

    async def _pass_on(self, events: Ear) -> None:
        while self.state is not State.ENDED:
            message = await events.receive(self.door.pace.tick_seconds)
            if self.state is State.CLAIMED:
                await self._notice_disclosure()
            if message is not None:
                await self._pass_frame(message)
            await self._check_clocks()

    async def _notice_disclosure(self) -> None:
        # The disclosure may have come to another replica: the ledger knows.
        entry, _ = await admission.read_job(self.door, self.job.offer.offer_id)
        if entry.disclosed_at is not None:
            self.state = advance(self.state, Event.DISCLOSE)
            self.heard_at = self._now()
            self.deadline = self.heard_at + self.door.settings.job_seconds

    async def _pass_frame(self, message: Message) -> None:
        try:
            frame = read_worker_frame(message.payload)
            if self.state is State.CLAIMED and frame.kind is FrameKind.RECEIPT:
                following = advance(self.state, Event.LAPSE)
            else:
                following = after(self.state, frame.kind)
        except LikenessError as error:
            await message.answer(admission.problem(error))
            raise
        await self.emit(encode_frame(frame.kind, frame.payload))
        await message.answer(admission.YES)
        if self.state is State.CLAIMED:
            await self._tell_problem(OfferExpired())
        self.problem_told = self.problem_told or frame.kind is FrameKind.PROBLEM
        self.state = following
        self.heard_at = self._now()

    async def _check_clocks(self) -> None:
        if self.state is State.CLAIMED:
            # A child that was not given anything ends unused and says so: its receipt has the time of a heartbeat gap.
            if self.door.clock() >= self.lapses_at + self.door.pace.gap_seconds:
                raise OfferExpired
        elif self.state is not State.ENDED:
            await self._check_worker()

    async def _check_worker(self) -> None:
        now = self._now()
        is_late = now > self.deadline
        if now - self.heard_at > self.door.pace.gap_seconds or (is_late and self.state is State.RETURNED):
            raise WorkerLost
        if is_late:
            # It is stopped, and has the time of a heartbeat gap to say how it ended.
            self.state = advance(self.state, Event.FAIL)
            self.deadline = now + self.door.pace.gap_seconds
            await self._tell_problem(JobTimeout())
            await self.door.bus.cancel(self.job.offer.offer_id)
            self.heard_at = self._now()

    # --- ends ---------------------------------------------------------------------------------------------------------

    async def _tell_problem(self, error: LikenessError) -> None:
        log.info("job ended: %s", error.code)
        if not self.problem_told:
            self.problem_told = True
            await self.emit(encode_frame(FrameKind.PROBLEM, admission.problem(error)))

    async def _abandon(self) -> None:
        with suppress(LikenessError, TimeoutError):
            async with asyncio.timeout(CLEAN_UP_SECONDS):
                await self.door.bus.cancel(self.job.offer.offer_id)
                entry, stored = await admission.read_job(self.door, self.job.offer.offer_id)
                key = ledger.job_key(self.job.offer.offer_id)
                ended = canonical.encode(withdraw(entry))
                await self.door.bus.replace(subjects.KV_JOBS, key, ended, stored.revision)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
