"""The ledger's buckets on NATS, over a connection of their own.

In production that connection enters an account in which no worker is. For NATS checks where somebody publishes, but not
where somebody asks JetStream to send its answer: a worker that may pull offers can have the server publish an empty
message on any subject of its account, and were the buckets there, into any of their keys.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import nats.js.errors
from nats.js import JetStreamContext
from nats.js.kv import KeyValue

from gateway.bus import Stored
from gateway.dispatch_link import CALL_SECONDS, Link
from gateway.dispatch_setup import ensure_bucket, reaching_nats
from gateway.ledger import REMEMBER_SECONDS, STRIKE_SECONDS, listed
from schemas import subjects
from schemas.worker_key import ROSTER_SECONDS, RosterEntry

BUCKETS: Final = {
    subjects.KV_GRANTS: REMEMBER_SECONDS,
    subjects.KV_TOKENS: REMEMBER_SECONDS,
    subjects.KV_JOBS: REMEMBER_SECONDS,
    subjects.KV_WORKERS: ROSTER_SECONDS,
    subjects.KV_STRIKES: STRIKE_SECONDS,
}
"""Buckets, and after how many seconds an entry is forgotten."""


class NatsLedger:
    """What is remembered, by compare-and-set. See ``bus.Bus``."""

    def __init__(self, url: str, credentials: Path | None, lost: Callable[[], None]) -> None:
        self.link = Link("ledger", url, credentials, prepare=self._prepare, lost=lost)
        self._buckets: dict[str, KeyValue] = {}

    async def _prepare(self, stream: JetStreamContext) -> None:
        self._buckets = {name: await ensure_bucket(stream, name, life) for name, life in BUCKETS.items()}

    async def create(self, bucket: str, key: str, value: bytes) -> bool:
        """See ``bus.Bus``."""
        self.link.client()
        with reaching_nats():
            try:
                await self._buckets[bucket].create(key, value)
            except nats.js.errors.KeyWrongLastSequenceError:
                return False
        return True

    async def read(self, bucket: str, key: str) -> Stored | None:
        """See ``bus.Bus``."""
        self.link.client()
        with reaching_nats():
            try:
                entry = await self._buckets[bucket].get(key)
            except nats.js.errors.KeyNotFoundError:
                return None
        return Stored(value=entry.value or b"", revision=entry.revision or 0)

    async def replace(self, bucket: str, key: str, value: bytes, revision: int) -> bool:
        """See ``bus.Bus``."""
        self.link.client()
        with reaching_nats():
            try:
                await self._buckets[bucket].update(key, value, last=revision)
            except nats.js.errors.KeyWrongLastSequenceError:
                return False
        return True

    async def roster(self) -> list[RosterEntry]:
        """Every worker that is listed.

        Raises:
            BusUnavailable: NATS cannot be reached.
        """
        self.link.client()
        found: list[RosterEntry] = []
        with reaching_nats():
            watcher = await self._buckets[subjects.KV_WORKERS].watchall(ignore_deletes=True)
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    while (entry := await watcher.updates(timeout=CALL_SECONDS)) is not None:  # type: ignore[no-untyped-call]
                        found.append(listed(entry.value or b""))
            finally:
                await watcher.stop()  # type: ignore[no-untyped-call]
        return found
