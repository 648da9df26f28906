"""``python -m gateway``: one gateway, set up by its environment (gateway/README.md)."""

import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from litestar import Litestar

from gateway.app import create_app
from gateway.catalogue import read_catalogue
from gateway.dispatch import Dispatcher
from gateway.door import Door
from gateway.enrolment import enrol
from gateway.keys import load_or_create
from gateway.nats_version import is_loopback
from gateway.settings import Settings, read_settings
from gateway.site import read_site
from schemas import signing
from schemas.errors import LikenessError
from schemas.worker_key import Enrolled, RosterEntry

GOODBYE_SECONDS: Final = 5
"""Streams that are still open when the gateway stops have this time to end."""
SETTING_WRONG: Final = 2

log = logging.getLogger("likeness.gateway")


def build(settings: Settings) -> Litestar:
    """The application of ``settings``, on the real clock, disk, randomness and NATS.

    Raises:
        SettingInvalid, BundleDamaged: the gateway cannot start like this.
    """
    catalogue = read_catalogue(settings.bundles)
    queues = [(pool, bundle) for pool in settings.pools for bundle in catalogue.bundles]
    dispatcher = Dispatcher(settings.nats_url, settings.nats_credentials, queues, settings.claim_seconds)
    door = Door(
        settings=settings,
        key=load_or_create(settings.signing_key_file, os.urandom(32)),
        catalogue=catalogue,
        bus=dispatcher,
        clock=lambda: int(time.time()),
        randomness=os.urandom,
    )
    site = read_site(settings.page, settings.edge)
    log.info("key %s", signing.thumbprint(door.public_key))
    if not catalogue.bundles:
        log.warning("there is no bundle on offer, so nobody can ask for a portrait")
    if not site.is_built:
        log.warning("the page is not built")
    if not is_loopback(settings.host):
        log.warning("not on loopback: without TLS in front, browsers will not give the page its keys")

    def enrol_now(jws: str) -> tuple[RosterEntry, Enrolled]:
        return enrol(jws, door.terms, allowed=door.allowed_workers, key=door.key, now=door.clock())

    @asynccontextmanager
    async def on_the_bus(_app: Litestar) -> AsyncIterator[None]:
        await dispatcher.start(enrol_now)
        try:
            yield
        finally:
            await dispatcher.stop()

    return create_app(door, site, [on_the_bus])


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
