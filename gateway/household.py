"""Programs that live and end together."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

STOP_SECONDS: Final = 10
PR_SET_PDEATHSIG: Final = 1


@dataclass
class Household:
    """The children, in the order in which they were started; they are stopped the other way round."""

    children: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str, command: list[str], env: dict[str, str]) -> None:
        """Start one. Ctrl-C in the terminal reaches us alone, so that we can stop them in order."""
        self.children[name] = await asyncio.create_subprocess_exec(
            *command,
            env=env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with(os.getpid()),
        )

    def dead(self) -> str | None:
        """The name of a child that has ended."""
        return next((name for name, child in self.children.items() if child.returncode is not None), None)

    async def first_end(self) -> None:
        """Return when any child has ended."""
        waiting = [asyncio.create_task(child.wait()) for child in self.children.values()]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def stop(self) -> None:
        """Stop all, last started first; nothing of them is left."""
        for child in reversed(self.children.values()):
            if child.returncode is None:
                child.terminate()
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOP_SECONDS):
                        await child.wait()
            # A child may have children of its own, which share its session.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()


def _end_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes its program: ask the kernel to end it when we are killed outright."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask
