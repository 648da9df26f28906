"""The bus on NATS: the only file of this room that knows it (spec/subjects.md).

Offers go through a work-queue stream; sealed bytes and images go by core request and reply, which nothing stores. All
that is stored is in memory. Losing the connection ends every job at once: after a restart the server has forgotten.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.kv import KeyValue

from gateway.bus import BusHealth, Queue, Stored, Ticket
from gateway.defects import trace
from gateway.dispatch_ear import UNREAD_BYTES, UNREAD_MESSAGES, Incoming, NatsEar
from gateway.dispatch_flush import settle
from gateway.dispatch_setup import ensure_bucket, ensure_offers, reaching_nats, require_version
from gateway.ledger import REMEMBER_SECONDS
from schemas import canonical, subjects
from schemas.errors import BusUnavailable, BusUnsuitable, LikenessError, WorkerLost
from schemas.job import Offer, Problem
from schemas.worker_key import ROSTER_SECONDS, Enrolled, RosterEntry

log = logging.getLogger("likeness.gateway")

BUCKETS: Final = {
    subjects.KV_GRANTS: REMEMBER_SECONDS,
    subjects.KV_TOKENS: REMEMBER_SECONDS,
    subjects.KV_JOBS: REMEMBER_SECONDS,
    subjects.KV_WORKERS: ROSTER_SECONDS,
}
"""Buckets, and after how many seconds an entry is forgotten."""
CALL_SECONDS: Final = 3
RETRY_SECONDS: Final = 1
ROSTER_CACHE_SECONDS: Final = 1
ENROL_GROUP: Final = "gateways"

Enrol = Callable[[str], tuple[RosterEntry, Enrolled]]
"""From an enrolment's JWS to the roster entry and the answer; raises ``LikenessError``."""


@dataclass(slots=True)
class _Roster:
    entries: list[RosterEntry] = field(default_factory=list)
    read_at: float = float("-inf")


