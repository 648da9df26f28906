"""What a worker may send, by kind, size and turn; never by content, which the gateway cannot read."""

from typing import Final

from schemas.errors import OutOfOrder, ResultInvalid
from schemas.frames import IMAGE_HEADER_BYTES, WORKER_FRAMES, Frame, FrameKind, FrameReader
from schemas.job_states import Event, State, advance
from schemas.sealing import SEALED_CHUNK_BYTES

MAX_BYTES: Final = {
    FrameKind.PROGRESS: 512,
    FrameKind.IMAGE: IMAGE_HEADER_BYTES + SEALED_CHUNK_BYTES,
    FrameKind.RECEIPT: 32 * 1024,
    FrameKind.PROBLEM: 1024,
}


def read_worker_frame(raw: bytes) -> Frame:
    """The one frame in ``raw``.

    Raises:
        ResultInvalid: not exactly one frame, of a kind that is not a worker's to send, or of a wrong size.
    """
    reader = FrameReader()
    frames = reader.feed(raw)
    reader.finish()
    if len(frames) != 1 or frames[0].kind not in WORKER_FRAMES:
        raise ResultInvalid
    frame = frames[0]
    size, limit = len(frame.payload), MAX_BYTES[frame.kind]
    if not 0 < size <= limit or (frame.kind is FrameKind.IMAGE and size != limit):
        raise ResultInvalid
    return frame


def after(state: State, kind: FrameKind) -> State:
    """Where a job that was disclosed stands after a worker's frame (spec/sealed-job.md section 6).

    Raises:
        OutOfOrder: it is not this frame's turn.
    """
    if kind is FrameKind.PROBLEM:
        return advance(state, Event.FAIL)
    if kind is FrameKind.RECEIPT:
        # The last image is not marked for the gateway, so that what follows it says that all have come.
        return advance(advance(state, Event.RETURN) if state is State.RUNNING else state, Event.RECEIPT)
    if state is State.DISCLOSED:
        return advance(state, Event.OPEN)
    if state is State.RUNNING or (state is State.RETURNED and kind is FrameKind.PROGRESS):
        return state
    raise OutOfOrder
