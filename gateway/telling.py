"""What a job's stream says to the browser: frames, and at most one problem of the gateway's own."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.answers import problem
from schemas.errors import LikenessError
from schemas.frames import FrameKind, encode_frame

log = logging.getLogger("likeness.gateway")

Emit = Callable[[bytes], Awaitable[None]]
"""Takes one frame; returns when the browser's connection has taken it."""


@dataclass
class Teller:
    """The way to one job's browser."""

    emit: Emit = field(repr=False)
    problem_told: bool = False

    async def tell(self, kind: FrameKind, payload: bytes = b"") -> None:
        """Emit one frame."""
        self.problem_told = self.problem_told or kind is FrameKind.PROBLEM
        await self.emit(encode_frame(kind, payload))

    async def tell_problem(self, error: LikenessError) -> None:
        """Say why the job ends, unless that was said."""
        log.info("job ended: %s", error.code)
        if not self.problem_told:
            await self.tell(FrameKind.PROBLEM, problem(error))
