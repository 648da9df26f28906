"""The four moments at which the gateway says yes or no: pure functions decide, compare-and-set stores."""

import re
from dataclasses import dataclass
from typing import Final

from gateway import issuing, ledger, matching, replay
from gateway.bus import Message, Stored
from gateway.door import Door
from gateway.ledger import JobEntry, TokenUse, Used
from schemas import canonical, subjects
from schemas.codes import from_code
from schemas.consent import ConsentToken, open_token
from schemas.errors import (
    BusUnavailable,
    GrantReplayed,
    JobReplayed,
    LikenessError,
    OutOfOrder,
    TokenExpired,
    UnknownBundle,
    UnknownJob,
    WorkerLost,
)
from schemas.job import (
    Accepted,
    Disclosure,
    JobBody,
    Offer,
    Problem,
    open_disclosure,
    open_job_request,
    unpack_disclosure,
)
from schemas.scalars import digest
from schemas.worker_key import ClaimMessage

OFFER_ID: Final = re.compile(r"[0-9a-f]{32}")
ATTEMPTS: Final = 8
"""Compare-and-set rounds before giving up; each lost round means that somebody else moved on."""
YES: Final = canonical.encode(Accepted())


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that was let in and not offered yet."""

    offer: Offer
    entry: JobEntry


# --- a person's consent ----------------------------------------------------------------------------------------------


async def admit_grant(door: Door, grant_jws: str) -> str:
    """The token for ``grant_jws``.

    Raises:
        LikenessError: see ``issuing.issue``.
        GrantReplayed: this grant has had its token.
    """
    now = door.clock()
    issued = issuing.issue(grant_jws, door.terms, key=door.key, jti=door.randomness(16).hex(), now=now)
    if not await door.bus.create(subjects.KV_GRANTS, issued.nonce, canonical.encode(Used(at=now))):
        raise GrantReplayed
    # The counters stand before the token is out: a token without counters is refused.
    if not await door.bus.create(subjects.KV_TOKENS, issued.token.jti, canonical.encode(issued.use)):
        raise GrantReplayed
    return issued.jws


# --- a job -----------------------------------------------------------------------------------------------------------


async def admit_job(door: Door, raw: bytes) -> OpenJob:
    """The job that the body ``raw`` asks for (spec/consent-token.md 4.1). Spends nothing of the token.

    Raises:
        StatementError, TokenExpired, WrongHolder, JobStale: see ``open_token`` and ``open_job_request``.
        UnknownBundle, TokenExhausted, JobReplayed: named after why.
    """
    now = door.clock()
    body = canonical.decode(JobBody, raw)
    token = open_token(body.token, gateway=door.public_key, now=now)
    request = open_job_request(body.request, holder=token.cnf, token=digest(body.token.encode("ascii")), now=now)
    if token.bundle not in door.catalogue.bundles:
        raise UnknownBundle
    await _check_room(door, token, images=request.images, now=now)
    nonce = ledger.nonce_key(token.cnf, request.nonce)
    if not await door.bus.create(subjects.KV_GRANTS, nonce, canonical.encode(Used(at=now))):
        raise JobReplayed
    offer, entry = matching.make_offer(
        token,
        request,
        offer_id=door.randomness(16).hex(),
        now=now,
        claim_seconds=door.settings.claim_seconds,
    )
    if not await door.bus.create(subjects.KV_JOBS, ledger.job_key(offer.offer_id), canonical.encode(entry)):
        raise JobReplayed
    return OpenJob(offer=offer, entry=entry)


async def _check_room(door: Door, token: ConsentToken, *, images: int, now: int) -> None:
    stored = await door.bus.read(subjects.KV_TOKENS, token.jti)
    if stored is None:
        raise TokenExpired("the gateway has restarted since; consent again")
    replay.check_room(canonical.decode(TokenUse, stored.value), images=images, now=now)


async def read_job(door: Door, offer_id: str) -> tuple[JobEntry, Stored]:
    """The job of ``offer_id`` as it stands.

    Raises:
        UnknownJob: there is none.
    """
    if OFFER_ID.fullmatch(offer_id):
        stored = await door.bus.read(subjects.KV_JOBS, ledger.job_key(offer_id))
        if stored is not None:
            return canonical.decode(JobEntry, stored.value), stored
    raise UnknownJob


# --- a worker's claim ------------------------------------------------------------------------------------------------


async def take_claim(door: Door, offer: Offer, message: Message) -> tuple[ClaimMessage, JobEntry] | None:
    """The claim in ``message`` when it takes ``offer``, else None; the worker has its answer either way.

    Raises:
        BusUnavailable: NATS cannot be reached.
    """
    try:
        taken = await _match(door, offer, message.payload)
    except BusUnavailable:
        raise
    except LikenessError as error:
        await message.answer(problem(error))
        return None
    await message.answer(YES)
    return taken


async def _match(door: Door, offer: Offer, raw: bytes) -> tuple[ClaimMessage, JobEntry]:
    claim = canonical.decode(ClaimMessage, raw)
    entry, stored = await read_job(door, offer.offer_id)
    claimed = matching.match(
        entry, offer, claim, gateway=door.public_key, allowed=door.allowed_workers, now=door.clock()
    )
    key = ledger.job_key(offer.offer_id)
    if not await door.bus.replace(subjects.KV_JOBS, key, canonical.encode(claimed), stored.revision):
        raise OutOfOrder
    return claim, claimed


# --- a disclosure ----------------------------------------------------------------------------------------------------


async def disclose(door: Door, offer_id: str, body: bytes) -> None:
    """Hand the sealed request in ``body`` to the worker that claimed the offer (spec/consent-token.md 4.2).

    The counters are spent before a byte is handed over, and given back only when there was nobody to hand it to.

    Raises:
        SealedSize, UnknownJob, OutOfOrder, OfferExpired, TokenExpired, TokenExhausted: nothing was disclosed.
        WorkerLost: the worker is gone; the detail says whether it may have received anything.
        LikenessError: the worker's own refusal, by its code.
    """
    now = door.clock()
    disclosure_jws, _ = unpack_disclosure(body)
    entry, stored = await read_job(door, offer_id)
    use, _ = await _read_use(door, entry.jti)
    disclosure, _ = open_disclosure(disclosure_jws, holder=use.holder, now=now)
    disclosed = matching.disclose(entry, disclosure, now=now)
    await _spend(door, entry.jti, disclosure, now)
    key = ledger.job_key(offer_id)
    if not await door.bus.replace(subjects.KV_JOBS, key, canonical.encode(disclosed), stored.revision):
        await _refund(door, entry)
        raise OutOfOrder
    subject = subjects.seal(entry.worker or "", offer_id)
    answer = await door.bus.hand_over(subject, body, door.pace.hand_over_seconds)
    if answer is None:
        await _refund(door, entry)
        raise WorkerLost("The worker went away before it received anything; nothing was disclosed.")
    check_answer(answer)


async def _read_use(door: Door, jti: str) -> tuple[TokenUse, Stored]:
    stored = await door.bus.read(subjects.KV_TOKENS, jti)
    if stored is None:
        raise TokenExpired("the gateway has restarted since; consent again")
    return canonical.decode(TokenUse, stored.value), stored


async def _spend(door: Door, jti: str, disclosure: Disclosure, now: int) -> None:
    for _ in range(ATTEMPTS):
        use, stored = await _read_use(door, jti)
        spent = replay.spend(use, n=disclosure.n, images=disclosure.images, now=now)
        if await door.bus.replace(subjects.KV_TOKENS, jti, canonical.encode(spent), stored.revision):
            return
    raise OutOfOrder


async def _refund(door: Door, entry: JobEntry) -> None:
    for _ in range(ATTEMPTS):
        use, stored = await _read_use(door, entry.jti)
        refunded = canonical.encode(replay.refund(use, images=entry.images))
        if await door.bus.replace(subjects.KV_TOKENS, entry.jti, refunded, stored.revision):
            return


def check_answer(raw: bytes) -> None:
    """Return when ``raw`` is a worker's yes.

    Raises:
        LikenessError: the refusal that it is, or ``StatementError`` when it is neither.
    """
    if raw != YES:
        refusal = canonical.decode(Problem, raw)
        raise from_code(refusal.code, refusal.detail)


def problem(error: LikenessError) -> bytes:
    """``error`` as it travels."""
    return canonical.encode(Problem(code=error.code, detail=error.detail[:400]))
