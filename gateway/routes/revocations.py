"""A person's consent is withdrawn."""

from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency

from gateway.door import Door
from gateway.problems import AnyRequest
from gateway.revocations import revoke
from gateway.routes.consents import jws_of
from schemas import canonical

MAX_REVOCATION_BYTES: Final = 4 * 1024


@post("/api/v1/revocations", request_max_body_size=MAX_REVOCATION_BYTES, status_code=200)
async def withdraw_consent(request: AnyRequest, door: NamedDependency[Door]) -> Response[bytes]:
    """Revocation JWS in, canonical ``Revoked`` out (spec/consent-token.md section 5)."""
    revoked = await revoke(door, jws_of(await request.body()))
    return Response(canonical.encode(revoked), media_type="application/json", status_code=200)
