"""The log, for anybody to read (C2SP tlog-tiles), and a fresh proof of any entry whose leaf hash one knows."""

import re
from collections.abc import Sequence
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.log_keeper import LogKeeper
from gateway.tiles import TilePath, read_tile_path
from schemas.errors import BadField, LogUnavailable
from schemas.log_policy import write_policy

LEAF: Final = re.compile("[0-9a-f]{64}")
PUBLIC: Final = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
"""A page of somebody else may read the log, too: it is the same for everybody, and nobody is recognised by it."""
FOR_EVER: Final = PUBLIC | {"cache-control": "public, max-age=31536000, immutable"}
"""What has a place in the tree never changes; a narrower tile has a name of its own."""


@get("/log/checkpoint")
async def checkpoint(log: NamedDependency[LogKeeper]) -> Response[bytes]:
    """The latest checkpoint, with its cosignatures. Not to be kept: the headers of every answer say so."""
    note = log.checkpoint()
    if note is None:
        raise LogUnavailable("the log has no checkpoint yet that its witnesses saw")
    return Response(note.encode(), media_type="text/plain", headers=PUBLIC)


@get("/log/policy")
async def policy(log: NamedDependency[LogKeeper]) -> Response[bytes]:
    """The log's key and its witnesses, as the page pins them. Where the witnesses are reached is left out."""
    return Response(write_policy(log.policy, urls=False).encode(), media_type="text/plain", headers=PUBLIC)


@get("/log/tile/{name:path}", sync_to_thread=True)
def tile(name: FromPath[str], log: NamedDependency[LogKeeper]) -> Response[bytes]:
    """One tile of hashes, or one bundle of entries."""
    path = read_tile_path(name.removeprefix("/"))
    found = None if path is None else _read(log, path)
    if found is None:
        raise NotFoundException
    return Response(found, media_type="application/octet-stream", headers=FOR_EVER)


@get("/api/v1/log/proofs/{leaf:str}")
async def proof(leaf: FromPath[str], log: NamedDependency[LogKeeper]) -> Response[bytes]:
    """A proof, as a tlog-proof, that the entry with this leaf hash (64 hex digits) is in the log; 404 if it is not."""
    if not LEAF.fullmatch(leaf):
        raise BadField("a leaf hash is 64 lower-case hex digits")
    found = await log.prove_leaf(bytes.fromhex(leaf))
    if found is None:
        raise NotFoundException
    return Response(found.encode(), media_type="text/plain", headers=PUBLIC)


def _read(log: LogKeeper, path: TilePath) -> bytes | None:
    if path.level is None:
        return log.entries(path.index, path.width)
    return log.tile(path.level, path.index, path.width)


LOG_ROUTES: Final[Sequence[HTTPRouteHandler]] = (checkpoint, policy, tile, proof)
