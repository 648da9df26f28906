"""One checkpoint before all witnesses of a policy at once, until enough of them have cosigned it.

Each witness has a lane of its own: it is asked one thing at a time, and always about the newest checkpoint. One that is
slow or gone holds up nobody but itself, and what it says late still counts.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.cosigning import Consistency, Transport, check_urls, cosign
from gateway.defects import trace
from schemas.checkpoint import read_checkpoint
from schemas.errors import CheckpointStale, CheckpointUnwitnessed, LikenessError, LogUnavailable, ProofInvalid
from schemas.log_policy import Policy, Witness, Witnessed, open_checkpoint
from schemas.note import read_note

log = logging.getLogger("likeness.log")


@dataclass(frozen=True, slots=True)
class Round:
    """One checkpoint, and what the witnesses said to it so far."""

    signed: str
    """With the log's own signature."""
    lines: dict[str, str] = field(default_factory=dict)
    """Cosignatures, by the witnesses' names in the policy."""
    refusals: dict[str, LikenessError] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def note(self) -> str:
        """The checkpoint with all signatures that it has by now."""
        return self.signed + "".join(self.lines.values())

    @property
    def is_disputed(self) -> bool:
        """Whether a witness says that it saw a tree which this one does not continue."""
        return any(isinstance(refusal, ProofInvalid) for refusal in self.refusals.values())


class Quorum:
    """The witnesses of a policy."""

    def __init__(self, policy: Policy, transport: Transport, consistency: Consistency) -> None:
        """``consistency`` gives proofs between two sizes of the log; it is called in threads.

        Raises:
            PolicyInvalid: a witness has a URL that cannot be asked.
        """
        check_urls(policy)
        self._policy = policy
        self._transport = transport
        self._consistency = consistency
        self._asked = {name: witness for name, witness in policy.witnesses.items() if witness.url is not None}
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(self._asked)), thread_name_prefix="witness")
        self._latest: Round | None = None
        self._begun = asyncio.Condition()
        self._lanes: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Open the lanes."""
        self._lanes = [asyncio.create_task(self._lane(name, witness)) for name, witness in self._asked.items()]

    async def stop(self) -> None:
        """Close the lanes. A witness that has not answered yet is not waited for."""
        for lane in self._lanes:
            lane.cancel()
        self._transport.close()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def gather(self, begun: Round, *, now: int, within_seconds: float) -> Witnessed:
        """Returns once the checkpoint of ``begun`` satisfies the policy at the time ``now``.

        Raises:
            LogUnavailable: it does not in time, or cannot any more.
        """
        async with self._begun:
            self._latest = begun
            self._begun.notify_all()
        reason = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while True:
                    begun.news.clear()
                    try:
                        return open_checkpoint(self._policy, begun.note, now=now)
                    except (CheckpointUnwitnessed, CheckpointStale) as error:
                        reason = error.code
                    if len(begun.lines) + len(begun.refusals) == len(self._asked):
                        break
                    await begun.news.wait()
        raise LogUnavailable(f"{reason}; {_told(begun, self._policy)}")

    async def _lane(self, name: str, witness: Witness) -> None:
        last: Round | None = None
        known_size = 0
        while True:
            last = await self._newer_than(last)
            known_size = await self._ask(name, witness, last, known_size)

    async def _newer_than(self, last: Round | None) -> Round:
        async with self._begun:
            await self._begun.wait_for(lambda: self._latest is not last)
        assert self._latest is not None
        return self._latest

    async def _ask(self, name: str, witness: Witness, asked: Round, known_size: int) -> int:
        """Have ``witness`` asked about one checkpoint; the size that it saw last, as far as we know."""
        loop = asyncio.get_running_loop()
        try:
            asked.lines[name] = await loop.run_in_executor(
                self._pool, cosign, self._transport, witness, asked.signed, known_size, self._consistency
            )
            known_size = read_checkpoint(read_note(asked.signed).text).size
        except LikenessError as refusal:
            asked.refusals[name] = refusal
        except Exception as error:  # noqa: BLE001 - a defect about one answer must not end the lane
            log.error("a defect: %s", trace(error))  # noqa: TRY400 - the message may quote the answer
            asked.refusals[name] = LogUnavailable("it could not be asked")
        finally:
            asked.news.set()
        return known_size


def _told(asked: Round, policy: Policy) -> str:
    parts = [f"{name}: {refusal.detail}" for name, refusal in asked.refusals.items()]
    parts += [f"{name}: cosigned" for name in asked.lines]
    heard = asked.refusals.keys() | asked.lines.keys()
    parts += [f"{name}: no answer yet" for name in policy.witnesses if name not in heard]
    return "; ".join(parts)
