"""Headers of every answer, refusals included: what a browser may do with it."""

from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

PAGE_DIRECTIVES: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "likeness",
}
PAGE_POLICY: Final = "; ".join(f"{name} {sources}" for name, sources in PAGE_DIRECTIVES.items())
"""The page may talk to its own origin and nobody else; one named policy may name scripts, and it allows /vision.js."""

VISION_POLICY: Final = "default-src 'none'; script-src 'wasm-unsafe-eval'"
"""The Web Worker that sees the photo obeys the policy of its own response: it may compile wasm and reach nobody."""

EVERYWHERE: Final = {
    "content-security-policy": PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=(), browsing-topics=()",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
"""What is said unless a handler has said otherwise."""


async def add_headers(message: Message, _scope: Scope) -> None:
    """Complete the headers of an answer that is about to be sent (a Litestar ``before_send`` hook)."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in EVERYWHERE.items():
            headers.setdefault(name, value)
