"""Frames: how one job's answer travels, one by one over NATS and as one stream over HTTP (spec/sealed-job.md 5).

A frame is ``u8 kind || u32 big-endian payload length || payload``.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from schemas.errors import ResultInvalid
from schemas.sealing import MAX_IMAGE_CHUNKS, SEALED_CHUNK_BYTES

HEADER_BYTES: Final = 5
IMAGE_HEADER_BYTES: Final = 7
MAX_PAYLOAD_BYTES: Final = SEALED_CHUNK_BYTES + IMAGE_HEADER_BYTES


class FrameKind(IntEnum):
    """What a frame's payload is."""

    WAITING = 1
    OFFER = 2
    ROSTER = 3
    CLAIM = 4
    PROGRESS = 5
    IMAGE = 6
    RECEIPT = 7
    PROBLEM = 8
    END = 9
    PROOF = 10
    """A tlog-proof: of the roster entry before a claim, of the receipt's commitment after a receipt."""
    CHOOSE = 11


WORKER_FRAMES: Final = frozenset({FrameKind.PROGRESS, FrameKind.IMAGE, FrameKind.RECEIPT, FrameKind.PROBLEM})
"""What a worker may send; the rest is the gateway's to say."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    kind: FrameKind
    payload: bytes


@dataclass(frozen=True, slots=True)
class ImageChunk:
    """One sealed chunk of one image."""

    image: int
    chunk: int
    last: bool
    sealed: bytes


def encode_frame(kind: FrameKind, payload: bytes = b"") -> bytes:
    """The bytes of one frame."""
    return struct.pack(">BI", kind, len(payload)) + payload


def encode_chunk(chunk: ImageChunk) -> bytes:
    """The payload of an IMAGE frame: ``u16 image || u32 chunk || u8 last || sealed``."""
    return struct.pack(">HIB", chunk.image, chunk.chunk, chunk.last) + chunk.sealed


def decode_chunk(payload: bytes) -> ImageChunk:
    """The inverse of ``encode_chunk``.

    Raises:
        ResultInvalid: wrong length or numbers.
    """
    if len(payload) != IMAGE_HEADER_BYTES + SEALED_CHUNK_BYTES:
        raise ResultInvalid
    image, chunk, last = struct.unpack_from(">HIB", payload)
    if last > 1 or chunk >= MAX_IMAGE_CHUNKS:
        raise ResultInvalid
    return ImageChunk(image=image, chunk=chunk, last=bool(last), sealed=payload[IMAGE_HEADER_BYTES:])


class FrameReader:
    """Cuts a byte stream into frames, whatever the pieces it arrives in."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, piece: bytes) -> list[Frame]:
        """The frames that ``piece`` completes.

        Raises:
            ResultInvalid: an unknown kind or a payload longer than ``MAX_PAYLOAD_BYTES``.
        """
        self._pending += piece
        frames: list[Frame] = []
        while len(self._pending) >= HEADER_BYTES:
            number, length = struct.unpack_from(">BI", self._pending)
            if length > MAX_PAYLOAD_BYTES or number not in FrameKind._value2member_map_:
                raise ResultInvalid
            if len(self._pending) < HEADER_BYTES + length:
                break
            payload = bytes(self._pending[HEADER_BYTES : HEADER_BYTES + length])
            del self._pending[: HEADER_BYTES + length]
            frames.append(Frame(kind=FrameKind(number), payload=payload))
        return frames

    def finish(self) -> None:
        """Return when the stream ended between two frames.

        Raises:
            ResultInvalid: it ended inside one.
        """
        if self._pending:
            raise ResultInvalid
