"""The bus on NATS: with the other dispatch files, the only one of this room that knows it (spec/subjects.md).

Offers go through a work-queue stream; sealed bytes and images go by core request and reply, which nothing stores. All
that is stored is in memory. Losing a connection ends every job at once: after a restart the server has forgotten.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext, api

from gateway.bus import BusHealth, Queue, Stored, Ticket, sender_of
from gateway.dispatch_desk import Enrol, EnrolmentDesk
from gateway.dispatch_ear import UNREAD_BYTES, UNREAD_MESSAGES, NatsEar
from gateway.dispatch_flush import settle
from gateway.dispatch_ledger import NatsLedger
from gateway.dispatch_link import CALL_SECONDS, Link
from gateway.dispatch_setup import ensure_offers, reaching_nats
from gateway.nats_version import ADVICE, is_patched, read_version
from schemas import canonical, subjects
from schemas.errors import WorkerLost
from schemas.job import Offer, Stop
from schemas.pools import LOTS
from schemas.worker_key import RosterEntry

log = logging.getLogger("likeness.gateway")

ROSTER_CACHE_SECONDS: Final = 1
ENROL_GROUP: Final = "gateways"
NO_RESPONDERS: Final = "503"
"""Status of the server's own answer where nobody listens."""


@dataclass(frozen=True, slots=True)
class Place:
    """A NATS server, and an account on it."""

    url: str = field(repr=False)
    """May hold a user and a password."""
    credentials: Path | None = None


@dataclass(slots=True)
class _Roster:
    entries: list[RosterEntry] = field(default_factory=list)
    read_at: float = float("-inf")


