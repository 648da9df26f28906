"""What supervisor and child say to each other: ``u8 kind || u32 big-endian length || payload`` on two pipes.

Down goes one ``Task``; up come the ``Said`` kinds. Everything on these pipes is public or sealed: the child is the
only place where the request is open.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO, Final, Literal

import msgspec

from schemas.errors import OutOfOrder, TooLarge
from schemas.frames import MAX_PAYLOAD_BYTES
from schemas.scalars import B64u, Title
from worker.secret_memory import MemoryKind

HEADER: Final = struct.Struct(">BI")
TASK: Final = 1
KEY_BYTES: Final = 32
MAX_MESSAGE_BYTES: Final = MAX_PAYLOAD_BYTES
"""The largest message is one sealed chunk of an image."""
PIPES: Final = 4
"""Descriptors of a warm child: standard input, twice more in place of output and error, and the one it talks on."""

Locking = Literal["no", "try", "must"]
"""Whether a child keeps its memory out of swap areas; ``must``: or else refuses to warm."""


class Said(IntEnum):
    """What a child says."""

    WARM = 1
    """``Warm``: loaded, with a key, waiting for its one task."""
    OPENED = 2
    """The sealed request was opened; from now on the child has seen a face."""
    PROGRESS = 3
    """A canonical ``schemas.job.Progress``."""
    CHUNK = 4
    """One sealed chunk (``schemas.frames.encode_chunk``)."""
    REFUSED = 5
    """An error code as ASCII: never a text, for a text could quote."""
    DONE = 6
    """All images were handed over."""


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a child found when it tried what it had forbidden itself, before it made its key."""

    undumpable: bool
    """The kernel says that it may not be dumped."""
    offline: bool
    """A socket to the network was refused."""
    narrow_view: bool
    """Files other than its own were out of its sight."""
    no_writing: bool
    """Making files, folders and links was refused, in its folder and in shared memory."""
    no_reading: bool
    """Opening any file at all was refused."""
    no_new_process: bool
    """Starting another process or program was refused."""
    no_other_process: bool
    """Signalling the supervisor and reading its memory was refused."""
    no_new_code: bool
    """Memory that can be run was refused."""
    silent: bool
    """Writing to standard output and standard error was refused."""
    frees_overwritten: bool
    """Freed memory was overwritten, that of Python's own objects too."""
    memory: MemoryKind
    """Where the opened record is to lie."""


class Warm(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="likeness/warm/v1"
):
    """What a child says of itself when it is ready."""

    hpke_key: B64u
    """X-Wing public key, 1216 bytes."""
    provider: Title
    """The execution provider that really runs."""
    held: Held


@dataclass(frozen=True, slots=True)
class Task:
    """All that a child needs for its one job, as the supervisor received it."""

    gateway: bytes
    """The gateway's Ed25519 keys that the worker trusts, 32 bytes each, one after the other."""
    offer: bytes
    roster: bytes
    claim: bytes
    disclosure: bytes
    sealed: bytes


def encode(kind: int, payload: bytes = b"") -> bytes:
    """The bytes of one message."""
    return HEADER.pack(kind, len(payload)) + payload


def read_header(raw: bytes) -> tuple[int, int]:
    """Kind and payload length of a message.

    Raises:
        TooLarge: the payload is longer than any message.
    """
    kind, length = HEADER.unpack(raw)
    if length > MAX_MESSAGE_BYTES:
        raise TooLarge
    return kind, length


def read_message(stream: BinaryIO) -> tuple[int, bytes] | None:
    """The next message, or None when the other side is gone.

    Raises:
        TooLarge: see ``read_header``.
        OutOfOrder: the stream ended inside a message.
    """
    header = stream.read(HEADER.size)
    if not header:
        return None
    if len(header) < HEADER.size:
        raise OutOfOrder
    kind, length = read_header(header)
    payload = stream.read(length)
    if len(payload) < length:
        raise OutOfOrder
    return kind, payload


def encode_task(task: Task) -> bytes:
    """The message that carries ``task``."""
    fields = (task.gateway, task.offer, task.roster, task.claim, task.disclosure, task.sealed)
    return encode(TASK, b"".join(struct.pack(">I", len(part)) + part for part in fields))


def decode_task(payload: bytes) -> Task:
    """The inverse of ``encode_task``, without its header.

    Raises:
        OutOfOrder: not six fields.
    """
    fields: list[bytes] = []
    at = 0
    while at + 4 <= len(payload):
        (length,) = struct.unpack_from(">I", payload, at)
        fields.append(payload[at + 4 : at + 4 + length])
        at += 4 + length
    if at != len(payload) or len(fields) != 6:
        raise OutOfOrder
    gateway, offer, roster, claim, disclosure, sealed = fields
    return Task(gateway=gateway, offer=offer, roster=roster, claim=claim, disclosure=disclosure, sealed=sealed)
