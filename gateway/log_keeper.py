"""The log at work: takes entries, and answers each with its proof under a witnessed checkpoint.

All that comes within one tick is one transaction, one checkpoint and one round of witnesses. Rounds follow each other
on a fixed beat, so that the log's growth tells less about when somebody did something.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.cosigning import Transport
from gateway.http_client import HttpClient
from gateway.log_rounds import LogRounds
from gateway.log_store import MAX_ENTRY_BYTES, LogStore
from schemas.errors import LogUnavailable, ProofInvalid, TooLarge
from schemas.log_policy import Policy
from schemas.merkle import leaf_hash

MAX_WAITING: Final = 4096
"""Requests that may wait for a round; more are refused at once."""


@dataclass(frozen=True, slots=True)
class Beat:
    """How fast the log works; tests turn it faster."""

    tick_seconds: float = 0.1
    """From one round to the next, at least."""
    quorum_seconds: float = 4.0
    """How long witnesses may take."""
    retry_seconds: float = 2.0
    """After a round that failed, when nothing else asks for one."""
    look_seconds: float = 10.0
    """Between two looks at the age of the checkpoint."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Somebody who waits for a proof."""

    leaf: bytes
    entry: bytes | None = field(repr=False)
    """To be appended where it is not in the log yet; None: it is."""
    answer: asyncio.Future[str]


class LogKeeper:
    """One log, kept by this process alone."""

    def __init__(
        self,
        store: LogStore,
        policy: Policy,
        key: Ed25519PrivateKey,
        *,
        clock: Callable[[], int],
        transport: Transport | None = None,
        beat: Beat | None = None,
    ) -> None:
        """``store`` belongs to the keeper from now on, and is closed by ``stop``. ``clock`` gives unix time in seconds.

        Raises:
            PolicyInvalid: the policy is about another log, or names a witness that cannot be asked.
        """
        self.policy = policy
        self._beat = beat or Beat()
        self._store = store
        self._rounds = LogRounds(
            store,
            policy,
            key,
            clock=clock,
            transport=transport or HttpClient(),
            quorum_seconds=self._beat.quorum_seconds,
        )
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"LogKeeper({self.policy.log.name!r})"

    async def start(self) -> None:
        """Begin to work. The first checkpoint is witnessed in the background: see ``health``."""
        self._rounds.start()
        self._work = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Finish or refuse what waits, and let go of the log. Whoever comes later is refused."""
        self._closing.set()
        self._wake.set()
        if self._work is not None:
            await self._work
        await self._rounds.stop()

    # --- what the gateway asks ----------------------------------------------------------------------------------------

    async def append(self, entry: bytes) -> str:
        """The proof (tlog-proof text) that ``entry`` stands in the log, under a witnessed checkpoint that is fresh.

        An entry that stands there already is proved where it stands. For a commitment that is the only right answer:
        its 32 random bytes of salt make it the same only if somebody says the same thing again, as after an answer
        that was lost; a second leaf would prove nothing more, and show everyone that something was repeated. A public
        fact does not become truer by repetition either.

        Raises:
            TooLarge: a log cannot hold it.
            LogUnavailable: the disk does not take it, or too few witnesses have seen the tree with it. In the second
                case it is in the tree all the same, and stays there: asking again, or the next round that succeeds,
                gives it a proof.
        """
        if len(entry) > MAX_ENTRY_BYTES:
            raise TooLarge("a log entry may have 65535 bytes")
        leaf = leaf_hash(entry)
        return await self._ready(leaf) or await self._in_a_round(leaf, entry)

    async def prove(self, entry: bytes) -> str:
        """The proof that ``entry``, which was logged before, stands in the log: see ``append``.

        Raises:
            ProofInvalid: it does not.
            LogUnavailable: see ``append``.
        """
        proof = await self.prove_leaf(leaf_hash(entry))
        if proof is None:
            raise ProofInvalid("this entry is not in the log")
        return proof

    async def prove_leaf(self, leaf: bytes) -> str | None:
        """The proof of the entry with this leaf hash; None where the log has no such entry.

        Raises:
            LogUnavailable: see ``append``.
        """
        ready = await self._ready(leaf)
        if ready is None and await self._rounds.is_logged(leaf):
            return await self._in_a_round(leaf, None)
        return ready

    def checkpoint(self) -> str | None:
        """The latest checkpoint that enough witnesses cosigned; None before the first."""
        published = self._rounds.published
        return None if published is None else published.round.note

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first ``width`` hashes of a tile, None where there are not so many. It blocks: call it in a thread."""
        return self._store.tile(level, index, width)

    def entries(self, index: int, width: int) -> bytes | None:
        """The first ``width`` entries of a bundle (tlog-tiles), None where there are not so many. It blocks, too."""
        return self._store.bundle(index, width)

    def health(self) -> str:
        """Empty, or the code of what is wrong with the log."""
        is_working = self._work is not None and not self._closing.is_set()
        return self._rounds.health() if is_working else LogUnavailable.code

    # --- who waits, and when there is a round -------------------------------------------------------------------------

    async def _ready(self, leaf: bytes) -> str | None:
        if self._work is None or self._closing.is_set():
            raise LogUnavailable("the log is not running")
        return await self._rounds.ready(leaf)

    async def _in_a_round(self, leaf: bytes, entry: bytes | None) -> str:
        if self._closing.is_set() or len(self._waiting) >= MAX_WAITING:
            raise LogUnavailable("the log is stopping, or too many wait for it")
        waiting = _Waiting(leaf=leaf, entry=entry, answer=asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._wake.set()
        return await waiting.answer

    async def _keep(self) -> None:
        await self._one_round([])
        while True:
            if self._waiting or (self._rounds.is_due() and not self._closing.is_set()):
                # Whoever has gone away meanwhile has nothing logged.
                batch = [waiting for waiting in self._waiting if not waiting.answer.done()]
                self._waiting.clear()
                await self._one_round(batch)
            if self._closing.is_set() and not self._waiting:
                return
            await self._next_beat()

    async def _next_beat(self) -> None:
        """Return when there is something to do: at a beat, or at once when the log is to stop."""
        pause = self._beat.look_seconds if self._rounds.trouble is None else self._beat.retry_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()
        self._wake.clear()
        if self._waiting:
            tick = self._beat.tick_seconds
            with suppress(TimeoutError):
                async with asyncio.timeout(tick - asyncio.get_running_loop().time() % tick):
                    await self._closing.wait()

    async def _one_round(self, batch: Sequence[_Waiting]) -> None:
        entries = {waiting.leaf: waiting.entry for waiting in batch if waiting.entry is not None}
        try:
            proofs = await self._rounds.run(entries, {waiting.leaf for waiting in batch})
        except LogUnavailable as error:
            _refuse(batch, error.detail)
            return
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_result(proofs[waiting.leaf])


def _refuse(batch: Sequence[_Waiting], detail: str) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(LogUnavailable(detail))
