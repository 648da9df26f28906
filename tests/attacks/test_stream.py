"""Images on their way back: an evil gateway edits the stream, or an evil worker sends it so and signs for it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from schemas import canonical
from schemas.frames import Frame, FrameKind, decode_chunk, encode_chunk, encode_frame
from schemas.job import Progress
from tests.attacks.actors import chunks_of, picture, portraits, send
from tests.attacks.seam import Edit, raw
from tests.attacks.stage import Stage, Visit
from tests.unit.gateway.parts import Taken

pytestmark = [pytest.mark.anyio, pytest.mark.system]


async def spoiled(stage: Stage, edit: Edit, *, images: int = 1) -> str:
    """How a person ends a job whose stream is edited; they have no image then."""
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        stage.seam.edit = edit
        return await visit.spoiled(images=images)


class Counting:
    """An edit of image frames by their number; ``change`` gives the frames that go out instead."""

    def __init__(self, change: Callable[[int, bytes, list[bytes]], bytes]) -> None:
        self.change = change
        self.before: list[bytes] = []

    async def __call__(self, frame: Frame) -> bytes:
        """See ``seam.Edit``."""
        if frame.kind is not FrameKind.IMAGE:
            return raw(frame)
        self.before.append(frame.payload)
        return self.change(len(self.before) - 1, frame.payload, self.before)


def framed(payload: bytes) -> bytes:
    return encode_frame(FrameKind.IMAGE, payload)


def relabelled(payload: bytes, **edits: Any) -> bytes:
    return framed(encode_chunk(replace(decode_chunk(payload), **edits)))


EDITS: dict[str, Callable[[int, bytes, list[bytes]], bytes]] = {
    "a bit is changed": lambda n, payload, _: framed(payload[:-9] + bytes([payload[-9] ^ 1]) + payload[-8:]),
    "chunks are swapped": lambda n, payload, before: framed(payload) + framed(before[0]) if n else b"",
    "chunks are swapped and renumbered": lambda n, payload, before: (
        relabelled(payload, chunk=0, last=False) + relabelled(before[0], chunk=1, last=True) if n else b""
    ),
    "a chunk comes twice": lambda n, payload, _: framed(payload) * 2,
    "the first chunk is called the last": lambda n, payload, _: b"" if n else relabelled(payload, last=True),
    "the last chunk is not called so": lambda n, payload, _: relabelled(payload, last=False),
    "there is an image too many": lambda n, payload, _: framed(payload) + (relabelled(payload, image=1, chunk=0) * n),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_image_frames_are_edited(stage: Stage, edit: str) -> None:
    """Adversary: the gateway. Edit: see its name. ``result-invalid``."""
    assert await spoiled(stage, Counting(EDITS[edit])) == "result-invalid"


async def test_the_last_chunk_is_dropped(stage: Stage) -> None:
    """Adversary: the gateway. Edit: the last chunk never comes. ``receipt-mismatch``: the worker signed for more."""
    assert await spoiled(stage, Counting(lambda n, payload, _: b"" if n else framed(payload))) == "receipt-mismatch"


async def test_all_images_are_dropped(stage: Stage) -> None:
    """Adversary: the gateway. Edit: no image at all, and an honest receipt. ``receipt-mismatch``."""
    assert await spoiled(stage, Counting(lambda *_: b"")) == "receipt-mismatch"


async def test_two_images_of_a_job_are_swapped(stage: Stage) -> None:
    """Adversary: the gateway. Edit: image 1 as image 0, and the other way round. ``result-invalid``."""

    def swap(n: int, payload: bytes, before: list[bytes]) -> bytes:
        if n < 3:
            return b""
        first = [relabelled(each, image=0) for each in before[2:]]
        return b"".join([*first, *(relabelled(each, image=1) for each in before[:2])])

    assert await spoiled(stage, Counting(swap), images=2) == "result-invalid"


async def test_an_image_is_moved_from_another_job(stage: Stage) -> None:
    """Adversary: the gateway. Edit: the image of the person's job before, with the same seed and style.
    ``result-invalid``: each request has a key of its own for the way back.
    """
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        await visit.draw()
        old = [frame.payload for frame in stage.seam.said if frame.kind is FrameKind.IMAGE]
        visit.posts.clear()
        stage.seam.edit = Counting(lambda n, *_: framed(old[n]))
        assert await visit.spoiled() == "result-invalid"


def cut_before(kind: FrameKind, keep: int = 0) -> Edit:
    """An edit that ends the stream at the first frame of ``kind``, of which ``keep`` bytes still come."""
    is_over = False

    async def edit(frame: Frame) -> bytes:
        nonlocal is_over
        was_over, is_over = is_over, is_over or frame.kind is kind
        return b"" if was_over else raw(frame)[:keep] if is_over else raw(frame)

    return edit


@pytest.mark.parametrize("kind", [FrameKind.IMAGE, FrameKind.RECEIPT, FrameKind.END])
@pytest.mark.parametrize("keep", [0, 3])
async def test_the_stream_is_cut_off(stage: Stage, kind: FrameKind, keep: int) -> None:
    """Adversary: the gateway, or the network. Edit: the stream ends before or within a frame. ``result-invalid`` (the
    page says ``gateway-unreachable`` where it ends between two frames).
    """
    assert await spoiled(stage, cut_before(kind, keep)) == "result-invalid"


@pytest.mark.parametrize(("kind", "code"), [(FrameKind.RECEIPT, "out-of-order"), (FrameKind.IMAGE, "receipt-mismatch")])
async def test_a_kind_of_frame_never_comes(stage: Stage, kind: FrameKind, code: str) -> None:
    """Adversary: the gateway. Edit: everything comes but the receipt (``out-of-order``: its proof does), or but the
    images (``receipt-mismatch``).
    """

    async def drop(frame: Frame) -> bytes:
        return b"" if frame.kind is kind else raw(frame)

    assert await spoiled(stage, drop) == code


async def test_the_job_ends_without_a_receipt(stage: Stage) -> None:
    """Adversary: a gateway that hides what became of the record. Edit: END after the images. ``result-invalid``."""

    async def end(frame: Frame) -> bytes:
        return encode_frame(FrameKind.END) if frame.kind is FrameKind.RECEIPT else raw(frame)

    assert await spoiled(stage, end) == "result-invalid"


async def test_the_job_ends_without_the_proof_of_its_receipt(stage: Stage) -> None:
    """Adversary: a gateway that logs no receipt. Edit: END after the receipt. ``proof-invalid``."""

    async def end(frame: Frame) -> bytes:
        return raw(frame) + (encode_frame(FrameKind.END) if frame.kind is FrameKind.RECEIPT else b"")

    assert await spoiled(stage, end) == "proof-invalid"


async def test_something_comes_before_anybody_was_chosen(stage: Stage) -> None:
    """Adversary: the gateway. Edit: an image, a receipt or progress before the first offer. ``out-of-order``."""
    progress = canonical.encode(Progress(phase="drawing", image=0, images=1, step=1, steps=4))
    early = {FrameKind.IMAGE: bytes(65559), FrameKind.RECEIPT: b"a.b.c", FrameKind.PROGRESS: progress}
    for kind, payload in early.items():

        async def slip(frame: Frame, slipped: bytes = encode_frame(kind, payload)) -> bytes:
            return (slipped if frame.kind is FrameKind.OFFER else b"") + raw(frame)

        async with stage.visit() as visit:
            await visit.consent()
            stage.seam.edit = slip
            assert await visit.refused() == "out-of-order"


@pytest.mark.parametrize("kind", [FrameKind.IMAGE, FrameKind.RECEIPT, FrameKind.PROGRESS])
async def test_something_comes_after_the_receipt(stage: Stage, kind: FrameKind) -> None:
    """Adversary: the gateway. Edit: a frame of the worker's once more, after its receipt. ``out-of-order``."""
    said: dict[FrameKind, bytes] = {}

    async def again(frame: Frame) -> bytes:
        said.setdefault(frame.kind, raw(frame))
        return raw(frame) + (said[kind] if frame.kind is FrameKind.RECEIPT else b"")

    assert await spoiled(stage, again) == "out-of-order"


