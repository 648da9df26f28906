"""One job from its offers to its end: what the browser's stream says, in order (spec/sealed-job.md sections 1 and 5).

A frame of the worker is answered once the browser's connection has taken it, so a slow browser slows the worker down
and nothing piles up here. However a job ends, whoever works on it is told to stop, and the ledger knows of the end.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from gateway import matching
from gateway.admission import OpenJob
from gateway.bus import Ear
from gateway.claimants import Claimants
from gateway.door import Door
from gateway.following import ENDINGS, FAILED, Following
from gateway.gathering import Gathering
from gateway.remembering import add_strike, change_job, read_job
from gateway.telling import Emit, Teller
from gateway.watching import Watch
from schemas import canonical, subjects
from schemas.errors import LikenessError, ReceiptMismatch, WorkerLost
from schemas.frames import FrameKind
from schemas.job import Choose
from schemas.log_leaf import roster_entry

log = logging.getLogger("likeness.gateway")

CLEAN_UP_SECONDS: Final = 5


class Relay:
    """One job at the replica that holds its stream."""

    def __init__(self, door: Door, job: OpenJob, emit: Emit) -> None:
        """Nothing is said or heard before ``run``."""
        self._door = door
        self._job = job
        self._teller = Teller(emit)
        self._watch = Watch(door, job)
        self._claimants = Claimants(door, job.offer_id)
        self._following = Following(self._watch, self._claimants, self._teller)
        self._error: LikenessError | None = None

    async def run(self) -> None:
        """Emit every frame of the job, END last. Cancel this to say that the browser is gone."""
        offer_id = self._job.offer_id
        heard = (subjects.claim("*", offer_id), subjects.event("*", offer_id), subjects.revoked(self._job.jti))
        try:
            async with self._door.bus.listen(*heard) as ear:
                await self._serve(ear)
        except LikenessError as error:
            await self._teller.tell_problem(error)
        await self._teller.tell(FrameKind.END)

    async def _serve(self, ear: Ear) -> None:
        try:
            await Gathering(self._watch, self._claimants, self._teller).run(ear)
            await self._tell_claims()
            await self._following.run(ear)
        except LikenessError as error:
            self._error = error
            await self._teller.tell_problem(error)
        finally:
            await self._leave(ear)

    async def _tell_claims(self) -> None:
        for claimant in self._claimants.held:
            roster = claimant.message.roster
            # It stands there since the worker enrolled, which may be hours ago; a browser wants to see it now.
            proof = await self._door.log.append(roster_entry(roster))
            await self._teller.tell(FrameKind.OFFER, canonical.encode(claimant.offer))
            await self._teller.tell(FrameKind.ROSTER, roster.encode("ascii"))
            await self._teller.tell(FrameKind.PROOF, proof.encode())
            await self._teller.tell(FrameKind.CLAIM, claimant.message.claim.encode("ascii"))
        choose = Choose(claims=len(self._claimants.held), lots=len(self._job.offers))
        await self._teller.tell(FrameKind.CHOOSE, canonical.encode(choose))

    # --- the end ------------------------------------------------------------------------------------------------------

    async def _leave(self, ear: Ear) -> None:
        following = self._following
        async with _tidying(CLEAN_UP_SECONDS):
            # First, so that nothing can be disclosed any more; what was, in the last moment, is seen here.
            closed = await change_job(self._door, self._job.offer_id, matching.close)
            following.chosen = following.chosen or self._claimants.find(closed.chosen or "")
        if not following.has_receipt:
            async with _tidying(CLEAN_UP_SECONDS + self._door.pace.gap_seconds):
                await self._send_home(ear)

    async def _send_home(self, ear: Ear) -> None:
        _, why = ENDINGS.get(type(self._error), FAILED) if self._error else FAILED
        chosen = self._following.chosen
        if chosen is None:
            await self._claimants.stop_all(why)
            return
        await self._claimants.stop(chosen, why)
        if not isinstance(self._error, WorkerLost | ReceiptMismatch):
            await self._following.await_receipt(ear)
        if not self._following.has_receipt and (await read_job(self._door, self._job.offer_id)).chosen is not None:
            log.warning("worker %s owes a receipt", chosen.worker)
            await add_strike(self._door, chosen.worker)


@asynccontextmanager
async def _tidying(within_seconds: float) -> AsyncIterator[None]:
    # Nobody is left to tell of what goes wrong here.
    with suppress(LikenessError, TimeoutError):
        async with asyncio.timeout(within_seconds):
            yield
