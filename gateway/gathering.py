"""From a job's offers to the claims among which the browser chooses (spec/sealed-job.md 2.5)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from gateway.answers import problem
from gateway.bus import Ear, Message, Ticket
from gateway.claimants import Claimants
from gateway.claims import take_claim
from gateway.matching import Claimant
from gateway.telling import Teller
from gateway.watching import Watch
from schemas import canonical, subjects
from schemas.errors import LikenessError, NoWorker, OutOfOrder, TooFewClaims
from schemas.frames import FrameKind
from schemas.job import Waiting

CHOICE_SECONDS: Final = 10
"""What is left of the first claim's lease, at least, when the browser begins to choose."""


@dataclass
class Gathering:
    """One job that waits for workers."""

    watch: Watch
    claimants: Claimants
    teller: Teller
    gives_up_at: float = 0.0
    """Loop time."""

    async def run(self, ear: Ear) -> None:
        """Return when each lot of the job has its claimant; nothing is left in the queue, however this ends.

        Raises:
            NoWorker: no worker claimed anything.
            TooFewClaims: too few did, within ``choose_seconds`` of the first.
            TokenRevoked, JobCancelled: see ``Watch.look``.
        """
        tickets: list[Ticket] = []
        try:
            for offer in self.watch.job.offers:
                tickets.append(await self.watch.door.bus.offer(offer))  # noqa: PERF401 - those before a failure too
            await self._wait(ear, tickets[0])
        finally:
            for ticket in tickets:
                with suppress(LikenessError):
                    await self.watch.door.bus.withdraw(ticket)
        if not self.claimants.held:
            raise NoWorker
        if not self._is_complete:
            raise TooFewClaims

    @property
    def _is_complete(self) -> bool:
        return len(self.claimants.held) == len(self.watch.job.offers)

    async def _wait(self, ear: Ear, ticket: Ticket) -> None:
        started = self._now()
        self.gives_up_at = started + self.watch.door.settings.claim_seconds
        told_seconds = 0.0
        while self._now() < self.gives_up_at:
            await self._tell_waiting(ticket, int(told_seconds))
            told_seconds += self.watch.door.pace.tick_seconds
            while (left := min(started + told_seconds, self.gives_up_at) - self._now()) > 0:
                message = await ear.receive(left)
                await self.watch.look(message)
                if message is not None:
                    await self._hear(message)
                if self._is_complete:
                    return

    async def _tell_waiting(self, ticket: Ticket, waited_seconds: int) -> None:
        queue = await self.watch.door.bus.queue(ticket)
        waiting = Waiting(
            waited_seconds=waited_seconds,
            gives_up_after_seconds=self.watch.door.settings.claim_seconds,
            ahead=queue.ahead,
            workers=queue.workers,
        )
        await self.teller.tell(FrameKind.WAITING, canonical.encode(waiting))

    async def _hear(self, message: Message) -> None:
        offer_id = self.watch.job.offer_id
        if message.subject == subjects.event(message.sender, offer_id):
            await self.claimants.hear_unchosen(message)
        elif message.subject == subjects.claim(message.sender, offer_id):
            claimant = await take_claim(self.watch.door, self.watch.job, message)
            if claimant is not None:
                self.claimants.held.append(claimant)
                self._hurry(claimant)

    def _hurry(self, claimant: Claimant) -> None:
        # Called for later claimants too: a lease that ends sooner leaves less time.
        pace, lease_seconds = self.watch.door.pace, claimant.lapses_at - self.watch.door.clock()
        patience = min(pace.choose_seconds, lease_seconds - CHOICE_SECONDS)
        self.gives_up_at = min(self.gives_up_at, self._now() + patience)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def refuse_claim(message: Message) -> None:
    """Answer a claim that comes when there is nothing left to claim."""
    await message.answer(problem(OutOfOrder("the lots of this job are taken")))
