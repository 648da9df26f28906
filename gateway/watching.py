"""Whether a job may still go on: its token's entry says so, and is looked at again and again while the job lasts."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from gateway.admission import OpenJob
from gateway.bus import Message
from gateway.door import Door
from gateway.remembering import read_use
from schemas import subjects
from schemas.errors import JobCancelled, TokenExpired, TokenRevoked


@dataclass
class Watch:
    """One job and its token."""

    door: Door
    job: OpenJob
    looked_at: float = float("-inf")
    """Loop time of the last look."""

    async def look(self, message: Message | None) -> None:
        """Return when the job may go on. Looks once a tick, and at once when ``message`` says that it should.

        An announcement is only a reason to look: what counts stands in the ledger, and is found there without one too.

        Raises:
            TokenRevoked: the person withdrew the consent.
            JobCancelled: the person opened another job, which took this one's place.
        """
        now = asyncio.get_running_loop().time()
        is_announced = message is not None and message.subject == subjects.revoked(self.job.jti)
        if not is_announced and now - self.looked_at < self.door.pace.tick_seconds:
            return
        self.looked_at = now
        # A token that the ledger has forgotten is long over; the job that it allowed may still run.
        with suppress(TokenExpired):
            use = await read_use(self.door, self.job.jti)
            if use.revoked_at is not None:
                raise TokenRevoked
            if use.offer_id != self.job.offer_id:
                raise JobCancelled("another job of this consent has taken its place")
