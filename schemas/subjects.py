"""Names on NATS (spec/subjects.md). Sealed bytes travel on core request/reply only; the stream holds offers alone."""

from typing import Final

OFFERS_STREAM: Final = "LIKENESS_OFFERS"
OFFERS_FILTER: Final = "likeness.offer.>"
ENROL: Final = "likeness.enrol"

KV_GRANTS: Final = "LIKENESS_GRANTS"
KV_TOKENS: Final = "LIKENESS_TOKENS"
KV_JOBS: Final = "LIKENESS_JOBS"
KV_WORKERS: Final = "LIKENESS_WORKERS"


def offer(pool: str, bundle: str) -> str:
    """Where offers for one pool and bundle (digest) are queued."""
    return f"likeness.offer.{pool}.{bundle[:16]}"


def consumer(pool: str, bundle: str) -> str:
    """The durable consumer that idle workers of one pool and bundle pull from."""
    return f"{pool}-{bundle[:16]}"


def claim(offer_id: str) -> str:
    """Core request, worker -> the gateway replica that holds the job's stream: OFFER is taken."""
    return f"likeness.claim.{offer_id}"


def seal(worker: str, offer_id: str) -> str:
    """Core request, gateway -> worker (thumbprint): the disclosure and the sealed request."""
    return f"likeness.seal.{worker}.{offer_id}"


def event(offer_id: str) -> str:
    """Core request, worker -> gateway: one frame; the reply is the permission to send the next."""
    return f"likeness.event.{offer_id}"


def cancel(offer_id: str) -> str:
    """Core publish, gateway -> worker: stop this job now."""
    return f"likeness.cancel.{offer_id}"
