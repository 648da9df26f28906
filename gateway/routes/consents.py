"""A person's consent becomes a token."""

from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency

from gateway.admission import admit_grant
from gateway.door import Door
from gateway.problems import AnyRequest
from schemas.errors import BadHeader

MAX_BODY_BYTES: Final = 16 * 1024


@post("/api/v1/consents", request_max_body_size=MAX_BODY_BYTES)
async def give_consent(request: AnyRequest, door: NamedDependency[Door]) -> Response[bytes]:
    """Grant JWS in, token JWS out (spec/consent-token.md section 3)."""
    body = await request.body()
    if not body.isascii():
        raise BadHeader
    token = await admit_grant(door, body.decode("ascii"))
    return Response(token.encode("ascii"), media_type="application/jose", status_code=201)
