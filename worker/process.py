"""The supervisor's hold on one child: start it, hear it, end it, and look at what is left."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas import canonical
from schemas.codes import from_code
from schemas.errors import LikenessError, WorkerFailed
from schemas.scalars import from_b64u
from schemas.sealing import PUBLIC_KEY_BYTES
from worker import guards, host
from worker.models import Bundle
from worker.pipe import HEADER, Locking, Said, Task, Warm, encode_task, read_header
from worker.settings import Settings
from worker.software import ROOT

WARM_SECONDS: Final = 120
"""A child that has not loaded its bundle by then never will."""
PASSED_ON: Final = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
"""All that a child inherits of the supervisor's environment."""
STDERR_KEPT_BYTES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What was seen when a child had ended."""

    status: int
    process_exists: bool | None
    leftovers: int | None


class _Errors:
    """A child's error stream, read to its end so that it never blocks.

    Its first words are kept only until the child is warm, hence only while it cannot have been given anything private.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._kept = b""
        self._room = STDERR_KEPT_BYTES
        self._reading = asyncio.create_task(self._read(process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while piece := await process.stderr.read(4096):
            self._kept = (self._kept + piece)[: self._room]

    async def words(self) -> str:
        """What was kept when the stream had ended."""
        await self._reading
        return self._kept.decode("utf-8", "replace").strip() or "without a word"

    def forget(self) -> None:
        """Keep nothing from now on."""
        self._kept, self._room = b"", 0


class Child:
    """A warm child. It serves one task; whatever happens, ``end`` is called once."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, warm: Warm, errors: _Errors) -> None:
        self._process = process
        self._errors = errors
        self._folder = folder
        self._killed = False
        self._ended: asyncio.Task[Ended] | None = None
        self.warm: Final = warm
        self.hpke_key: Final = from_b64u(warm.hpke_key, PUBLIC_KEY_BYTES)
        self.outside: Final = host.look_at(process.pid)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def words(self) -> str:
        """What was kept of its error stream, once that has ended."""
        return await self._errors.words()

    @property
    def has_closed(self) -> bool:
        """Whether it has said its last word: its pipe is closed, which its exit does."""
        return self._process.stdout is None or self._process.stdout.at_eof()

    @property
    def is_fit(self) -> bool:
        """Whether it still waits for its task."""
        return not self._killed and not self.has_closed

    async def give(self, task: Task) -> None:
        """Hand the one task over. A child that is gone already shows in ``messages``."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(encode_task(task))
            await self._process.stdin.drain()

    async def messages(self) -> AsyncIterator[tuple[Said, bytes]]:
        """What the child says until it ends."""
        while (message := await _hear(self._process)) is not None:
            yield message

    def dismiss(self) -> None:
        """There is no task for it: it ends by itself, having opened nothing."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """End it now, with all it may have started (SIGKILL to its process group)."""
        self._killed = True
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> Ended:
        """Wait for the exit and look at what is left. Safe to call again, and to stop waiting for."""
        if self._ended is None:
            self._ended = asyncio.create_task(self._end())
        return await asyncio.shield(self._ended)

    async def _end(self) -> Ended:
        status = await self._process.wait()
        return Ended(status=status, process_exists=host.process_exists(self.pid), leftovers=_remove(self._folder))


async def start_child(settings: Settings, bundle: Bundle, env: Mapping[str, str]) -> Child:
    """A child that has loaded ``bundle`` and made its key.

    Raises:
        LikenessError: what the child refused, or WorkerFailed when it ended or hung without a word.
    """
    folder = Path(tempfile.mkdtemp(prefix="likeness-child-"))
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(settings, bundle),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=_environment(settings, env, folder),
            start_new_session=True,  # its own process group, which Ctrl-C on a terminal does not reach
        )
        return await _warm(process, folder)
    except BaseException:  # a worker that stops just now must not leave a folder behind either
        _remove(folder)
        raise


async def _warm(process: asyncio.subprocess.Process, folder: Path) -> Child:
    errors = _Errors(process)
    try:
        async with asyncio.timeout(WARM_SECONDS):
            introduction = await _introduction(process, errors)
        errors.forget()
        return Child(process, folder, introduction, errors)
    except BaseException as error:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise WorkerFailed("a child did not warm up in time") from None
        raise


async def _introduction(process: asyncio.subprocess.Process, errors: _Errors) -> Warm:
    said = await _hear(process)
    if said is None:
        raise WorkerFailed(f"a child ended while it warmed up: {await errors.words()}")
    kind, payload = said
    if kind != Said.WARM:
        raise from_code(payload.decode("ascii", "replace"))
    return canonical.decode(Warm, payload)


def _locking(settings: Settings) -> Locking:
    """Whether the child's memory could reach a disk, and whether that was accepted."""
    if host.swap_is_on() is False:
        return "no"
    return "try" if settings.accept_swap else "must"


def _command(settings: Settings, bundle: Bundle) -> list[str]:
    # -P and -s: no module from the working folder or a user's home; -B: no bytecode is written.
    command = [sys.executable, "-P", "-s", "-B", "-m", "worker.child"]
    command += ["--bundle", str(bundle.folder), "--digest", bundle.digest]
    command += ["--provider", settings.provider, "--threads", str(settings.threads)]
    command += ["--lock-memory", _locking(settings)]
    # With "=": one thumbprint in 64 begins with a hyphen, and would be taken for an option.
    command += [f"--gateway={','.join(settings.gateway_key)}"]
    for licence in sorted(settings.licences):
        command += ["--licence", licence]
    return command


def _environment(settings: Settings, env: Mapping[str, str], folder: Path) -> dict[str, str]:
    passed_on = {name: env[name] for name in PASSED_ON if name in env}
    return {
        **passed_on,
        **guards.ENVIRONMENT,
        "CUDA_CACHE_DISABLE": "1",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": str(settings.threads),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(folder),
    }


async def _hear(process: asyncio.subprocess.Process) -> tuple[Said, bytes] | None:
    """The next message, or None when there will be none: the pipe is closed or speaks nonsense."""
    assert process.stdout is not None
    try:
        kind, length = read_header(await process.stdout.readexactly(HEADER.size))
        return Said(kind), await process.stdout.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionResetError, LikenessError, ValueError):
        return None


def _remove(folder: Path) -> int | None:
    """Remove a child's folder; the number of entries it held."""
    try:
        entries = len(list(folder.iterdir()))
        shutil.rmtree(folder)
    except OSError:
        return None
    return entries
