"""A round of the log: append, sign, show to the witnesses, publish. One after the other, each on disk before the next.

SQLite is kept off the event loop, in one thread.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.cosigning import Transport
from gateway.defects import trace
from gateway.log_commit import commit, find
from gateway.log_store import LogStore
from gateway.quorum import Quorum, Round
from schemas.errors import (
    CheckpointStale,
    CheckpointUnwitnessed,
    LikenessError,
    LogError,
    LogUnavailable,
    PolicyInvalid,
    ProofInvalid,
)
from schemas.log_policy import MAX_CHECKPOINT_AGE_SECONDS, Policy, Witnessed, open_checkpoint
from schemas.note import is_signed, read_note

log = logging.getLogger("likeness.log")
T = TypeVar("T")

REFRESH_SECONDS: Final = MAX_CHECKPOINT_AGE_SECONDS // 2
"""A checkpoint is shown to the witnesses again before its cosignatures are older than this."""


@dataclass(frozen=True, slots=True)
class Published:
    """The checkpoint that the log shows."""

    round: Round
    witnessed: Witnessed

    @property
    def size(self) -> int:
        """Entries that it covers."""
        return self.witnessed.checkpoint.size

    def age_seconds(self, now: int) -> int:
        """Since a quorum saw it; 0 where nobody has to."""
        return 0 if self.witnessed.at is None else now - self.witnessed.at


class LogRounds:
    """One log's rounds, and what came of the last."""

    def __init__(
        self,
        store: LogStore,
        policy: Policy,
        key: Ed25519PrivateKey,
        *,
        clock: Callable[[], int],
        transport: Transport,
        quorum_seconds: float,
    ) -> None:
        """``store`` belongs to the rounds from now on, and is closed by ``stop``.

        Raises:
            PolicyInvalid: the policy is about another log, or names a witness that cannot be asked.
        """
        self.policy = policy
        self.published: Published | None = None
        self.trouble: LogError | None = None
        """Why the last round failed."""
        self._store = store
        self._key = key
        self._clock = clock
        self._quorum_seconds = quorum_seconds
        self._check_key()
        self._quorum = Quorum(policy, transport, store.consistency)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log")
        self._shown: Round | None = None
        self._is_confirmed = False
        """Whether a round succeeded since the start: then the witnesses know the tree as the one that they saw."""
        self._read_published()

    def _check_key(self) -> None:
        public = self._key.public_key().public_bytes_raw()
        signed = self._store.signed()
        if public != self.policy.log.key.public_bytes_raw():
            raise PolicyInvalid("the policy's log has another key than this log")
        if signed is not None and not is_signed(read_note(signed), self.policy.log):
            raise PolicyInvalid("the log on disk was signed under another name or key than the policy's")

    def _read_published(self) -> None:
        note = self._store.published()
        # Witnesses may have left the policy since: then nothing is shown until the first round is over.
        with suppress(LikenessError):
            if note is not None:
                self.published = Published(Round(signed=note), open_checkpoint(self.policy, note, now=None))

    def start(self) -> None:
        """Open the lanes to the witnesses."""
        self._quorum.start()

    async def stop(self) -> None:
        """Let go of the log."""
        await self._quorum.stop()
        await self._off_loop(self._store.close)
        self._thread.shutdown()

    # --- what is there ------------------------------------------------------------------------------------------------

    def is_due(self) -> bool:
        """Whether there is reason for a round although nobody waits for one."""
        is_old = self.published is None or self.published.age_seconds(self._clock()) > REFRESH_SECONDS
        return is_old or self.trouble is not None

    async def ready(self, leaf: bytes) -> str | None:
        """The proof of the entry with this leaf hash under what is published; None where that is too old or small.

        Raises:
            LogUnavailable: the disk cannot be read.
        """
        published = self.published
        if published is None or published.age_seconds(self._clock()) > REFRESH_SECONDS:
            return None
        place = await self._off_loop(lambda: find(self._store, leaf, published.size))
        return None if place is None else place.proof(published.round.note)

    async def is_logged(self, leaf: bytes) -> bool:
        """Whether an entry has this leaf hash, witnessed or not.

        Raises:
            LogUnavailable: the disk cannot be read.
        """
        return await self._off_loop(lambda: self._store.index_of(leaf)) is not None

    def health(self) -> str:
        """Empty, or the code of what is wrong."""
        if self._is_disputed:
            return ProofInvalid.code
        if self.trouble is not None:
            return self.trouble.code
        if self.published is None:
            return CheckpointUnwitnessed.code
        is_stale = self.published.age_seconds(self._clock()) > MAX_CHECKPOINT_AGE_SECONDS
        return CheckpointStale.code if is_stale else ""

    @property
    def _is_disputed(self) -> bool:
        return self._shown is not None and self._shown.is_disputed

    # --- a round ------------------------------------------------------------------------------------------------------

    async def run(self, entries: Mapping[bytes, bytes], leaves: Collection[bytes]) -> dict[bytes, str]:
        """Log those of ``entries`` (by leaf hash) that are new, and have the tree witnessed; the proofs of ``leaves``.

        Raises:
            LogUnavailable: too few witnesses saw the tree, or the disk did not take it.
        """
        if not self._is_confirmed or (self._is_disputed and self.trouble is not None):
            # A log that was put back to an older copy would fork with the next entry. So the witnesses first see the
            # tree as it is, and nothing is added to it before they have said that it is the one they know.
            await self._try({}, ())
            if not leaves:
                return {}
        return await self._try(entries, leaves)

    async def _try(self, entries: Mapping[bytes, bytes], leaves: Collection[bytes]) -> dict[bytes, str]:
        try:
            proofs = await self._write_and_show(entries, leaves)
        except LogError as error:
            raise self._failed(error) from error
        except Exception as error:  # noqa: BLE001 - seen to below
            # A defect in one round must not end the log; its message may quote an entry.
            log.error("a defect: %s", trace(error))  # noqa: TRY400
            raise self._failed(LogUnavailable()) from None
        if self.trouble is not None:
            log.info("well again")
        self.trouble = None
        self._is_confirmed = True
        return proofs

    def _failed(self, error: LogError) -> LogUnavailable:
        if self.trouble is None:
            log.warning("%s", error.code)
        self.trouble = error
        return LogUnavailable(error.detail)

    async def _write_and_show(self, entries: Mapping[bytes, bytes], leaves: Collection[bytes]) -> dict[bytes, str]:
        origin = self.policy.log.name
        committed = await self._off_loop(lambda: commit(self._store, origin, self._key, entries=entries, leaves=leaves))
        self._shown = shown = Round(signed=committed.signed)
        witnessed = await self._quorum.gather(shown, now=self._clock(), within_seconds=self._quorum_seconds)
        note = shown.note
        await self._off_loop(lambda: self._store.keep_published(note))
        self.published = Published(shown, witnessed)
        return {leaf: place.proof(note) for leaf, place in committed.places.items()}

    async def _off_loop(self, work: Callable[[], T]) -> T:
        try:
            done = asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:  # the thread has been shut down
            raise LogUnavailable("the log has stopped") from error
        return await done
