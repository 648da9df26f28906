"""The long-lived half of a worker: it owns the connection and ciphertext, and never holds a key or a face.

A lane per bundle: one warm child, one offer, and when the child has ended the next one warms while the last images are
still on their way.
"""

import asyncio
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import canonical, signing
from schemas.errors import (
    ClaimMismatch,
    LikenessError,
    NotEnrolled,
    OfferExpired,
    OutOfOrder,
    UnknownJob,
    UnknownKey,
)
from schemas.job import Offer
from worker import models
from worker.desk import Desk
from worker.enrolment import Membership
from worker.intake import Intake
from worker.intake_mail import FoundOffer
from worker.job import Job
from worker.models import Bundle
from worker.process import Child, start_child
from worker.race import first_of
from worker.settings import Settings
from worker.shortfall import shortfalls
from worker.software import software_digest
from worker.startup import measured_tpm, require_safe_host, require_settings

log = logging.getLogger("likeness.worker")

WARM_RETRY_SECONDS: Final = 5
REFUSED_SECONDS: Final = 2
"""A worker that could not serve an offer asks for the next one after this time: longer than the offer is held back, so
that another worker has it first."""
DOUBTS: Final = {ClaimMismatch.code, NotEnrolled.code, UnknownKey.code}
"""After these refusals the roster entry may be the reason: the gateway has changed its key, or its memory is gone."""


class Lane:
    """Serves the offers of one bundle, one after the other."""

    def __init__(self, desk: Desk, membership: Membership, bundle: Bundle, env: Mapping[str, str]) -> None:
        self._desk = desk
        self._membership = membership
        self._bundle = bundle
        self._env = env
        self._child: Child | None = None
        self._last_job: asyncio.Task[None] | None = None
        self._shortfalls: list[str] = []

    async def serve(self) -> None:
        """Take offers until the worker stops; then return when nothing is left of the last job.

        Raises:
            LikenessError: not even the first child could be started.
        """
        try:
            self._child = await self._start()
            # Until Python 3.12 a cancellation is lost when it comes together with what was waited for.
            while not self._desk.stopping.is_set():
                await self._serve_next()
        finally:
            try:
                await self._settle()
            finally:
                await _end(self._child)

    async def _start(self) -> Child:
        started = time.monotonic()
        child = await start_child(self._desk.settings, self._bundle, self._env)
        log.info("child is warm after %.2f s on %s", time.monotonic() - started, child.warm.provider)
        self._tell(shortfalls(child.outside, child.warm.held))
        return child

    def _tell(self, found: list[str]) -> None:
        """Once, and not of every child."""
        if found != self._shortfalls:
            for line in found:
                log.warning("%s", line)
        self._shortfalls = found

    async def _serve_next(self) -> None:
        if self._child is not None:
            await self._serve_one(self._child)
            return
        try:
            self._child = await self._start()
        except LikenessError as error:
            log.warning("no child could be started: %s: %s", error.code, error.detail)
            await asyncio.sleep(WARM_RETRY_SECONDS)

    async def _serve_one(self, child: Child) -> None:
        """One offer, if there is one, from the queue to its child's end."""
        await self._settle()
        listing = await self._membership.current()
        found = await self._desk.intake.next_offer(self._desk.settings.pool, self._bundle.digest)
        offer = await self._read(found) if found is not None else None
        if found is not None and offer is not None:
            job = Job(self._desk, listing, found, offer, child)
            self._last_job = asyncio.create_task(self._run(job, found, offer, child))
            await first_of(asyncio.shield(self._last_job), job.child_over.wait())
        if not child.is_fit:
            self._child = None

    async def _read(self, found: FoundOffer) -> Offer | None:
        """The offer when it is one for us and still open; any other is out of the queue or for another worker."""
        settings = self._desk.settings
        with suppress(LikenessError):
            offer = canonical.decode(Offer, found.raw)
            wanted = (settings.pool, settings.region, self._bundle.digest)
            if (offer.pool, offer.region, offer.bundle) == wanted and self._desk.clock() < offer.expires_at:
                if not self._desk.claimed.knows(offer.offer_id):
                    return offer
                # Another lot of the same job. Where there is no other worker it lapses, as it should: the person
                # chooses among different ones.
                await found.pass_on()
                return None
        await found.drop()
        return None

    async def _run(self, job: Job, found: FoundOffer, offer: Offer, child: Child) -> None:
        pause_seconds = 0
        try:
            await job.run()
        except (OfferExpired, UnknownJob):
            await found.drop()
        except LikenessError as error:
            log.warning("an offer was not served: %s", error.code)
            if isinstance(error, OutOfOrder):  # the lot is taken, or this worker took another before a restart
                self._desk.claimed.keep(offer.offer_id, offer.expires_at)
            await found.pass_on()
            pause_seconds = REFUSED_SECONDS
        if job.refusal in DOUBTS:
            self._membership.renew()
        if job.is_seen:  # a key that nobody has seen is as good as new
            await _end(child)
        await first_of(self._desk.stopping.wait(), within_seconds=pause_seconds)

    async def _settle(self) -> None:
        """One upload at a time: memory holds the images of at most one job."""
        if self._last_job is not None:
            await asyncio.shield(self._last_job)  # a worker that stops just now still has its receipt to hand in
            self._last_job = None


async def _end(child: Child | None) -> None:
    if child is not None:
        child.kill()
        await child.end()


async def supervise(settings: Settings, identity: Ed25519PrivateKey, stopping: asyncio.Event) -> None:
    """Serve until ``stopping`` is set.

    Raises:
        SettingInvalid: see ``require_settings`` and ``measured_tpm``.
        UnsafeHost: see ``require_safe_host``.
        BundleDamaged, BundleRefused: see ``models.find_bundle``.
    """
    worker = signing.thumbprint(identity.public_key())
    require_settings(settings, worker, int(time.time()))
    require_safe_host(settings)
    bundles = [models.find_bundle(folder, settings.licences) for folder in settings.bundles]
    software = software_digest()
    log.info("worker %s, software %s", worker, software)
    async with measured_tpm(settings, software) as tpm:
        desk = Desk(
            settings=settings,
            identity=identity,
            worker=worker,
            software=software,
            intake=Intake(settings.nats_url, worker),
            stopping=stopping,
            tpm=tpm,
        )
        membership = Membership(desk, bundles)
        lanes = [Lane(desk, membership, bundle, os.environ) for bundle in bundles]
        await _run_all(desk, membership, lanes)


async def _run_all(desk: Desk, membership: Membership, lanes: list[Lane]) -> None:
    enrolling = asyncio.create_task(_connect_and_enrol(desk.intake, membership))
    serving = [asyncio.create_task(lane.serve()) for lane in lanes]
    try:
        await first_of(desk.stopping.wait(), *(asyncio.shield(task) for task in (enrolling, *serving)))
    finally:
        desk.stopping.set()  # a running job ends its child and sends its receipt
        for task in serving:
            task.cancel()
        endings = await asyncio.gather(*serving, return_exceptions=True)
        enrolling.cancel()
        endings += await asyncio.gather(enrolling, return_exceptions=True)
        await desk.intake.close()
    for ending in endings:
        if isinstance(ending, Exception):
            raise ending


async def _connect_and_enrol(intake: Intake, membership: Membership) -> None:
    await intake.connect()
    await membership.keep()
