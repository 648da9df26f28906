"""A job: opened by one request whose answer goes on until the end, disclosed by another."""

from typing import Final

from litestar import Response, post
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from gateway.admission import admit_job
from gateway.disclosures import disclose
from gateway.door import Door
from gateway.pipe import Pipe
from gateway.problems import AnyRequest
from gateway.relay import Relay
from schemas import canonical
from schemas.job import DISCLOSURE_PREFIX_BYTES, MAX_DISCLOSURE_BYTES, Accepted
from schemas.sealing import SEALED_REQUEST_BYTES

MAX_JOB_BYTES: Final = 16 * 1024
MAX_DISCLOSURE_BODY_BYTES: Final = DISCLOSURE_PREFIX_BYTES + MAX_DISCLOSURE_BYTES + SEALED_REQUEST_BYTES


@post("/api/v1/jobs", request_max_body_size=MAX_JOB_BYTES, status_code=200)
async def open_job(request: AnyRequest, door: NamedDependency[Door]) -> Stream:
    """``JobBody`` in; out comes the stream of frames of spec/sealed-job.md section 5, for as long as the job lasts."""
    job = await admit_job(door, await request.body())
    pipe = Pipe(lambda emit: Relay(door, job, emit).run(), door.pace.stall_seconds)
    return Stream(pipe.frames(), media_type="application/octet-stream", background=BackgroundTask(pipe.stop))


@post("/api/v1/jobs/{offer_id:str}/disclosures", request_max_body_size=MAX_DISCLOSURE_BODY_BYTES, status_code=202)
async def disclose_job(request: AnyRequest, offer_id: FromPath[str], door: NamedDependency[Door]) -> Response[bytes]:
    """A packed disclosure in; 202 when the worker has it. The result comes on the job's stream."""
    await disclose(door, offer_id, await request.body())
    return Response(canonical.encode(Accepted()), media_type="application/json", status_code=202)