class Dispatcher:
    """The gateway's connection to NATS, kept up in the background from ``start`` to ``stop``."""

    def __init__(
        self, url: str, credentials: Path | None, queues: Sequence[tuple[str, str]], offer_seconds: int
    ) -> None:
        """``queues`` are (pool, bundle digest); an offer is forgotten after ``offer_seconds``."""
        self._url = url
        self._credentials = credentials
        self._queues = queues
        self._offer_seconds = offer_seconds
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None
        self._buckets: dict[str, KeyValue] = {}
        self._problem = BusUnavailable.code
        self._version = ""
        self._last_said = ""
        self._ears: set[NatsEar] = set()
        self._roster = _Roster()
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, enrol: Enrol) -> None:
        """Connect in the background, for as long as it takes; answer enrolments by ``enrol``."""
        self._keeper = asyncio.create_task(self._keep(enrol), name="nats")
        self._keeper.add_done_callback(_report)

    async def stop(self) -> None:
        """Disconnect."""
        self._problem = BusUnavailable.code
        while self._keeper is not None and not self._keeper.done():
            # The client waits by asyncio.wait_for, which before Python 3.12 can swallow a cancellation: say it again.
            self._keeper.cancel()
            await asyncio.wait({self._keeper}, timeout=RETRY_SECONDS)
        if self._client is not None:
            with suppress(nats.errors.Error, OSError, TimeoutError):
                async with asyncio.timeout(CALL_SECONDS):
                    await self._client.close()

    def health(self) -> BusHealth:
        """See ``bus.Bus``."""
        return BusHealth(ready=not self._problem, problem=self._problem, server_version=self._version)

    # --- keeping the connection --------------------------------------------------------------------------------------

    async def _keep(self, enrol: Enrol) -> None:
        async def hear_enrolment(message: Msg) -> None:
            await self._answer_enrolment(message, enrol)

        client = await self._connect()
        await client.subscribe(subjects.ENROL, queue=ENROL_GROUP, cb=hear_enrolment)
        while True:
            self._changed.clear()
            if client.is_connected and self._problem:
                await self._prepare(client)
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if self._problem else None):
                    await self._changed.wait()

    async def _connect(self) -> Client:
        self._client = Client()
        await self._client.connect(
            self._url,
            name="likeness gateway",
            user_credentials=str(self._credentials) if self._credentials else None,
            max_reconnect_attempts=-1,
            reconnect_time_wait=cast("int", 0.2),
            connect_timeout=CALL_SECONDS,
            ping_interval=10,
            max_outstanding_pings=2,
            error_cb=self._on_error,
            disconnected_cb=self._on_lost,
            reconnected_cb=self._on_back,
        )
        return self._client

    async def _prepare(self, client: Client) -> None:
        try:
            with reaching_nats():
                self._version = require_version(client)
                stream = client.jetstream(timeout=CALL_SECONDS)
                await ensure_offers(stream, self._queues, self._offer_seconds)
                self._buckets = {name: await ensure_bucket(stream, name, life) for name, life in BUCKETS.items()}
        except LikenessError as error:
            self._say(f"{error.code}: {error.detail}")
            self._problem = error.code
            return
        self._stream = stream
        self._problem = ""
        self._last_said = ""
        log.info("nats: ready")

    def _say(self, words: str) -> None:
        # Five attempts a second would hide everything else.
        if words != self._last_said:
            self._last_said = words
            log.warning("nats: %s", words)

    async def _on_error(self, error: Exception) -> None:
        self._say(f"{type(error).__name__}: {error}")

    async def _on_lost(self) -> None:
        if not self._problem:
            self._say("connection lost")
        self._problem = BusUnavailable.code
        self._roster = _Roster()
        for ear in self._ears:
            ear.break_off()
        self._changed.set()

    async def _on_back(self) -> None:
        self._changed.set()

    def _ready(self) -> tuple[Client, JetStreamContext]:
        if self._problem or self._client is None or self._stream is None:
            raise BusUnsuitable if self._problem == BusUnsuitable.code else BusUnavailable
        return self._client, self._stream

    # --- remembering -------------------------------------------------------------------------------------------------

    async def create(self, bucket: str, key: str, value: bytes) -> bool:
        """See ``bus.Bus``."""
        self._ready()
        with reaching_nats():
            try:
                await self._buckets[bucket].create(key, value)
            except nats.js.errors.KeyWrongLastSequenceError:
                return False
        return True

    async def read(self, bucket: str, key: str) -> Stored | None:
        """See ``bus.Bus``."""
        self._ready()
        with reaching_nats():
            try:
                entry = await self._buckets[bucket].get(key)
            except nats.js.errors.KeyNotFoundError:
                return None
        return Stored(value=entry.value or b"", revision=entry.revision or 0)

    async def replace(self, bucket: str, key: str, value: bytes, revision: int) -> bool:
        """See ``bus.Bus``."""
        self._ready()
        with reaching_nats():
            try:
                await self._buckets[bucket].update(key, value, last=revision)
            except nats.js.errors.KeyWrongLastSequenceError:
                return False
        return True

    # --- workers -----------------------------------------------------------------------------------------------------

    async def workers(self, pool: str, bundle: str | None) -> int:
        """See ``bus.Bus``."""
        self._ready()
        now = asyncio.get_running_loop().time()
        if now - self._roster.read_at > ROSTER_CACHE_SECONDS:
            with reaching_nats():
                self._roster = _Roster(entries=await self._read_roster(), read_at=now)
        return sum(entry.pool == pool and (bundle is None or bundle in entry.bundles) for entry in self._roster.entries)

    async def _read_roster(self) -> list[RosterEntry]:
        found: list[RosterEntry] = []
        watcher = await self._buckets[subjects.KV_WORKERS].watchall(ignore_deletes=True)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                while (entry := await watcher.updates(timeout=CALL_SECONDS)) is not None:  # type: ignore[no-untyped-call]
                    found.append(canonical.decode(RosterEntry, entry.value or b""))
        finally:
            await watcher.stop()  # type: ignore[no-untyped-call]
        return found

    async def _answer_enrolment(self, message: Msg, enrol: Enrol) -> None:
        try:
            self._ready()
            entry, enrolled = enrol(message.data.decode("ascii", "replace"))
            with reaching_nats():
                await self._buckets[subjects.KV_WORKERS].put(entry.worker, canonical.encode(entry))
            self._roster = _Roster()
            answer = canonical.encode(enrolled)
            log.info("worker %s enrolled for pool %s", entry.worker, entry.pool)
        except LikenessError as error:
            log.warning("enrolment refused: %s", error.code)
            answer = canonical.encode(Problem(code=error.code, detail=error.detail))
        with suppress(LikenessError):
            await Incoming(message).answer(answer)

    # --- offers ------------------------------------------------------------------------------------------------------

    async def offer(self, offer: Offer) -> Ticket:
        """See ``bus.Bus``."""
        _, stream = self._ready()
        with reaching_nats():
            # The id makes a repeated publish harmless: a call that timed out may have been stored all the same.
            stored = await stream.publish(
                subjects.offer(offer.pool, offer.bundle),
                canonical.encode(offer),
                timeout=CALL_SECONDS,
                headers={api.Header.MSG_ID: offer.offer_id},
            )
        return Ticket(pool=offer.pool, bundle=offer.bundle, sequence=stored.seq)

    async def queue(self, ticket: Ticket) -> Queue:
        """See ``bus.Bus``. How many are ahead is an upper bound where several pools share the stream."""
        _, stream = self._ready()
        with reaching_nats():
            name = subjects.consumer(ticket.pool, ticket.bundle)
            info = await stream.consumer_info(subjects.OFFERS_STREAM, name)
        delivered = info.delivered.stream_seq if info.delivered else 0
        ahead = min((info.num_pending or 0) - 1, ticket.sequence - delivered - 1)
        return Queue(ahead=max(0, ahead), workers=await self.workers(ticket.pool, ticket.bundle))

    async def withdraw(self, ticket: Ticket) -> None:
        """See ``bus.Bus``."""
        _, stream = self._ready()
        with reaching_nats(), suppress(nats.js.errors.APIError):
            await stream.delete_msg(subjects.OFFERS_STREAM, ticket.sequence)

    # --- one job -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def listen(self, subject: str) -> AsyncIterator[NatsEar]:
        """See ``bus.Bus``."""
        client, _ = self._ready()
        ear = NatsEar()
        with reaching_nats():
            subscription = await client.subscribe(
                subject, cb=ear.hear, pending_msgs_limit=UNREAD_MESSAGES, pending_bytes_limit=UNREAD_BYTES
            )
            # In a cluster the interest must have arrived before somebody is told of the subject.
            await settle(client, CALL_SECONDS)
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)
            with suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

    async def hand_over(self, subject: str, payload: bytes, within_seconds: float) -> bytes | None:
        """See ``bus.Bus``."""
        client, _ = self._ready()
        with reaching_nats():
            try:
                answer = await client.request(subject, payload, timeout=within_seconds)
            except nats.errors.NoRespondersError:
                return None
            except nats.errors.TimeoutError:
                raise WorkerLost from None
        return answer.data

    async def cancel(self, offer_id: str) -> None:
        """See ``bus.Bus``."""
        client, _ = self._ready()
        with reaching_nats():
            await client.publish(subjects.cancel(offer_id))
            await settle(client, CALL_SECONDS)


def _report(keeper: asyncio.Task[None]) -> None:
    # Without this the gateway would go on without a bus and nobody would know why.
    if not keeper.cancelled() and (error := keeper.exception()) is not None:
        log.error("nats: gave up: %s", trace(error))
