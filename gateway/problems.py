"""Refusals over HTTP: RFC 9457 problem details. One table says which code has which status."""

import logging
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from gateway.defects import trace
from schemas.errors import LikenessError, OverLimit, TooLarge

log = logging.getLogger("likeness.gateway")

AnyRequest = Request[Any, Any, Any]
"""A request as every handler here takes it: nobody is logged in, so there is no user and no session to name."""

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:likeness:problem:"

STATUS: Final[dict[str, HTTPStatus]] = {
    # statements
    "statement-refused": HTTPStatus.BAD_REQUEST,
    "too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not-json": HTTPStatus.BAD_REQUEST,
    "not-canonical": HTTPStatus.BAD_REQUEST,
    "bad-field": HTTPStatus.BAD_REQUEST,
    "bad-header": HTTPStatus.BAD_REQUEST,
    "bad-signature": HTTPStatus.FORBIDDEN,
    "unknown-key": HTTPStatus.FORBIDDEN,
    # consent
    "consent-refused": HTTPStatus.FORBIDDEN,
    "notice-outdated": HTTPStatus.CONFLICT,
    "grant-expired": HTTPStatus.FORBIDDEN,
    "grant-replayed": HTTPStatus.CONFLICT,
    "grant-mismatch": HTTPStatus.FORBIDDEN,
    "token-expired": HTTPStatus.FORBIDDEN,
    "token-exhausted": HTTPStatus.FORBIDDEN,
    "token-revoked": HTTPStatus.FORBIDDEN,
    "wrong-holder": HTTPStatus.FORBIDDEN,
    "job-replayed": HTTPStatus.CONFLICT,
    "job-stale": HTTPStatus.FORBIDDEN,
    "unknown-style": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown-bundle": HTTPStatus.UNPROCESSABLE_ENTITY,
    "wrong-pool": HTTPStatus.UNPROCESSABLE_ENTITY,
    "over-limit": HTTPStatus.UNPROCESSABLE_ENTITY,
    # the record and sealing: opened by workers only, who may name them in an answer that is passed on
    "record-refused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "record-malformed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "record-not-finite": HTTPStatus.UNPROCESSABLE_ENTITY,
    "record-part-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "seal-refused": HTTPStatus.BAD_REQUEST,
    "sealed-size": HTTPStatus.BAD_REQUEST,
    "cannot-open": HTTPStatus.BAD_REQUEST,
    # jobs
    "job-refused": HTTPStatus.CONFLICT,
    "unknown-job": HTTPStatus.NOT_FOUND,
    "out-of-order": HTTPStatus.CONFLICT,
    "claim-mismatch": HTTPStatus.CONFLICT,
    "not-endorsed": HTTPStatus.CONFLICT,
    "quote-invalid": HTTPStatus.CONFLICT,
    "too-few-claims": HTTPStatus.SERVICE_UNAVAILABLE,
    "offer-expired": HTTPStatus.GONE,
    "no-worker": HTTPStatus.SERVICE_UNAVAILABLE,
    "worker-lost": HTTPStatus.BAD_GATEWAY,
    "worker-failed": HTTPStatus.BAD_GATEWAY,
    "job-timeout": HTTPStatus.GATEWAY_TIMEOUT,
    "job-cancelled": HTTPStatus.CONFLICT,
    "result-invalid": HTTPStatus.BAD_GATEWAY,
    "receipt-mismatch": HTTPStatus.BAD_GATEWAY,
    # the log: a proof is checked in browsers and by witnesses, and refused there
    "log-refused": HTTPStatus.BAD_REQUEST,
    "note-malformed": HTTPStatus.BAD_REQUEST,
    "note-untrusted": HTTPStatus.FORBIDDEN,
    "checkpoint-unwitnessed": HTTPStatus.FORBIDDEN,
    "checkpoint-stale": HTTPStatus.FORBIDDEN,
    "proof-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "policy-invalid": HTTPStatus.INTERNAL_SERVER_ERROR,
    "log-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    # the installation
    "error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "operator-error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "bus-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "bus-unsuitable": HTTPStatus.SERVICE_UNAVAILABLE,
    "bundle-damaged": HTTPStatus.INTERNAL_SERVER_ERROR,
    "bundle-refused": HTTPStatus.INTERNAL_SERVER_ERROR,
    "provider-missing": HTTPStatus.INTERNAL_SERVER_ERROR,
    "unsafe-host": HTTPStatus.INTERNAL_SERVER_ERROR,
    "not-enrolled": HTTPStatus.FORBIDDEN,
    "setting-invalid": HTTPStatus.INTERNAL_SERVER_ERROR,
    # edge_export: never met here
    "export-refused": HTTPStatus.INTERNAL_SERVER_ERROR,
    "source-unavailable": HTTPStatus.INTERNAL_SERVER_ERROR,
    "source-digest-mismatch": HTTPStatus.INTERNAL_SERVER_ERROR,
    "unsupported-operator": HTTPStatus.INTERNAL_SERVER_ERROR,
    "parity-failed": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Every code of schemas/errors; a test compares the two."""


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of every refusal."""

    type: str
    """``urn:likeness:problem:<code>``."""
    title: str
    """What the code means, the same each time."""
    status: int
    code: str
    """What programs and the page's message files key on."""
    detail: str


def details_of(error: LikenessError) -> ProblemDetails:
    """What ``error`` says over HTTP."""
    return ProblemDetails(
        type=TYPE_PREFIX + error.code,
        title=error.meaning,
        status=STATUS[error.code],
        code=error.code,
        detail=error.detail,
    )


def refuse(_request: AnyRequest, error: LikenessError) -> Response[bytes]:
    """The answer when a handler said no."""
    if isinstance(error, OverLimit) and error.retry_after_seconds is not None:
        details = msgspec.structs.replace(details_of(error), status=HTTPStatus.TOO_MANY_REQUESTS)
        return _respond(details, {"retry-after": str(error.retry_after_seconds)})
    return _respond(details_of(error))


def refuse_http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """The answer when the web framework said no: no such path or method, or a body over its limit."""
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return refuse(request, TooLarge())
    code = status.phrase.lower().replace(" ", "-")
    return _respond(
        ProblemDetails(
            type=TYPE_PREFIX + code, title=status.phrase, status=status, code=code, detail=status.description
        )
    )


def refuse_defect(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The answer when this program has a defect. What it was stands in the log, not here."""
    log.error("a defect: %s", trace(error))
    return refuse_http(request, HTTPException(status_code=HTTPStatus.INTERNAL_SERVER_ERROR))


def _respond(details: ProblemDetails, headers: dict[str, str] | None = None) -> Response[bytes]:
    body = msgspec.json.encode(details)
    return Response(body, status_code=details.status, media_type=MEDIA_TYPE, headers=headers)
