"""What this gateway says of itself before anybody decides anything."""

from litestar import Response, get
from litestar.di import NamedDependency

from gateway.door import Door
from schemas import canonical
from schemas.errors import LikenessError


@get("/api/v1/facts")
async def facts(door: NamedDependency[Door]) -> Response[bytes]:
    """The ``Facts`` statement. It is there without NATS too; then no workers are known."""
    workers: dict[str, int] = {}
    try:
        workers = {pool: await door.bus.workers(pool, None) for pool in door.settings.pools}
    except LikenessError:
        workers = {}
    return Response(canonical.encode(door.facts(workers)), media_type="application/json")
