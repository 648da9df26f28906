"""The process that sees a face: one key, one sealed request, its images sealed, then gone (``python -m worker.child``).

It talks on its two pipes only (worker/pipe). Whatever goes wrong, one error code goes out and no text: there is no
log, no traceback and no file in which anything of a request could remain.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from schemas import canonical, sealing
from schemas.embedding import LikenessRecord
from schemas.errors import BundleRefused, LikenessError, OutOfOrder, UnsafeHost, WorkerFailed
from schemas.frames import ImageChunk, encode_chunk
from schemas.job import Progress
from schemas.scalars import to_b64u
from schemas.sealing import WorkerKey
from worker import guards, models, trials
from worker.diffusion.portrait import Studio, draw, draw_decoy, open_studio
from worker.diffusion.sessions import PROVIDERS, RUNTIME_VERSION
from worker.marking import emit_image
from worker.models import Bundle
from worker.opening import Order, Trust, open_task
from worker.pipe import PIPES, TASK, Held, Locking, Said, Warm, decode_task, encode, read_message
from worker.secret_memory import SecretMemory
from worker.settings import Provider

DONE_STATUS: Final = 0
"""Everything asked for was handed over, or nothing was asked."""
REFUSED_STATUS: Final = 3
"""An error with a code: nothing was drawn, or not all."""
FAILED_STATUS: Final = 4
"""An error nobody foresaw."""

Phase = Literal["opened", "drawing", "finishing"]


@dataclass(frozen=True, slots=True)
class Ready:
    """A warm child."""

    bundle: Bundle
    studio: Studio
    decoy: LikenessRecord
    gateway: frozenset[str]
    memory: SecretMemory


class SingleUse:
    """A key that is taken once and then ends with whoever took it."""

    def __init__(self, key: WorkerKey) -> None:
        self.public: Final = key.public
        self._key: WorkerKey | None = key

    def take(self) -> WorkerKey:
        """The key.

        Raises:
            OutOfOrder: it was taken already.
        """
        key, self._key = self._key, None
        if key is None:
            raise OutOfOrder
        return key


class Mouth:
    """The pipe to the supervisor; each message is handed over at once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def say(self, kind: Said, payload: bytes = b"") -> None:
        """Write one message."""
        self._stream.write(encode(kind, payload))
        self._stream.flush()


def main() -> None:
    """Serve one task and end."""
    memory = SecretMemory()  # before files may have no size any more
    mouth = _take_stdout()
    status = FAILED_STATUS
    try:
        status = _live(mouth, memory)
    finally:
        # Nothing is torn down in order: the kernel takes the whole address space back sooner. And nobody reads a
        # traceback: when even the pipe is broken, the exit status says enough.
        os._exit(status)


def _live(mouth: Mouth, memory: SecretMemory) -> int:
    """From loading to the last word; the exit status."""
    try:
        guards.forbid_traces()
        arguments = _arguments(sys.argv[1:])
        _lock_memory(arguments.lock_memory)
        guards.forbid_from_the_start(arguments.provider, arguments.bundle)
        ready = _warm_up(arguments, memory)
        held = _forbid_the_rest(arguments.provider, memory)
        key = SingleUse(sealing.worker_key(os.urandom(32)))
        mouth.say(Said.WARM, canonical.encode(_introduction(ready, key, held)))
        return _serve(ready, key, sys.stdin.buffer, mouth)
    except LikenessError as error:
        mouth.say(Said.REFUSED, error.code.encode("ascii"))
        return REFUSED_STATUS
    except Exception:  # noqa: BLE001 - a traceback could quote what nobody may read
        mouth.say(Said.REFUSED, WorkerFailed.code.encode("ascii"))
        return FAILED_STATUS


