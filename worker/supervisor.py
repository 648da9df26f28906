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
from schemas.errors import LikenessError, OfferExpired, SettingInvalid, UnknownJob, UnsafeHost
from schemas.job import Offer
from worker import host, models
from worker.enrolment import Membership
from worker.intake import Intake
from worker.intake_mail import FoundOffer
from worker.job import Desk, Job
from worker.models import Bundle
from worker.process import Child, start_child
from worker.race import first_of
from worker.settings import Settings
from worker.software import software_digest

log = logging.getLogger("likeness.worker")

WARM_RETRY_SECONDS: Final = 5


class Lane:
    """Serves the offers of one bundle, one after the other."""

    def __init__(self, desk: Desk, membership: Membership, bundle: Bundle, env: Mapping[str, str]) -> None:
        self._desk = desk
        self._membership = membership
        self._bundle = bundle
        self._env = env
        self._child: Child | None = None
        self._last_job: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Take offers until cancelled; then return when nothing is left of the last job.

        Raises:
            LikenessError: not even the first child could be started.
        """
        try:
            self._child = await self._start()
            while True:
                await self._serve_next()
        finally:
            await self._settle()
            await _end(self._child)

    async def _start(self) -> Child:
        started = time.monotonic()
        child = await start_child(self._desk.settings, self._bundle, self._env)
        log.info("child is warm after %.2f s on %s", time.monotonic() - started, child.warm.provider)
        return child

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
        enrolled = await self._membership.current()
        found = await self._desk.intake.next_offer(self._desk.settings.pool, self._bundle.digest)
        offer = await self._read(found) if found is not None else None
        if found is not None and offer is not None:
            job = Job(self._desk, enrolled, found, offer, child)
            self._last_job = asyncio.create_task(_run(job, found, child))
            await first_of(asyncio.shield(self._last_job), job.child_over.wait())
        if not child.is_fit:
            self._child = None

    async def _read(self, found: FoundOffer) -> Offer | None:
        """The offer when it is one for us and still open; any other is out of the queue."""
        settings = self._desk.settings
        with suppress(LikenessError):
            offer = canonical.decode(Offer, found.raw)
            wanted = (settings.pool, settings.region, self._bundle.digest)
            if (offer.pool, offer.region, offer.bundle) == wanted and self._desk.clock() < offer.expires_at:
                return offer
        await found.drop()
        return None

    async def _settle(self) -> None:
        """One upload at a time: memory holds the images of at most one job."""
        if self._last_job is not None:
            await self._last_job
            self._last_job = None


async def _run(job: Job, found: FoundOffer, child: Child) -> None:
    try:
        await job.run()
    except UnknownJob:
        # Nobody has seen the claim, so the child and its key are as good as new.
        await found.drop()
    except LikenessError as error:
        log.warning("an offer was not served: %s", error.code)
        await (found.drop() if isinstance(error, OfferExpired) else found.pass_on())
        await _end(child)


async def _end(child: Child | None) -> None:
    if child is not None:
        child.kill()
        await child.end()


def require_safe_host(settings: Settings) -> None:
    """Return when memory cannot reach a disk by way of swap, or the operator accepts it by name.

    Raises:
        UnsafeHost: otherwise.
    """
    if host.swap_is_on() is not False:
        if not settings.accept_swap:
            raise UnsafeHost("swap is on, or this machine does not say: turn it off, or start with --i-accept-swap")
        log.warning("swap is on and was accepted; every receipt says so")


async def supervise(settings: Settings, identity: Ed25519PrivateKey, stopping: asyncio.Event) -> None:
    """Serve until ``stopping`` is set.

    Raises:
        SettingInvalid: no gateway is named.
        UnsafeHost: see ``require_safe_host``.
        BundleDamaged, BundleRefused: see ``models.find_bundle``.
    """
    if settings.gateway_key is None:
        raise SettingInvalid("LIKENESS_GATEWAY_KEY must name the gateway to work for")
    require_safe_host(settings)
    bundles = [models.find_bundle(folder, settings.licences) for folder in settings.bundles]
    if not bundles:
        raise SettingInvalid("LIKENESS_BUNDLES names no folder")
    intake = Intake(settings.nats_url)
    desk = Desk(
        settings=settings,
        identity=identity,
        worker=signing.thumbprint(identity.public_key()),
        software=software_digest(),
        intake=intake,
        stopping=stopping,
    )
    log.info("worker %s, software %s", desk.worker, desk.software)
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
