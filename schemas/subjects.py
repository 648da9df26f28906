"""Names on NATS (spec/subjects.md). Sealed bytes travel on core request/reply only; the stream holds offers alone.

A worker's thumbprint stands in every subject on which it speaks or hears, so that permissions can tie it to its own.
"""

from typing import Final

OFFERS_STREAM: Final = "LIKENESS_OFFERS"
OFFERS_FILTER: Final = "likeness.offer.>"

KV_GRANTS: Final = "LIKENESS_GRANTS"
KV_TOKENS: Final = "LIKENESS_TOKENS"
KV_JOBS: Final = "LIKENESS_JOBS"
KV_WORKERS: Final = "LIKENESS_WORKERS"
KV_STRIKES: Final = "LIKENESS_STRIKES"


def offer(pool: str, bundle: str) -> str:
    """Where offers for one pool and bundle (digest) are queued."""
    return f"likeness.offer.{pool}.{bundle[:16]}"


def consumer(pool: str, bundle: str) -> str:
    """The durable consumer that idle workers of one pool and bundle pull from."""
    return f"{pool}-{bundle[:16]}"


def enrol(worker: str) -> str:
    """Core request, worker (thumbprint) -> any gateway replica: be listed."""
    return f"likeness.enrol.{worker}"


def claim(worker: str, offer_id: str) -> str:
    """Core request, worker -> the gateway replica that holds the job's stream: a lot of OFFER is taken."""
    return f"likeness.claim.{worker}.{offer_id}"


def seal(worker: str, offer_id: str) -> str:
    """Core request, gateway -> worker: the disclosure and the sealed request."""
    return f"likeness.seal.{worker}.{offer_id}"


def handing(worker: str, nonce: str) -> str:
    """Where NATS itself says that nobody is there to take a sealed request: a reply subject that no worker may use.

    So no worker can take a disclosure and have it counted as one that reached nobody. ``nonce``: nobody can guess it.
    """
    return f"likeness.handing.{worker}.{nonce}"


def handed(reply: str) -> str:
    """Where the worker answers a sealed request that came with ``reply``: the same words, but a subject of its own."""
    return reply.replace("likeness.handing.", "likeness.handed.", 1)


def event(worker: str, offer_id: str) -> str:
    """Core request, worker -> gateway: one frame; the reply is the permission to send the next."""
    return f"likeness.event.{worker}.{offer_id}"


def stop(worker: str, offer_id: str) -> str:
    """Core publish, gateway -> worker: end this job now; the payload says why."""
    return f"likeness.stop.{worker}.{offer_id}"


def revoked(jti: str) -> str:
    """Core publish, gateway replica -> all replicas: the token was withdrawn."""
    return f"likeness.revoked.{jti}"


def inbox(worker: str) -> str:
    """Prefix of the inboxes on which a worker hears replies; no other worker may listen there."""
    return f"_INBOX_{worker}"
