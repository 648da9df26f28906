"""A disclosure: the sealed request goes to the worker that the browser chose, and is counted before it goes."""

from gateway import matching, replay
from gateway.answers import check_answer
from gateway.door import Door
from gateway.ledger import JobEntry
from gateway.remembering import change_job, change_use, read_job, read_use
from schemas import subjects
from schemas.errors import LikenessError, WorkerLost
from schemas.job import Disclosure, open_disclosure, unpack_disclosure

UNREACHED = "The worker went away before it received anything; nothing was disclosed."


async def disclose(door: Door, offer_id: str, body: bytes) -> None:
    """Hand the sealed request in ``body`` to the worker of the chosen claim (spec/consent-token.md 4.2).

    The counters are spent before a byte is handed over, and given back only when there was nobody to hand it to.
    Whether a disclosure or a withdrawal of the consent came first is decided by which of them changed the counters
    first: a disclosure that comes second is refused; one that came first is counted, and its worker is stopped.

    Raises:
        SealedSize, UnknownJob, OutOfOrder, TooFewClaims, OfferExpired, ClaimMismatch: nothing was disclosed.
        TokenExpired, TokenRevoked, TokenExhausted, WrongHolder, JobStale, OverLimit: nothing was disclosed.
        WorkerLost: the worker is gone; the detail says whether it may have received anything.
        LikenessError: the worker's own refusal, by its code.
    """
    now = door.clock()
    disclosure_jws, _ = unpack_disclosure(body)
    entry = await read_job(door, offer_id)
    use = await read_use(door, entry.jti)
    replay.check_alive(use, now=now)
    disclosure, _ = open_disclosure(disclosure_jws, holder=use.holder, now=now)
    matching.disclose(entry, disclosure, now=now)  # what does not fit costs nothing
    disclosed = await _spend(door, offer_id, entry.jti, disclosure, now)
    subject = subjects.seal(disclosed.chosen or "", offer_id)
    answer = await door.bus.hand_over(subject, body, door.pace.hand_over_seconds)
    if answer is None:
        await _refund(door, entry)
        await change_job(door, offer_id, matching.unreach)
        raise WorkerLost(UNREACHED)
    check_answer(answer)


async def _spend(door: Door, offer_id: str, jti: str, disclosure: Disclosure, now: int) -> JobEntry:
    images = disclosure.images
    await change_use(door, jti, lambda use: replay.spend(use, offer_id, n=disclosure.n, images=images, now=now))
    try:
        return await change_job(door, offer_id, lambda entry: matching.disclose(entry, disclosure, now=now))
    except LikenessError:
        await change_use(door, jti, lambda use: replay.refund(use, images=images))
        raise


async def _refund(door: Door, entry: JobEntry) -> None:
    await change_use(door, entry.jti, lambda use: replay.refund(use, images=entry.images))
