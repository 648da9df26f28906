"""What an adversary with good credentials tries on NATS, and how a refusal is told."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway import nats_users
from schemas import signing, subjects
from tests.statements import BUNDLE, signing_key

WORKER_1, WORKER_2 = (signing.thumbprint(signing_key(name).public_key()) for name in ("worker", "worker two"))
NAMES = {WORKER_1: "worker", WORKER_2: "worker two"}
QUEUES = [("company", BUNDLE)]
JOB, NONCE = "33" * 16, "44" * 16
MARK = b"said-by-the-adversary"
STREAM = subjects.OFFERS_STREAM
CONSUMER, OTHER_CONSUMER = (subjects.consumer(pool, BUNDLE) for pool in ("company", "volunteer"))
TOKENS = subjects.KV_TOKENS


STREAM_CALLS = ("CREATE", "UPDATE", "DELETE", "INFO", "PURGE", "SNAPSHOT", "RESTORE", "MSG.GET", "MSG.DELETE")

# --- what nobody but the gateway may touch ----------------------------------------------------------------------------


def of_worker(worker: str) -> Iterator[str]:
    """Every subject of a worker."""
    yield subjects.enrol(worker)
    yield subjects.claim(worker, JOB)
    yield subjects.event(worker, JOB)
    yield subjects.seal(worker, JOB)
    yield subjects.stop(worker, JOB)
    yield subjects.handing(worker, NONCE)
    yield subjects.handed(subjects.handing(worker, NONCE))
    yield f"{subjects.inbox(worker)}.1"


def of_jetstream() -> Iterator[str]:
    """JetStream's interface."""
    api = "$JS.API"
    yield from (f"{api}.{call}" for call in ("INFO", "STREAM.LIST", "STREAM.NAMES", "ACCOUNT.PURGE.LIKENESS"))
    for stream in (STREAM, f"KV_{TOKENS}", "OWN"):
        yield from (f"{api}.STREAM.{call}.{stream}" for call in STREAM_CALLS)
        yield from (f"{api}.CONSUMER.{call}.{stream}" for call in ("CREATE", "LIST", "NAMES"))
        for call in ("CREATE", "DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT"):
            yield f"{api}.CONSUMER.{call}.{stream}.{CONSUMER}"
        yield f"{api}.DIRECT.GET.{stream}"
        yield f"{api}.DIRECT.GET.{stream}.$KV.{TOKENS}.1"
    yield f"{api}.CONSUMER.MSG.NEXT.{STREAM}.{OTHER_CONSUMER}"


def of_the_gateway() -> Iterator[str]:
    """Everything else in the gateway's account."""
    yield subjects.offer("company", BUNDLE)
    yield subjects.revoked(JOB)
    yield from of_jetstream()
    yield f"{nats_users.COMPANY_PULL}.{OTHER_CONSUMER}"
    yield f"{nats_users.COMPANY_PULL}.{CONSUMER}"
    yield f"$JS.ACK.{STREAM}.{OTHER_CONSUMER}.1.1.1.1.0"
    yield f"$JS.ACK.KV_{TOKENS}.{CONSUMER}.1.1.1.1.0"
    yield "$JS.FC.OWN"
    yield from (f"$KV.{bucket}.1" for bucket in (TOKENS, subjects.KV_JOBS, subjects.KV_WORKERS, subjects.KV_STRIKES))
    yield from ("_INBOX.1", "_INBOX_gateway.1", "_R_.1", "$SRV.PING", "likeness", "anything")


def of_the_system() -> Iterator[str]:
    """What the servers tell of themselves and of those who are connected."""
    for kind in ("PING", "PING.CONNZ", "PING.SUBSZ", "PING.JSZ", "PING.VARZ", "PING.ACCOUNTZ", "PING.LEAFZ"):
        yield f"$SYS.REQ.SERVER.{kind}"
    yield from ("$SYS.REQ.ACCOUNT.LIKENESS.CONNZ", "$SYS.REQ.ACCOUNT.LIKENESS.SUBSZ", "$SYS.REQ.ACCOUNT.PING.CONNZ")
    yield from ("$SYS.ACCOUNT.LIKENESS.CONNECT", "$SYS.REQ.CLAIMS.LIST", "$SYS.DEBUG.SUBSCRIBERS")


