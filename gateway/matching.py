"""A job from request to disclosure: which offers, which claims, which of them is sealed to (spec/sealed-job.md)."""

from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.ledger import MAX_STRIKES, JobEntry, Taken
from schemas import canonical, signing
from schemas.consent import ConsentToken
from schemas.errors import ClaimMismatch, NotEnrolled, OfferExpired, OutOfOrder, OverLimit, TooFewClaims, WrongHolder
from schemas.job import Disclosure, JobRequest, Offer
from schemas.job_states import Event, State, advance
from schemas.pools import LOTS
from schemas.scalars import digest, from_b64u
from schemas.worker_key import CheckedClaim, Claim, ClaimMessage, check_claim


@dataclass(frozen=True, slots=True)
class Claimant:
    """A worker that has taken one lot of a job."""

    offer: Offer
    message: ClaimMessage = field(repr=False)
    checked: CheckedClaim = field(repr=False)

    @property
    def worker(self) -> str:
        """Its thumbprint."""
        return self.checked.claim.worker

    @property
    def key(self) -> Ed25519PublicKey:
        """Its identity key."""
        return Ed25519PublicKey.from_public_bytes(from_b64u(self.checked.roster.key, 32))

    @property
    def lapses_at(self) -> int:
        """When its lease is over, unix time."""
        return self.checked.claim.issued_at + self.checked.claim.lease_seconds


@dataclass(frozen=True, slots=True)
class Welcome:
    """Whose claims a gateway takes."""

    keys: signing.Keys
    """The gateway's own: roster entries are signed by one of them."""
    allowed: frozenset[str]
    """Thumbprints of workers."""


def make_offers(
    token: ConsentToken, request: JobRequest, *, offer_id: str, now: int, claim_seconds: int
) -> tuple[tuple[Offer, ...], JobEntry]:
    """The offers for ``request``, made under ``token``, one for each lot of its pool, and the job's first entry."""
    lots = LOTS[token.aud]
    offers = tuple(
        Offer(
            offer_id=offer_id,
            token=request.token,
            bundle=token.bundle,
            pool=token.aud,
            region=token.region,
            images=request.images,
            lot=lot,
            lots=lots,
            issued_at=now,
            expires_at=now + claim_seconds,
        )
        for lot in range(1, lots + 1)
    )
    entry = JobEntry(
        state=State.OFFERED,
        jti=token.jti,
        token=request.token,
        images=request.images,
        offers=[digest(canonical.encode(offer)) for offer in offers],
        claims=[],
        chosen=None,
        disclosed_at=None,
    )
    return offers, entry


def read_claim(
    offers: tuple[Offer, ...], message: ClaimMessage, welcome: Welcome, *, sender: str, now: int
) -> Claimant:
    """Who claims which of ``offers`` in ``message``, said on a subject of ``sender``. The browser checks it again.

    Raises:
        OfferExpired: the offer has lapsed.
        StatementError, ClaimMismatch, QuoteInvalid: see ``worker_key.check_claim``.
        ClaimMismatch: about none of these offers, or said by another worker than signed it.
        NotEnrolled: the worker is no longer welcome here.
    """
    # Which lot it is about stands in the claim itself; whether that is true, check_claim says.
    named = canonical.decode(Claim, from_b64u(message.claim.split(".")[1])).offer
    offer = next((offer for offer in offers if digest(canonical.encode(offer)) == named), None)
    if offer is None:
        raise ClaimMismatch
    if now >= offer.expires_at:
        raise OfferExpired
    checked = check_claim(canonical.encode(offer), message.roster, message.claim, gateway=welcome.keys, now=now)
    if checked.claim.worker != sender:
        raise ClaimMismatch("the claim was said on the subject of another worker")
    if sender not in welcome.allowed:
        raise NotEnrolled
    return Claimant(offer=offer, message=message, checked=checked)


def match(entry: JobEntry, claimant: Claimant, *, strikes: int) -> JobEntry:
    """The job's entry once ``claimant`` has taken its lot. ``strikes``: how many receipts the worker owes.

    Raises:
        NotEnrolled: it owes too many.
        OutOfOrder: the lot is taken, the worker holds another lot of this job, or the job is past its claims.
    """
    if strikes >= MAX_STRIKES:
        raise NotEnrolled(f"the worker owes {strikes} receipts of the last 24 hours")
    taken = Taken(
        offer=claimant.checked.claim.offer,
        claim=claimant.checked.claim_hash.hex(),
        worker=claimant.worker,
        lapses_at=claimant.lapses_at,
    )
    state = advance(entry.state, Event.CLAIM)
    if any(other.offer == taken.offer for other in entry.claims):
        raise OutOfOrder("the lot is taken")
    if any(other.worker == taken.worker for other in entry.claims):
        raise OutOfOrder("the worker holds another lot of this job")
    return msgspec.structs.replace(entry, state=state, claims=[*entry.claims, taken])


def disclose(entry: JobEntry, disclosure: Disclosure, *, now: int) -> JobEntry:
    """The job's entry once ``disclosure``, whose signature was checked, has been spent on it.

    Raises:
        OutOfOrder: nobody has claimed the offer, or it has been disclosed already.
        TooFewClaims: there was nothing to choose from yet.
        OfferExpired: the claim's lease is over; nothing was disclosed.
        WrongHolder, ClaimMismatch, OverLimit: the disclosure is about something else than this job.
    """
    state = advance(entry.state, Event.DISCLOSE)
    if len(entry.claims) < len(entry.offers):
        raise TooFewClaims
    if disclosure.token != entry.token:
        raise WrongHolder
    chosen = next((c for c in entry.claims if (c.offer, c.claim) == (disclosure.offer, disclosure.claim)), None)
    if chosen is None:
        raise ClaimMismatch("the disclosure is about another offer or claim")
    if now >= chosen.lapses_at:
        raise OfferExpired
    if disclosure.images != entry.images:
        raise OverLimit("the disclosure asks for another number of portraits than the offer")
    return msgspec.structs.replace(entry, state=state, chosen=chosen.worker, disclosed_at=now)


def close(entry: JobEntry) -> JobEntry:
    """The entry of a job that is over; how it ended is not remembered. One that has ended before stays as it is."""
    state = entry.state
    while state is not State.ENDED:
        # Once a request was disclosed there are two steps to the end; the table knows no shorter way without a receipt.
        state = advance(state, Event.LAPSE if state is State.RETURNED else Event.CANCEL)
    return msgspec.structs.replace(entry, state=state)


def unreach(entry: JobEntry) -> JobEntry:
    """The entry of a job whose disclosure reached nobody: it is over, and nothing was disclosed."""
    return msgspec.structs.replace(close(entry), chosen=None, disclosed_at=None)
