"""A person's consent becomes a token."""

from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency

from gateway.admission import admit_grant
from gateway.door import Door
from gateway.problems import AnyRequest
from schemas import canonical
from schemas.errors import BadHeader

MAX_BODY_BYTES: Final = 16 * 1024


@post("/api/v1/consents", request_max_body_size=MAX_BODY_BYTES)
async def give_consent(request: AnyRequest, door: NamedDependency[Door]) -> Response[bytes]:
    """Grant JWS in, canonical ``Admitted`` out: token and proof (spec/consent-token.md section 3)."""
    admitted = await admit_grant(door, jws_of(await request.body()))
    return Response(canonical.encode(admitted), media_type="application/json", status_code=201)


def jws_of(body: bytes) -> str:
    """The JWS that is the whole of ``body``.

    Raises:
        BadHeader: a JWS has ASCII letters only.
    """
    if not body.isascii():
        raise BadHeader
    return body.decode("ascii")
