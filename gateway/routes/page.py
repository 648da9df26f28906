"""The page, its scripts and the browser's models."""

from http import HTTPStatus

from litestar import HttpMethod, Response, route
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from gateway.problems import AnyRequest
from gateway.site import NOT_BUILT, Asset, Site


@route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def index(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The page itself."""
    found = site.find("/")
    if found is None:
        return Response(NOT_BUILT, status_code=HTTPStatus.SERVICE_UNAVAILABLE, media_type="text/html")
    return send(request, found)


@route("/{path:path}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def asset(request: AnyRequest, path: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """Anything else that the page consists of."""
    found = site.find(path)
    if found is None:
        raise NotFoundException
    return send(request, found)


def send(request: AnyRequest, asset: Asset) -> Response[bytes]:
    """``asset`` in the best coding that the browser takes, or 304 when it has it already."""
    headers = asset.headers
    if request.headers.get("if-none-match") == asset.etag:
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers, media_type=asset.media_type)
    coding = asset.best_coding(request.headers.get("accept-encoding", ""))
    if coding != "identity":
        headers = headers | {"content-encoding": coding}
    return Response(asset.bodies[coding], status_code=HTTPStatus.OK, headers=headers, media_type=asset.media_type)