class Dispatcher:
    """The gateway's connections to NATS, kept up in the background from ``open`` to ``close``."""

    def __init__(self, workers: Place, ledger: Place, *, queues: Sequence[tuple[str, str]], offer_seconds: int) -> None:
        """``workers``: where they are; ``ledger``: where its buckets are, on the same server or another.

        ``queues`` are (pool, bundle digest); an offer is forgotten after ``offer_seconds``.
        """
        self._bus = Link("bus", workers.url, workers.credentials, prepare=self._prepare, lost=self._break_off)
        self._ledger = NatsLedger(ledger.url, ledger.credentials, self._break_off)
        self._queues = queues
        self._offer_seconds = offer_seconds
        self._ears: set[NatsEar] = set()
        self._roster = _Roster()
        self._desk: EnrolmentDesk | None = None

    async def open(self, enrol: Enrol) -> None:
        """Connect in the background, for as long as it takes; answer enrolments by ``enrol``."""
        desk = EnrolmentDesk(enrol, self._forget_roster)

        async def listen(client: Client) -> None:
            await client.subscribe(subjects.enrol("*"), queue=ENROL_GROUP, cb=desk.hear)

        self._desk = desk
        self._ledger.link.open()
        self._bus.open(listen)

    async def close(self) -> None:
        """Disconnect."""
        await self._bus.close()
        if self._desk is not None:
            await self._desk.close()
        await self._ledger.link.close()

    def health(self) -> BusHealth:
        """See ``bus.Bus``."""
        problem = self._bus.problem or self._ledger.link.problem
        return BusHealth(ready=not problem, problem=problem, server_version=self._bus.version)

    async def _prepare(self, stream: JetStreamContext) -> None:
        if (version := read_version(self._bus.version)) is not None and not is_patched(version):
            log.info("nats: %s", ADVICE)
        await ensure_offers(stream, self._queues, self._offer_seconds)

    def _remembering(self) -> NatsLedger:
        # Where no worker can be reached, nothing is begun either.
        self._bus.client()
        return self._ledger

    def _break_off(self) -> None:
        self._forget_roster()
        for ear in self._ears:
            ear.break_off()

    def _forget_roster(self) -> None:
        self._roster = _Roster()

    # --- remembering -------------------------------------------------------------------------------------------------

    async def create(self, bucket: str, key: str, value: bytes) -> bool:
        """See ``bus.Bus``."""
        return await self._remembering().create(bucket, key, value)

    async def read(self, bucket: str, key: str) -> Stored | None:
        """See ``bus.Bus``."""
        return await self._remembering().read(bucket, key)

    async def replace(self, bucket: str, key: str, value: bytes, revision: int) -> bool:
        """See ``bus.Bus``."""
        return await self._remembering().replace(bucket, key, value, revision)

    async def workers(self, pool: str, bundle: str | None) -> int:
        """See ``bus.Bus``."""
        remembering = self._remembering()
        now = asyncio.get_running_loop().time()
        if now - self._roster.read_at > ROSTER_CACHE_SECONDS:
            self._roster = _Roster(entries=await remembering.roster(), read_at=now)
        return sum(entry.pool == pool and (bundle is None or bundle in entry.bundles) for entry in self._roster.entries)

    # --- offers ------------------------------------------------------------------------------------------------------

    async def offer(self, offer: Offer) -> Ticket:
        """See ``bus.Bus``."""
        stream = self._bus.stream()
        with reaching_nats():
            # The id makes a repeated publish harmless: a call that timed out may have been stored all the same.
            stored = await stream.publish(
                subjects.offer(offer.pool, offer.bundle),
                canonical.encode(offer),
                timeout=CALL_SECONDS,
                headers={api.Header.MSG_ID: f"{offer.offer_id}.{offer.lot}"},
            )
        return Ticket(pool=offer.pool, bundle=offer.bundle, sequence=stored.seq)

    async def queue(self, ticket: Ticket) -> Queue:
        """See ``bus.Bus``. How many are ahead is an upper bound where several pools share the stream."""
        stream = self._bus.stream()
        with reaching_nats():
            name = subjects.consumer(ticket.pool, ticket.bundle)
            info = await stream.consumer_info(subjects.OFFERS_STREAM, name)
        delivered = info.delivered.stream_seq if info.delivered else 0
        offers_ahead = max(0, min((info.num_pending or 0) - 1, ticket.sequence - delivered - 1))
        ahead = -(-offers_ahead // LOTS[ticket.pool])  # jobs: each has so many offers in the queue
        return Queue(ahead=ahead, workers=await self.workers(ticket.pool, ticket.bundle))

    async def withdraw(self, ticket: Ticket) -> None:
        """See ``bus.Bus``."""
        stream = self._bus.stream()
        with reaching_nats(), suppress(nats.js.errors.APIError):
            await stream.delete_msg(subjects.OFFERS_STREAM, ticket.sequence)

    # --- one job -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def listen(self, *listened: str) -> AsyncIterator[NatsEar]:
        """See ``bus.Bus``."""
        client = self._bus.client()
        ear = NatsEar()
        async with AsyncExitStack() as opened:
            with reaching_nats():
                for subject in listened:
                    subscription = await client.subscribe(
                        subject, cb=ear.hear, pending_msgs_limit=UNREAD_MESSAGES, pending_bytes_limit=UNREAD_BYTES
                    )
                    opened.push_async_callback(_unsubscribe, subscription)
                # In a cluster the interest must have arrived before somebody is told of the subject.
                await settle(client, CALL_SECONDS)
            self._ears.add(ear)
            opened.callback(self._ears.discard, ear)
            yield ear

    async def hand_over(self, subject: str, payload: bytes, within_seconds: float) -> bytes | None:
        """See ``bus.Bus``."""
        client = self._bus.client()
        reply = subjects.handing(sender_of(subject), secrets.token_hex(16))
        said: asyncio.Queue[Msg] = asyncio.Queue()
        async with AsyncExitStack() as opened:
            with reaching_nats():
                for each in (reply, subjects.handed(reply)):
                    opened.push_async_callback(_unsubscribe, await client.subscribe(each, cb=said.put))
                await client.publish(subject, payload, reply=reply)
            try:
                async with asyncio.timeout(within_seconds):
                    answer = await said.get()
            except TimeoutError:
                raise WorkerLost from None
        is_nobody_there = answer.subject == reply and (answer.headers or {}).get(api.Header.STATUS) == NO_RESPONDERS
        return None if is_nobody_there else answer.data

    async def stop(self, worker: str, offer_id: str, why: Stop) -> None:
        """See ``bus.Bus``."""
        await self._say_at_once(subjects.stop(worker, offer_id), canonical.encode(why))

    async def announce_revoked(self, jti: str) -> None:
        """See ``bus.Bus``."""
        await self._say_at_once(subjects.revoked(jti), b"")

    async def _say_at_once(self, subject: str, payload: bytes) -> None:
        client = self._bus.client()
        with reaching_nats():
            await client.publish(subject, payload)
            await settle(client, CALL_SECONDS)


async def _unsubscribe(subscription: Subscription) -> None:
    with suppress(nats.errors.Error, OSError):
        await subscription.unsubscribe()
