"""``python -m gateway``: one gateway, set up by its environment (gateway/README.md)."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import uvicorn
from litestar import Litestar

from gateway.admission import enrol
from gateway.app import create_app
from gateway.catalogue import Catalogue, read_catalogue
from gateway.dispatch import Dispatcher, Place
from gateway.door import Door
from gateway.key_ring import load_ring
from gateway.log_keeper import LogKeeper
from gateway.log_setup import open_log
from gateway.nats_version import is_loopback
from gateway.public_facts import log_facts, public_facts
from gateway.settings import Settings, read_settings
from gateway.site import Site, pin_policy, read_site
from schemas import signing
from schemas.errors import LikenessError
from schemas.log_policy import NONE, write_policy

GOODBYE_SECONDS: Final = 5
"""Streams that are still open when the gateway stops have this time to end."""
SETTING_WRONG: Final = 2

log = logging.getLogger("likeness.gateway")


def build(settings: Settings) -> Litestar:
    """The application of ``settings``, on the real clock, disk, randomness and NATS.

    Raises:
        SettingInvalid, BundleDamaged, PolicyInvalid, LogUnavailable, ProofInvalid: the gateway cannot start like this.
    """
    catalogue = read_catalogue(settings.bundles)
    dispatcher = _dispatcher(settings, catalogue)
    ring = load_ring(settings.signing_key_file, os.urandom(32), now=_now())
    keeper = open_log(settings, _now)
    site = pin_policy(read_site(settings.page, settings.edge), write_policy(keeper.policy, urls=False))
    door = Door(
        settings=settings,
        key=ring.key,
        former_keys=ring.former,
        catalogue=catalogue,
        bus=dispatcher,
        log=keeper,
        clock=_now,
        randomness=os.urandom,
    )
    _say_what_is_odd(door, site, keeper)

    @asynccontextmanager
    async def at_work(_app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            opened.push_async_callback(keeper.stop)
            await keeper.start()
            opened.push_async_callback(dispatcher.close)
            await dispatcher.open(partial(enrol, door))
            telling = asyncio.create_task(log_facts(public_facts(catalogue, site), keeper))
            opened.push_async_callback(_end, telling)
            yield

    return create_app(door, site, [at_work], log=keeper)


def _dispatcher(settings: Settings, catalogue: Catalogue) -> Dispatcher:
    queues = [(pool, bundle) for pool in settings.pools for bundle in catalogue.bundles]
    workers = Place(settings.nats_url, settings.nats_credentials)
    ledger = Place(settings.ledger_url, settings.ledger_credentials) if settings.ledger_url else workers
    return Dispatcher(workers, ledger, queues=queues, offer_seconds=settings.claim_seconds)


def _say_what_is_odd(door: Door, site: Site, keeper: LogKeeper) -> None:
    log.info("key %s", signing.thumbprint(door.public_keys[0]))
    for former in door.public_keys[1:]:
        log.info("key %s verifies until its day is over; it signs no more", signing.thumbprint(former))
    if not door.catalogue.bundles:
        log.warning("there is no bundle on offer, so nobody can ask for a portrait")
    if not site.is_built:
        log.warning("the page is not built")
    if keeper.policy.quorum == NONE:
        log.warning("the log has no witness: a browser sees that it is signed, not that everybody is shown the same")
    if not is_loopback(door.settings.host):
        log.warning("not on loopback: without TLS in front, browsers will not give the page its keys")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _now() -> int:
    return int(time.time())


def main() -> int:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format="gateway: %(message)s", stream=sys.stderr)
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    try:
        settings = read_settings(os.environ)
        app = build(settings)
    except LikenessError as error:
        log.error("%s: %s", error.code, error.detail)  # noqa: TRY400 - the message is for the operator, the stack is not
        return SETTING_WRONG
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_config=None,
            log_level=logging.WARNING,
            timeout_graceful_shutdown=GOODBYE_SECONDS,
        )
    )
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
