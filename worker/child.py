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
from typing import BinaryIO, Final, Literal

import numpy as np
import numpy.typing as npt

from schemas import canonical, sealing
from schemas.embedding import LikenessRecord
from schemas.errors import BundleRefused, LikenessError, OutOfOrder, WorkerFailed
from schemas.frames import ImageChunk, encode_chunk
from schemas.job import Progress
from schemas.scalars import to_b64u
from schemas.sealing import WorkerKey
from worker import guards, models
from worker.diffusion.portrait import Studio, draw, draw_decoy, open_studio
from worker.diffusion.sessions import PROVIDERS, RUNTIME_VERSION
from worker.marking import emit_image
from worker.models import Bundle
from worker.opening import Order, Trust, open_task
from worker.pipe import TASK, Said, Warm, decode_task, encode, read_message
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
    key: WorkerKey
    gateway: str


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
    guards.forbid_traces()
    guards.forbid_network()
    mouth = _take_stdout()
    status = FAILED_STATUS
    try:
        status = _live(mouth)
    finally:
        # Nothing is torn down in order: the kernel takes the whole address space back sooner. And nobody reads a
        # traceback: when even the pipe is broken, the exit status says enough.
        os._exit(status)


def _live(mouth: Mouth) -> int:
    """From loading to the last word; the exit status."""
    try:
        ready = _warm_up(_arguments(sys.argv[1:]))
        mouth.say(Said.WARM, canonical.encode(_introduction(ready)))
        return _serve(ready, sys.stdin.buffer, mouth)
    except LikenessError as error:
        mouth.say(Said.REFUSED, error.code.encode("ascii"))
        return REFUSED_STATUS
    except Exception:  # noqa: BLE001 - a traceback could quote what nobody may read
        mouth.say(Said.REFUSED, WorkerFailed.code.encode("ascii"))
        return FAILED_STATUS


def _take_stdout() -> Mouth:
    # A native library that prints must not end up between two messages.
    own = os.dup(sys.stdout.fileno())
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
    gateway: str


def _arguments(argv: Sequence[str]) -> Arguments:
    parser = argparse.ArgumentParser(prog="worker.child", description=__doc__, allow_abbrev=False)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--digest", required=True)
    parser.add_argument("--licence", action="append", required=True)
    parser.add_argument("--provider", choices=sorted(PROVIDERS), required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--gateway", required=True)
    given = parser.parse_args(argv)
    return Arguments(
        bundle=given.bundle,
        digest=given.digest,
        licences=frozenset(given.licence),
        provider=given.provider,
        threads=given.threads,
        gateway=given.gateway,
    )


def _warm_up(arguments: Arguments) -> Ready:
    """Load, try with a public record, and only then make the key."""
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
    key = sealing.worker_key(os.urandom(32))
    return Ready(bundle=bundle, studio=studio, decoy=decoy, key=key, gateway=arguments.gateway)


def _introduction(ready: Ready) -> Warm:
    return Warm(
        hpke_key=to_b64u(ready.key.public),
        provider=ready.studio.step.provider,
        undumpable=guards.is_undumpable(),
        offline=guards.is_offline(),
        frees_overwritten=guards.freed_memory_is_overwritten(),
    )


def _serve(ready: Ready, stdin: BinaryIO, mouth: Mouth) -> int:
    message = read_message(stdin)
    if message is None:  # the supervisor has no use for this child
        return DONE_STATUS
    kind, payload = message
    if kind != TASK:
        raise OutOfOrder
    trust = Trust(
        gateway=ready.gateway,
        key=ready.key,
        bundle=ready.bundle.digest,
        manifest=ready.bundle.manifest,
        now=int(time.time()),
    )
    order = open_task(decode_task(payload), trust, lambda: mouth.say(Said.OPENED))
    try:
        for image in range(order.images):
            _make(ready.studio, order, image, mouth)
        mouth.say(Said.DONE)
    finally:
        draw_decoy(ready.studio, ready.decoy)
    return DONE_STATUS


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
    drawing = draw(studio, order.record, style=order.style, seed=order.seed + image)
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
