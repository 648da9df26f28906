"""The gateway as a web application: every route in one list, everything it works with handed in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from gateway.door import Door
from gateway.headers import add_headers
from gateway.log_keeper import LogKeeper
from gateway.problems import refuse, refuse_defect, refuse_http
from gateway.routes.consents import give_consent
from gateway.routes.facts import facts
from gateway.routes.health import health
from gateway.routes.jobs import disclose_job, open_job
from gateway.routes.log import LOG_ROUTES
from gateway.routes.page import asset, index
from gateway.routes.revocations import withdraw_consent
from gateway.site import Site
from schemas.errors import LikenessError

ROUTES: Final[Sequence[HTTPRouteHandler]] = (
    index,
    facts,
    give_consent,
    withdraw_consent,
    open_job,
    disclose_job,
    health,
    asset,
)
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
"""Entered when the application starts, left when it stops."""
MAX_BODY_BYTES: Final = 64 * 1024
"""Where a route says nothing smaller."""


def create_app(door: Door, site: Site, lifespan: Sequence[Lifespan] = (), *, log: LogKeeper | None = None) -> Litestar:
    """The application around ``door``. ``lifespan`` runs what must run beside it, such as the connection to NATS.

    With a ``log``, which ``lifespan`` starts and stops, it is there for everybody to read.
    """
    return Litestar(
        route_handlers=[*ROUTES, *(LOG_ROUTES if log else ())],
        dependencies={
            "door": Provide(lambda: door, sync_to_thread=False),
            "site": Provide(lambda: site, sync_to_thread=False),
            "log": Provide(lambda: log, sync_to_thread=False),
        },
        exception_handlers={LikenessError: refuse, HTTPException: refuse_http, Exception: refuse_defect},
        before_send=[add_headers],
        lifespan=list(lifespan),
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )
