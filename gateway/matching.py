"""A job from request to disclosure: which offer, which claim, and whether it may be sealed to (spec/sealed-job.md)."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.ledger import JobEntry
from schemas import canonical
from schemas.consent import ConsentToken
from schemas.errors import ClaimMismatch, NotEnrolled, OfferExpired, OverLimit, WrongHolder
from schemas.job import Disclosure, JobRequest, Offer
from schemas.job_states import Event, State, advance
from schemas.scalars import digest
from schemas.worker_key import ClaimMessage, check_claim


def make_offer(
    token: ConsentToken, request: JobRequest, *, offer_id: str, now: int, claim_seconds: int
) -> tuple[Offer, JobEntry]:
    """The offer for ``request``, made under ``token``, and the job's first entry."""
    offer = Offer(
        offer_id=offer_id,
        token=request.token,
        bundle=token.bundle,
        pool=token.aud,
        region=token.region,
        images=request.images,
        lot=1,
        lots=1,
        issued_at=now,
        expires_at=now + claim_seconds,
    )
    entry = JobEntry(
        state=State.OFFERED,
        jti=token.jti,
        token=request.token,
        offer=digest(canonical.encode(offer)),
        images=request.images,
        claim=None,
        worker=None,
        lapses_at=offer.expires_at,
        disclosed_at=None,
    )
    return offer, entry


def match(
    entry: JobEntry,
    offer: Offer,
    message: ClaimMessage,
    *,
    gateway: Ed25519PublicKey,
    allowed: frozenset[str],
    now: int,
) -> JobEntry:
    """The job's entry once ``message`` has taken its offer. The browser checks the same again.

    Raises:
        OfferExpired: the offer has lapsed.
        StatementError, ClaimMismatch: see ``worker_key.check_claim``.
        NotEnrolled: the worker is no longer welcome here.
        OutOfOrder: the offer is taken.
    """
    if now >= offer.expires_at:
        raise OfferExpired
    claimed = check_claim(canonical.encode(offer), message.roster, message.claim, gateway=gateway, now=now).claim
    if claimed.worker not in allowed:
        raise NotEnrolled
    return msgspec.structs.replace(
        entry,
        state=advance(entry.state, Event.CLAIM),
        claim=digest(message.claim.encode("ascii")),
        worker=claimed.worker,
        lapses_at=claimed.issued_at + claimed.lease_seconds,
    )


def disclose(entry: JobEntry, disclosure: Disclosure, *, now: int) -> JobEntry:
    """The job's entry once ``disclosure``, whose signature was checked, has been spent on it.

    Raises:
        OutOfOrder: nobody has claimed the offer, or it has been disclosed already.
        OfferExpired: the claim's lease is over; nothing was disclosed.
        WrongHolder, ClaimMismatch, OverLimit: the disclosure is about something else than this job.
    """
    state = advance(entry.state, Event.DISCLOSE)
    if now >= entry.lapses_at:
        raise OfferExpired
    if disclosure.token != entry.token:
        raise WrongHolder
    if (disclosure.offer, disclosure.claim) != (entry.offer, entry.claim):
        raise ClaimMismatch("the disclosure is about another offer or claim")
    if disclosure.images != entry.images:
        raise OverLimit("the disclosure asks for another number of portraits than the offer")
    return msgspec.structs.replace(entry, state=state, disclosed_at=now)


def withdraw(entry: JobEntry) -> JobEntry:
    """The entry of a job that nobody will disclose to any more; a job that was disclosed keeps its state.

    Raises:
        OutOfOrder: it has ended already.
    """
    return msgspec.structs.replace(entry, state=advance(entry.state, Event.CANCEL))
