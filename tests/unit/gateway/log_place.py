"""A log at work for tests: its folder, its witnesses, their clock, and policies of none, one or both of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.log_keeper import Beat, LogKeeper
from gateway.log_store import LogStore
from schemas.checkpoint import read_checkpoint
from schemas.log_policy import Policy
from schemas.log_proof import Included, check_inclusion
from schemas.note import read_note
from tests.unit.gateway.doors import Clock
from tests.unit.gateway.log_world import LOG_KEY, Wire, policy, witness

FAST = Beat(tick_seconds=0.002, quorum_seconds=10, retry_seconds=0.005, look_seconds=0.005)
CALM = Beat(tick_seconds=0.002, quorum_seconds=10, retry_seconds=600, look_seconds=600)
"""Does nothing in the background."""
BOTH = policy("north", "south", quorum=2)
EITHER = policy("north", "south", quorum=1)
NOBODY = policy(quorum=0)


@dataclass
class LogPlace:
    """A log's folder, its witnesses, and the clock of all of them."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    wire: Wire = field(default_factory=lambda: Wire(witnesses={}))

    def keeper(self, believed: Policy, beat: Beat = FAST, *, folder: Path | None = None) -> LogKeeper:
        """A keeper that has not been started."""
        for name in believed.witnesses:
            if name not in self.wire.witnesses:
                self.wire.witnesses[name] = witness(self.folder, name, self.clock)
        store = LogStore(folder or self.folder / "log")
        return LogKeeper(store, believed, LOG_KEY, clock=self.clock, transport=self.wire, beat=beat)

    @asynccontextmanager
    async def running(self, believed: Policy, beat: Beat = FAST, **where: Any) -> AsyncIterator[LogKeeper]:
        """A keeper at work."""
        keeper = self.keeper(believed, beat, **where)
        await keeper.start()
        try:
            yield keeper
        finally:
            await keeper.stop()

    def check(self, believed: Policy, proof: str, entry: bytes) -> Included:
        """What the proof proves now."""
        return check_inclusion(believed, proof, entry, now=self.clock.now)


async def until(holds: Callable[[], object]) -> None:
    """Return when it holds."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in the program, which sets no event for it
            await asyncio.sleep(0.001)


def size_of(note: str | None) -> int:
    """Entries that a checkpoint covers; -1 for none."""
    return -1 if note is None else read_checkpoint(read_note(note).text).size
