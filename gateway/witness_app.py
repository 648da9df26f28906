"""A witness as a web application: one question, and a page that says who is asked."""

import asyncio
from typing import Final

from litestar import Litestar, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, NotFoundException

from gateway.problems import AnyRequest, refuse, refuse_defect, refuse_http
from gateway.witness import Cosigned, LogUnknown, Witness
from gateway.witness_request import MAX_REQUEST_BYTES, PATH, SIZE_MEDIA_TYPE, write_size
from schemas.errors import LikenessError

TEXT: Final = "text/plain"
ABOUT: Final = """\
This is a witness of transparency logs (C2SP tlog-witness). It cosigns a log's checkpoint only if all that the log ever
showed it is still there. It sees hashes, never what they are of.

Its key, for a policy:
{vkey}

The logs it watches:
{logs}
"""
FORK: Final = """
{origin} has signed two trees of one size. Whoever holds both of these checkpoints can show it:

{ours}
{theirs}"""


def create_witness_app(witness: Witness) -> Litestar:
    """The application around ``witness``."""
    return Litestar(
        route_handlers=[about, add_checkpoint],
        dependencies={"witness": Provide(lambda: witness, sync_to_thread=False)},
        exception_handlers={LikenessError: refuse, HTTPException: refuse_http, Exception: refuse_defect},
        request_max_body_size=MAX_REQUEST_BYTES,
        openapi_config=None,
        logging_config=None,
    )


@get("/", sync_to_thread=True)
def about(witness: NamedDependency[Witness]) -> Response[str]:
    """Who this is, and which logs it caught in a contradiction; also the sign that it is up."""
    logs = "\n".join(key.text for keys in witness.logs.values() for key in keys)
    forks = ((origin, witness.state.fork(origin)) for origin in witness.logs)
    told = [FORK.format(origin=origin, ours=fork[0], theirs=fork[1]) for origin, fork in forks if fork]
    return Response(ABOUT.format(vkey=witness.verifier.text, logs=logs) + "".join(told), media_type=TEXT)


@post(PATH, status_code=200)
async def add_checkpoint(request: AnyRequest, witness: NamedDependency[Witness]) -> Response[bytes]:
    """A checkpoint and the way to it in; the cosignature out (200), or the size this witness saw last (409)."""
    outcome = await asyncio.to_thread(witness.add_checkpoint, await request.body())
    if isinstance(outcome, LogUnknown):
        raise NotFoundException("this witness does not watch that log")
    if isinstance(outcome, Cosigned):
        return Response(outcome.line.encode(), media_type=TEXT)
    # As a header of our own: the framework would add a charset to the media type, and C2SP has it without.
    return Response(write_size(outcome.size), headers={"content-type": SIZE_MEDIA_TYPE}, status_code=409)
