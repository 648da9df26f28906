"""Being on the gateway's roster: introduced at the start, again after every reconnect and before an entry runs out."""

import asyncio
import logging
from typing import Final

from schemas import signing
from schemas.errors import LikenessError, NotEnrolled, UnknownKey
from schemas.worker_key import Enrolled, Enrolment, RosterEntry
from worker.job import Desk
from worker.models import Bundle
from worker.race import first_of

log = logging.getLogger("likeness.worker")

RETRY_SECONDS: Final = 2
RENEW_SHARE: Final = 0.5
"""An entry is renewed when this share of its life is over."""


class Membership:
    """Keeps one valid roster entry."""

    def __init__(self, desk: Desk, bundles: list[Bundle]) -> None:
        self._desk = desk
        self._bundles = bundles
        self._enrolled: Enrolled | None = None
        self._not_after = 0
        self._listed = asyncio.Event()
        self._again = asyncio.Event()

    async def current(self) -> Enrolled:
        """The entry to claim with, as soon as there is a valid one."""
        while True:
            await self._listed.wait()
            if self._enrolled is not None and self._desk.clock() < self._not_after:
                return self._enrolled
            self._listed.clear()
            self._again.set()

    async def keep(self) -> None:
        """Enrol, and enrol again in time, for ever."""
        while True:
            self._again.clear()
            came_back = self._desk.intake.came_back
            came_back.clear()
            seconds = await self._enrol_once()
            # A server that has restarted remembers nobody.
            await first_of(self._again.wait(), came_back.wait(), within_seconds=seconds)

    async def _enrol_once(self) -> float:
        """Seconds after which to try again."""
        now = self._desk.clock()
        try:
            enrolled = await self._desk.intake.enrol(self._introduction(now))
            entry = self._check(enrolled)
        except LikenessError as error:
            log.warning("enrolment: %s: %s; trying again", error.code, error.detail)
            return RETRY_SECONDS
        self._enrolled, self._not_after = enrolled, entry.not_after
        self._listed.set()
        log.info("enrolled in pool %s, region %s", entry.pool, entry.region)
        return max(RETRY_SECONDS, RENEW_SHARE * (entry.not_after - now))

    def _introduction(self, now: int) -> str:
        settings = self._desk.settings
        statement = Enrolment(
            pool=settings.pool,
            region=settings.region,
            operator=settings.operator,
            software=self._desk.software,
            bundles=sorted({bundle.digest for bundle in self._bundles}),
            issued_at=now,
        )
        return signing.sign(statement, self._desk.identity, introduce=True)

    def _check(self, enrolled: Enrolled) -> RosterEntry:
        """The roster entry, when it is by the trusted gateway and about this worker.

        Raises:
            UnknownKey: by another gateway.
            NotEnrolled: about another worker.
        """
        gateway = signing.key_of(enrolled.key)
        if signing.thumbprint(gateway) != self._desk.settings.gateway_key:
            raise UnknownKey("the gateway that answered is not the one in LIKENESS_GATEWAY_KEY")
        entry = signing.open_signed(RosterEntry, enrolled.roster, gateway).statement
        if entry.worker != self._desk.worker:
            raise NotEnrolled
        return entry