WIDE = (
    ">",
    "*",
    "*.>",
    "likeness.>",
    "likeness.*.*.*",
    "likeness.enrol.*",
    "likeness.claim.>",
    "likeness.event.*.*",
    "likeness.seal.>",
    "likeness.stop.*.*",
    "likeness.handed.>",
    "likeness.handing.>",
    "likeness.offer.>",
    "likeness.revoked.*",
    "_INBOX.>",
    "_INBOX_gateway.>",
    "$JS.>",
    "$JS.API.>",
    "$JS.EVENT.ADVISORY.>",
    "$KV.>",
    "$SYS.>",
    "$SYS.ACCOUNT.*.CONNECT",
)
"""Subscriptions that would hear more than one worker's share."""


def allowed_to(rights: nats_users.Permissions, verb: str, subject: str) -> bool:
    """Whether ``rights`` name ``subject``, as NATS reads wildcards."""
    patterns = rights.publish if verb == "publish" else rights.subscribe
    forms = (re.escape(each).replace(r"\*", r"[^.]+").replace(">", ".+") for each in patterns)
    return any(re.fullmatch(form, subject) for form in forms)


def attempts(rights: nats_users.Permissions) -> list[tuple[str, str]]:
    """All that must be refused to a user with ``rights``: each named subject, said and heard, and the wide ones."""
    named = [*of_worker(WORKER_1), *of_worker(WORKER_2), *of_the_gateway(), *of_the_system(), *nats_users.HEALTH]
    tried = [(verb, subject) for subject in named for verb in ("publish", "subscription")]
    tried += [("subscription", subject) for subject in WIDE]
    return [(verb, subject) for verb, subject in tried if not allowed_to(rights, verb, subject)]


# --- adversaries ------------------------------------------------------------------------------------------------------


class Adversary(Protocol):
    """Somebody with good credentials and bad intentions."""

    async def publish(self, subject: str, payload: bytes = b"") -> None:
        """Say something."""

    async def subscribe(self, subject: str, queue: str = "") -> None:
        """Ask to hear something."""

    async def flush(self) -> None:
        """Return when the server has answered all of it."""


REFUSED = re.compile(
    r"(?:permissions violation for )?(publish|subscription) (?:to|violation on) \"([^\"]+)\"", re.IGNORECASE
)


def refused(lines: list[str]) -> set[tuple[str, str]]:
    """What a server said no to."""
    return {as_told(found[1], found[2]) for line in lines if (found := REFUSED.search(line))}


def as_told(verb: str, subject: str) -> tuple[str, str]:
    """How servers and clients tell of a refusal: in lower case."""
    return verb.lower(), subject.lower()


async def try_everything(adversary: Adversary, tried: list[tuple[str, str]]) -> None:
    """Make every attempt, and return when the server has answered all of them."""
    for number, (verb, subject) in enumerate(tried):
        if verb == "publish":
            await adversary.publish(subject, MARK)
        else:
            await adversary.subscribe(subject)
            # To take work away from those who share it would be as good as hearing it.
            await adversary.subscribe(subject, queue=f"gateways{number % 2 or ''}")
    await adversary.flush()


def not_refused(tried: list[tuple[str, str]], lines: list[str]) -> list[str]:
    """The attempts to which nobody said no."""
    said = refused(lines)
    return [f"{verb} {subject}" for verb, subject in tried if as_told(verb, subject) not in said]


@dataclass
class User:
    """A connection, what it was refused, and what it heard."""

    client: Client
    errors: list[str] = field(default_factory=list)
    heard: list[Msg] = field(default_factory=list)

    async def publish(self, subject: str, payload: bytes = b"") -> None:
        """See ``Adversary``."""
        await self.client.publish(subject, payload)

    async def subscribe(self, subject: str, queue: str = "") -> None:
        """See ``Adversary``."""
        await self.client.subscribe(subject, queue=queue, cb=self._hear)

    async def flush(self) -> None:
        """See ``Adversary``."""
        # A ping of this client overtakes what it has not written yet; the next one does not.
        await self.client.flush()
        await self.client.flush()

    async def _hear(self, message: Msg) -> None:
        self.heard.append(message)


@asynccontextmanager
async def user(url: str, inbox: str = "_INBOX") -> AsyncIterator[User]:
    """A client of the server at ``url``."""
    made = User(Client())

    async def note(error: Exception) -> None:
        made.errors.append(str(error))

    await made.client.connect(url, inbox_prefix=inbox, error_cb=note, allow_reconnect=False, max_reconnect_attempts=0)
    try:
        yield made
    finally:
        await made.client.close()
