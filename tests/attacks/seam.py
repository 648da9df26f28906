"""Where a gateway turns evil: between the honest program and the network, every word may be another one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from litestar.types import ASGIApp

from schemas.frames import Frame, FrameKind, FrameReader, encode_frame

JOBS = "/api/v1/jobs"
Edit = Callable[[Frame], Awaitable[bytes]]
"""What is sent instead of a frame."""
Rewrite = Callable[[bytes], Awaitable[bytes]]
"""What is answered instead of a whole body."""


def raw(frame: Frame) -> bytes:
    """The frame as it is."""
    return encode_frame(frame.kind, frame.payload)


def replacing(kind: FrameKind, change: Callable[[bytes], bytes]) -> Edit:
    """An edit of every frame of one kind."""

    async def edit(frame: Frame) -> bytes:
        return encode_frame(frame.kind, change(frame.payload)) if frame.kind is kind else raw(frame)

    return edit


Statements = dict[FrameKind, bytes]
"""The four payloads that say who claimed a lot."""
CLAIMING = (FrameKind.OFFER, FrameKind.ROSTER, FrameKind.PROOF, FrameKind.CLAIM)


def written(said: Statements) -> bytes:
    """The frames of ``said``."""
    return b"".join(encode_frame(kind, payload) for kind, payload in said.items())


@dataclass
class Remade:
    """An edit of whole claims: ``change`` gets the four statements of a claim and its number, from 0."""

    change: Callable[[Statements, int], Awaitable[bytes]]
    count: int = 0
    held: Statements = field(default_factory=dict)
    is_over: bool = False

    async def __call__(self, frame: Frame) -> bytes:
        """See ``Edit``."""
        self.is_over = self.is_over or frame.kind is FrameKind.CHOOSE
        if self.is_over or frame.kind not in CLAIMING:
            return raw(frame)
        self.held[frame.kind] = frame.payload
        if frame.kind is not FrameKind.CLAIM:
            return b""
        said, self.held = self.held, {}
        self.count += 1
        return await self.change(said, self.count - 1)


@dataclass
class Seam:
    """What stands between; without an edit it is not there."""

    edit: Edit | None = None
    answers: dict[str, Rewrite] = field(default_factory=dict)
    """By path."""
    said: list[Frame] = field(default_factory=list)
    """What the program itself said, of all jobs."""

    def undo(self) -> None:
        """Be honest again."""
        self.edit = None
        self.answers.clear()
        self.said.clear()

    def around(self, app: ASGIApp) -> ASGIApp:
        """``app`` as the network sees it."""

        async def evil(scope: Any, receive: Any, send: Any) -> None:
            path = scope.get("path", "")
            if path == JOBS:
                send = self._stream(send)
            elif path in self.answers:
                send = _whole(send, self.answers[path])
            await app(scope, receive, send)

        return evil

    def _stream(self, send: Any) -> Any:
        reader = FrameReader()
        is_stream = False

        async def edited(message: Any) -> None:
            nonlocal is_stream
            if message["type"] == "http.response.start":
                is_stream = message["status"] == 200
            elif is_stream and message["type"] == "http.response.body":
                message = message | {"body": await self._edited(reader.feed(message["body"]))}
            await send(message)

        return edited

    async def _edited(self, frames: list[Frame]) -> bytes:
        self.said += frames
        return b"".join([await self.edit(frame) if self.edit else raw(frame) for frame in frames])


def _whole(send: Any, rewrite: Rewrite) -> Any:
    held: list[Any] = []
    body = b""

    async def edited(message: Any) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            held.append(message)
            return
        body += message["body"]
        if not message.get("more_body"):
            (start,) = held
            changed = await rewrite(body)
            headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send(start | {"headers": [*headers, (b"content-length", str(len(changed)).encode())]})
            await send({"type": "http.response.body", "body": changed})

    return edited
