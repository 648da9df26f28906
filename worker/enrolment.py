"""Being on the gateway's roster: introduced at the start, again after every reconnect and before an entry runs out."""

import asyncio
import logging
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas import signing
from schemas.errors import LikenessError, NotEnrolled, UnknownKey
from schemas.scalars import to_b64u
from schemas.worker_key import Enrolled, Enrolment, RosterEntry
from worker.desk import Desk, Listing
from worker.endorsement import read_endorsement
from worker.models import Bundle
from worker.race import first_of

log = logging.getLogger("likeness.worker")

RETRY_SECONDS: Final = 2
RENEW_SECONDS: Final = 300
"""Time between two enrolments: a gateway that has changed its key is heard of within it. While the entry has more than
half of its life left, the same one comes back."""
SAID_ALIKE: Final = ("pool", "region", "operator", "software", "endorsement", "attestation")
"""Fields of a roster entry that repeat what the worker said of itself: a gateway may not list it as something else."""


class Membership:
    """Keeps one valid roster entry."""

    def __init__(self, desk: Desk, bundles: list[Bundle]) -> None:
        self._desk = desk
        self._bundles = bundles
        self._listing: Listing | None = None
        self._listed = asyncio.Event()
        self._again = asyncio.Event()

    async def current(self) -> Listing:
        """The entry to claim with, as soon as there is a valid one."""
        while True:
            await self._listed.wait()
            if self._listing is not None and self._desk.clock() < self._listing.not_after:
                return self._listing
            self._listed.clear()
            self._again.set()

    def renew(self) -> None:
        """Enrol again soon: the gateway may think differently of this worker by now."""
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
            said = self._introduction(now)
            signed = signing.sign(said, self._desk.identity, introduce=True)
            listing = read_answer(
                await self._desk.intake.enrol(signed),
                said,
                ours=self._desk.identity.public_key(),
                trusted=self._desk.settings.gateway_key,
            )
        except LikenessError as error:
            log.warning("enrolment: %s: %s; trying again", error.code, error.detail)
            return RETRY_SECONDS
        earlier, self._listing = self._listing, listing
        self._listed.set()
        if listing != earlier:
            log.info("enrolled in pool %s, region %s", said.pool, said.region)
        return min(RENEW_SECONDS, max(RETRY_SECONDS, (listing.not_after - now) / 2))

    def _introduction(self, now: int) -> Enrolment:
        """What this worker says of itself.

        Raises:
            SettingInvalid: its endorsement is not valid any more. The file is read each time: a new one may lie there.
        """
        settings, tpm = self._desk.settings, self._desk.tpm
        file = settings.endorsement
        return Enrolment(
            pool=settings.pool,
            region=settings.region,
            operator=settings.operator,
            software=self._desk.software,
            bundles=sorted({bundle.digest for bundle in self._bundles}),
            endorsement=None if file is None else read_endorsement(file, self._desk.worker, now),
            attestation=None if tpm is None else tpm[1],
            issued_at=now,
        )


def read_answer(enrolled: Enrolled, said: Enrolment, *, ours: Ed25519PublicKey, trusted: tuple[str, ...]) -> Listing:
    """The roster entry, when it is by a ``trusted`` gateway (thumbprints) and says of ``ours`` what it ``said`` itself.

    A key that the gateway names and that is not trusted here counts for nothing.

    Raises:
        StatementError: see ``signing.open_signed``.
        UnknownKey: the gateway signs with a key that is not trusted here.
        NotEnrolled: the entry is about another worker, or says something else of this one.
    """
    named = [signing.key_of(jwk) for jwk in enrolled.keys]
    gateway = tuple(key for key in named if signing.thumbprint(key) in trusted)
    if named[0] not in gateway:
        raise UnknownKey("the gateway that answered is not the one in LIKENESS_GATEWAY_KEY")
    entry = signing.open_signed(RosterEntry, enrolled.roster, *gateway).statement
    if (entry.worker, entry.key) != (signing.thumbprint(ours), to_b64u(ours.public_bytes_raw())):
        raise NotEnrolled("the gateway listed another worker")
    as_said = all(getattr(entry, name) == getattr(said, name) for name in SAID_ALIKE)
    if not as_said or not set(entry.bundles) <= set(said.bundles):
        raise NotEnrolled("the gateway lists this worker as something else than it is")
    return Listing(roster=enrolled.roster, gateway=gateway, not_after=entry.not_after)
