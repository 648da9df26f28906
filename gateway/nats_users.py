"""Who may say and hear what on NATS (spec/subjects.md 5). gateway/deploy/ shows the same by hand; a test compares.

The gateway is the only user that may do everything in its account; it alone makes streams, consumers and buckets.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas import subjects

Queues = Sequence[tuple[str, str]]
"""Pool and bundle (digest) of each queue that a worker pulls from."""

OPERATOR: Final = "operator"
OPERATOR_INBOX: Final = "_INBOX_operator"
HEALTH: Final = ("$SYS.REQ.SERVER.PING.HEALTHZ", "$SYS.REQ.SERVER.PING.STATSZ")
"""Whether the servers are well, and how much they carry. Not CONNZ, SUBSZ or JSZ: those tell who listens for what."""


PULL: Final = f"$JS.API.CONSUMER.MSG.NEXT.{subjects.OFFERS_STREAM}"
COMPANY_PULL: Final = "likeness.next"
"""What workers behind a company's own server ask for offers by: their server lets no `$JS.API` through to ours."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subjects, with wildcards, that a user may use. Everything else is refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def text(self) -> str:
        """As a nats-server reads it."""
        return f"{{ publish: {json.dumps(self.publish)}, subscribe: {json.dumps(self.subscribe)} }}"


def of_worker(worker: str, queues: Queues, *, pull: str = PULL) -> Permissions:
    """What the worker with the thumbprint ``worker`` may do: its own subjects, its own inbox, its own queues.

    ``pull`` is how the subjects begin on which it asks for offers, as the server that is asked sees them.
    """
    stream = subjects.OFFERS_STREAM
    consumers = [subjects.consumer(pool, bundle) for pool, bundle in queues]
    return Permissions(
        publish=(
            subjects.enrol(worker),
            subjects.claim(worker, "*"),
            subjects.event(worker, "*"),
            subjects.handed(subjects.handing(worker, "*")),
            # NATS knows no wildcard within a word, so that each consumer is named.
            *(f"{pull}.{consumer}" for consumer in consumers),
            *(f"$JS.ACK.{stream}.{consumer}.>" for consumer in consumers),
        ),
        subscribe=(subjects.seal(worker, "*"), subjects.stop(worker, "*"), f"{subjects.inbox(worker)}.>"),
    )


def of_company(workers: Mapping[str, Queues]) -> Permissions:
    """What a company's own nats-server may do here: what its ``workers`` may, together."""
    each = [of_worker(worker, queues, pull=COMPANY_PULL) for worker, queues in workers.items()]
    return Permissions(
        publish=tuple(dict.fromkeys(subject for one in each for subject in one.publish)),
        subscribe=tuple(subject for one in each for subject in one.subscribe),
    )


def of_operator() -> Permissions:
    """What whoever watches the servers may do, in the system's account: ask whether they are well."""
    return Permissions(publish=HEALTH, subscribe=(f"{OPERATOR_INBOX}.>",))
