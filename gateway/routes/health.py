"""Whether this gateway can work."""

from http import HTTPStatus

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from gateway.door import Door
from gateway.version import VERSION
from schemas.errors import LikenessError


class Health(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``GET /healthz``."""

    status: str
    """``ok``, or the code of what is wrong with the bus or, if that is well, with the log."""
    nats: str
    """Version of the NATS server; empty when there is none."""
    version: str
    workers: int
    """Workers heard of in the last 24 hours, all pools together."""


@get("/healthz")
async def health(door: NamedDependency[Door]) -> Response[bytes]:
    """200 when jobs can be taken, else 503."""
    bus = door.bus.health()
    status, workers = bus.problem or door.log.health() or "ok", 0
    try:
        workers = sum([await door.bus.workers(pool, None) for pool in door.settings.pools])
    except LikenessError as error:
        status = error.code
    report = Health(status=status, nats=bus.server_version, version=VERSION, workers=workers)
    code = HTTPStatus.OK if status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
    return Response(msgspec.json.encode(report), media_type="application/json", status_code=code)
