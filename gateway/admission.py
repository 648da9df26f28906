"""Letting in: a person's consent, a person's job, a worker. Pure functions decide, the ledger and the log store."""

import asyncio
import math
from dataclasses import dataclass, field

from gateway import enrolment, issuing, ledger, matching, replay
from gateway.bus import Stored
from gateway.door import Door
from gateway.ledger import Used
from gateway.remembering import change_use
from schemas import canonical, signing, subjects
from schemas.consent import Admitted, open_token
from schemas.errors import GrantReplayed, JobReplayed, OverLimit, UnknownBundle
from schemas.job import JobBody, Offer, open_job_request
from schemas.log_leaf import roster_entry
from schemas.scalars import digest
from schemas.worker_key import Enrolled, RosterEntry


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that was let in and not offered yet."""

    offers: tuple[Offer, ...]
    """One for each lot."""
    jti: str = field(repr=False)

    @property
    def offer_id(self) -> str:
        """The id that the offers share."""
        return self.offers[0].offer_id


async def admit_grant(door: Door, grant_jws: str) -> Admitted:
    """The token for ``grant_jws``, and the proof that the consent stands in the log.

    Where the log fails, the token was made and is given to nobody: its counters lapse with it.

    Raises:
        LikenessError: see ``issuing.issue``.
        OverLimit: too many consents at once; says when to come back.
        GrantReplayed: this grant has had its token.
        LogUnavailable: the consent could not be logged.
    """
    now = door.clock()
    issued = issuing.issue(grant_jws, door.terms, key=door.key, jti=door.randomness(16).hex(), now=now)
    if wait_seconds := door.throttle.take(asyncio.get_running_loop().time()):
        refusal = OverLimit("too many consents at once")
        refusal.retry_after_seconds = math.ceil(wait_seconds)
        raise refusal
    if not await door.bus.create(subjects.KV_GRANTS, issued.nonce, canonical.encode(Used(at=now))):
        raise GrantReplayed
    # The counters stand before the token is out: a token without counters is refused.
    if not await door.bus.create(subjects.KV_TOKENS, issued.token.jti, canonical.encode(issued.use)):
        raise GrantReplayed
    return Admitted(token=issued.jws, proof=await door.log.append(issued.leaf))


async def admit_job(door: Door, raw: bytes) -> OpenJob:
    """The job that the body ``raw`` asks for (spec/consent-token.md 4.1). It ends the job that its token had before.

    Raises:
        StatementError, TokenExpired, WrongHolder, JobStale: see ``open_token`` and ``open_job_request``.
        TokenRevoked, TokenExhausted: see ``replay.open_job``.
        UnknownBundle, JobReplayed: named after why.
    """
    now = door.clock()
    body = canonical.decode(JobBody, raw)
    token = open_token(body.token, gateway=door.public_keys, now=now)
    request = open_job_request(body.request, holder=token.cnf, token=digest(body.token.encode("ascii")), now=now)
    if token.bundle not in door.catalogue.bundles:
        raise UnknownBundle
    offer_id = door.randomness(16).hex()
    offers, entry = matching.make_offers(
        token, request, offer_id=offer_id, now=now, claim_seconds=door.settings.claim_seconds
    )
    nonce = ledger.nonce_key(token.cnf, request.nonce)
    if not await door.bus.create(subjects.KV_GRANTS, nonce, canonical.encode(Used(at=now))):
        raise JobReplayed
    await change_use(door, token.jti, lambda use: replay.open_job(use, offer_id, images=request.images, now=now))
    if not await door.bus.create(subjects.KV_JOBS, ledger.job_key(offer_id), canonical.encode(entry)):
        raise JobReplayed
    return OpenJob(offers=offers, jti=token.jti)


async def enrol(door: Door, sender: str, enrolment_jws: str) -> tuple[RosterEntry, Enrolled]:
    """The roster entry of the worker that signed ``enrolment_jws``, which stands in the log, and the answer to it.

    A worker that comes back with nothing changed keeps its entry while more than half of the entry's life is left: it
    neither leaves a leaf each time nor waits for the witnesses each time. ``sender``: the worker in the NATS subject.

    Raises:
        LikenessError: see ``enrolment.enrol``.
        LogUnavailable: the entry could not be logged; the worker is not listed.
    """
    now = door.clock()
    wanted = enrolment.enrol(enrolment_jws, door.terms, sender=sender, allowed=door.allowed_workers, now=now)
    stored = await door.bus.read(subjects.KV_WORKERS, wanted.worker)
    roster = stored.value.decode("ascii") if stored else ""
    is_kept = enrolment.still_serves(roster, wanted, gateway=door.key.public_key(), now=now)
    if not is_kept:
        roster = signing.sign(wanted, door.key)
    # Asked for a kept entry too: what the ledger remembers may stand in another log than this one.
    await door.log.append(roster_entry(roster))
    if not is_kept:
        await _list(door, wanted.worker, roster, stored)
    keys = [signing.jwk_of(key) for key in door.public_keys]
    return ledger.listed(roster.encode("ascii")), Enrolled(roster=roster, keys=keys)


async def _list(door: Door, worker: str, roster: str, stored: Stored | None) -> None:
    # Losing this race means that the same worker enrolled twice at once: either entry is as good.
    value = roster.encode("ascii")
    if stored is None:
        await door.bus.create(subjects.KV_WORKERS, worker, value)
    else:
        await door.bus.replace(subjects.KV_WORKERS, worker, value, stored.revision)
