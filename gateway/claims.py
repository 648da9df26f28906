"""A worker's claim: whether it takes a lot of a job."""

from gateway import matching
from gateway.admission import OpenJob
from gateway.answers import YES, problem
from gateway.bus import Message
from gateway.door import Door
from gateway.matching import Claimant, Welcome
from gateway.remembering import change_job, count_strikes
from schemas import canonical
from schemas.errors import BusUnavailable, LikenessError
from schemas.worker_key import ClaimMessage


async def take_claim(door: Door, job: OpenJob, message: Message) -> Claimant | None:
    """Who claims a lot of ``job`` in ``message``, when it may, else None; the worker has its answer either way.

    Raises:
        BusUnavailable: NATS cannot be reached.
    """
    try:
        claimant = await _match(door, job, message)
    except BusUnavailable:
        raise
    except LikenessError as error:
        await message.answer(problem(error))
        return None
    await message.answer(YES)
    return claimant


async def _match(door: Door, job: OpenJob, message: Message) -> Claimant:
    claimant = matching.read_claim(
        job.offers,
        canonical.decode(ClaimMessage, message.payload),
        Welcome(keys=door.public_keys, allowed=door.allowed_workers),
        sender=message.sender,
        now=door.clock(),
    )
    strikes = await count_strikes(door, claimant.worker)
    await change_job(door, job.offer_id, lambda entry: matching.match(entry, claimant, strikes=strikes))
    return claimant