async def test_nothing_is_heard_after_the_end(stage: Stage) -> None:
    """Adversary: the gateway. Edit: an image, another receipt and another END after END. The job is over: what came
    before counts, and nothing else is taken for a part of it.
    """
    late: list[bytes] = []

    async def add(frame: Frame) -> bytes:
        if frame.kind in {FrameKind.IMAGE, FrameKind.RECEIPT}:
            late.append(raw(frame))
        return raw(frame) + (b"".join(late) + raw(frame) if frame.kind is FrameKind.END else b"")

    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        stage.seam.edit = add
        job = await visit.job()
        assert (await job.run()).images == [picture(0)]
        assert len(job.order) == 2


# --- the worker signs for it ------------------------------------------------------------------------------------------

Script = Callable[[Taken], Awaitable[None]]


async def drawn_by(stage: Stage, script: Script, visit: Visit, *, images: int = 1) -> str:
    """How a person ends a job whose worker follows ``script`` and signs a receipt for what it sent."""
    worker = stage.actors["company"][0]

    async def signing_for_it(taken: Taken) -> None:
        taken.open()
        await taken.progress(1)
        await script(taken)
        await taken.say(FrameKind.RECEIPT, taken.receipt().encode())

    worker.script = signing_for_it
    try:
        return await visit.spoiled(images=images)
    finally:
        worker.script = portraits


async def two_swapped(taken: Taken) -> None:
    for index in (0, 1):
        await send(taken, *(replace(chunk, image=index) for chunk in chunks_of(taken, 1 - index)))


async def last_dropped(taken: Taken) -> None:
    await send(taken, *chunks_of(taken, 0), chunks_of(taken, 1)[0])


async def tampered(taken: Taken) -> None:
    first, *rest = chunks_of(taken, 0)
    await send(taken, replace(first, sealed=bytes(len(first.sealed))), *rest, *chunks_of(taken, 1))


async def only_one(taken: Taken) -> None:
    await send(taken, *chunks_of(taken, 0))


async def one_too_many(taken: Taken) -> None:
    await send(taken, *(chunk for index in range(3) for chunk in chunks_of(taken, index)))


@pytest.mark.parametrize("script", [two_swapped, last_dropped, tampered, only_one, one_too_many])
async def test_the_worker_signs_for_what_is_no_result(stage: Stage, script: Script) -> None:
    """Adversary: the chosen worker. Edit: see its name; the receipt is over the very bytes. ``result-invalid``."""
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        assert await drawn_by(stage, script, visit, images=2) == "result-invalid"


async def test_the_worker_sends_the_image_of_another_job(stage: Stage) -> None:
    """Adversary: the chosen worker. Edit: sealed chunks of the job before, with a receipt over them.
    ``result-invalid``.
    """
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        await visit.draw()
        old = stage.actors["company"][0].taken[-1]
        visit.posts.clear()

        async def again(taken: Taken) -> None:
            await send(taken, *chunks_of(old, 0))

        assert await drawn_by(stage, again, visit) == "result-invalid"