def _take_stdout() -> Mouth:
    # A native library that prints must not end up between two messages.
    own = os.dup2(sys.stdout.fileno(), PIPES - 1, inheritable=False)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return Mouth(os.fdopen(own, "wb"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What the supervisor says when it starts a child; nothing about any job."""

    bundle: Path
    digest: str
    licences: frozenset[str]
    provider: Provider
    threads: int
    gateway: frozenset[str]
    lock_memory: Locking


def _arguments(argv: Sequence[str]) -> Arguments:
    parser = argparse.ArgumentParser(prog="worker.child", description=__doc__, allow_abbrev=False)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--digest", required=True)
    parser.add_argument("--licence", action="append", required=True)
    parser.add_argument("--provider", choices=sorted(PROVIDERS), required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--lock-memory", choices=get_args(Locking), required=True)
    given = parser.parse_args(argv)
    return Arguments(
        bundle=given.bundle,
        digest=given.digest,
        licences=frozenset(given.licence),
        provider=given.provider,
        threads=given.threads,
        gateway=frozenset(given.gateway.split(",")),
        lock_memory=given.lock_memory,
    )


def _lock_memory(locking: Locking) -> None:
    if locking == "no":
        return
    try:
        guards.lock_memory()
    except UnsafeHost:
        if locking == "must":
            raise


def _warm_up(arguments: Arguments, memory: SecretMemory) -> Ready:
    """Load, and do once with public values all that a task will ask for, so that nothing is left to be loaded."""
    bundle = models.find_bundle(arguments.bundle, arguments.licences)
    if bundle.digest != arguments.digest:
        raise BundleRefused("bundle.json has changed since the worker started")
    models.require_runtime(bundle.manifest, RUNTIME_VERSION, PROVIDERS[arguments.provider])
    studio = open_studio(
        bundle.manifest,
        models.read_graphs(bundle),
        provider=arguments.provider,
        threads=arguments.threads,
    )
    decoy = models.decoy_record(bundle.manifest)
    draw_decoy(studio, decoy)
    _rehearse()
    return Ready(bundle=bundle, studio=studio, decoy=decoy, gateway=arguments.gateway, memory=memory)


def _rehearse() -> None:
    """Sealing and opening once: cryptography loads its parts when they are first asked for."""
    key, info = sealing.worker_key(os.urandom(32)), bytes(32)
    sealed = sealing.seal_request(b"", key.public, info)
    sealing.open_request(sealed, key, info)
    sealing.seal_image(b"", sealing.reply_key(bytes(32), sealed, info), 0)


def _forbid_the_rest(provider: Provider, memory: SecretMemory) -> Held:
    """The last of what is forbidden, and what holds of all of it."""
    guards.forbid_words()
    # Two trials need what the last filter takes away.
    undumpable, narrow_view = trials.is_undumpable(), trials.sees_only_its_own()
    guards.forbid_once_warm(provider)
    return Held(
        undumpable=undumpable,
        offline=trials.is_offline(),
        narrow_view=narrow_view,
        no_writing=trials.cannot_write(),
        no_reading=trials.cannot_read(),
        no_new_process=trials.cannot_start_processes(),
        no_other_process=trials.cannot_reach_processes(),
        no_new_code=trials.cannot_make_code(),
        silent=trials.is_silent(),
        frees_overwritten=trials.freed_memory_is_overwritten(),
        memory=memory.kind,
    )


def _introduction(ready: Ready, key: SingleUse, held: Held) -> Warm:
    return Warm(hpke_key=to_b64u(key.public), provider=ready.studio.step.provider, held=held)


def _serve(ready: Ready, key: SingleUse, stdin: BinaryIO, mouth: Mouth) -> int:
    message = read_message(stdin)
    if message is None:  # the supervisor has no use for this child
        return DONE_STATUS
    kind, payload = message
    if kind != TASK:
        raise OutOfOrder
    order = _open(ready, key.take(), payload, mouth)
    try:
        for image in range(order.images):
            _make(ready.studio, order, image, mouth)
        mouth.say(Said.DONE)
    finally:
        ready.memory.wipe()
        draw_decoy(ready.studio, ready.decoy)
    return DONE_STATUS


def _open(ready: Ready, key: WorkerKey, payload: bytes, mouth: Mouth) -> Order:
    """The order; nothing holds the private key any more when this returns."""
    trust = Trust(
        gateway=ready.gateway,
        key=key,
        bundle=ready.bundle.digest,
        manifest=ready.bundle.manifest,
        now=int(time.time()),
    )
    return open_task(decode_task(payload), trust, ready.memory, lambda: mouth.say(Said.OPENED))


def _make(studio: Studio, order: Order, image: int, mouth: Mouth) -> None:
    """Draw, mark, seal and hand over one image. Image i of a request is drawn from its seed + i."""
    pixels = _draw(studio, order, image, mouth)
    try:
        chunks = sealing.seal_image(emit_image(pixels), order.reply_key, image)
    finally:
        pixels.fill(0)
    for i, sealed in enumerate(chunks):
        chunk = ImageChunk(image=image, chunk=i, last=i == len(chunks) - 1, sealed=sealed)
        mouth.say(Said.CHUNK, encode_chunk(chunk))


def _draw(studio: Studio, order: Order, image: int, mouth: Mouth) -> npt.NDArray[np.uint8]:
    steps = len(studio.steps.rows)
    mouth.say(Said.PROGRESS, _progress(order, image, 0, steps))
    drawing = draw(studio, order.record(), style=order.style, seed=order.seed + image)
    while True:
        try:
            done, _ = next(drawing)
        except StopIteration as finished:
            return np.asarray(finished.value, np.uint8)
        mouth.say(Said.PROGRESS, _progress(order, image, done, steps))


def _progress(order: Order, image: int, step: int, steps: int) -> bytes:
    phase: Phase = "finishing" if step == steps else "drawing" if step or image else "opened"
    return canonical.encode(Progress(phase=phase, image=image, images=order.images, step=step, steps=steps))


if __name__ == "__main__":
    main()
