"""Who may work for this gateway: from a worker's introduction to its roster entry (spec/sealed-job.md section 2)."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.issuing import Terms
from schemas import signing
from schemas.errors import JobStale, LikenessError, NotEndorsed, NotEnrolled, QuoteInvalid, UnknownBundle, WrongPool
from schemas.job import JOB_FRESH_SECONDS
from schemas.scalars import to_b64u
from schemas.worker_key import ROSTER_SECONDS, Endorsement, Enrolment, RosterEntry, check_endorsement


def enrol(enrolment_jws: str, terms: Terms, *, sender: str, allowed: frozenset[str], now: int) -> RosterEntry:
    """The roster entry of the worker that signed ``enrolment_jws``; it counts once it is signed and logged.

    ``sender`` and ``allowed`` are thumbprints: whose NATS subject it came on, and who may work here.

    Raises:
        StatementError: see ``signing.open_introduced``.
        NotEnrolled: its key is not among ``allowed``, or not the one of its sender.
        JobStale: signed at another time than now.
        WrongPool, UnknownBundle: it offers what is not offered here.
        NotEndorsed: it shows an endorsement that is not about it and in time; by which root, the browser looks.
        QuoteInvalid: the pool ``attested`` asks for the key of a TPM.
    """
    verified = signing.open_introduced(Enrolment, enrolment_jws)
    enrolment = verified.statement
    if verified.kid not in allowed or verified.kid != sender:
        raise NotEnrolled
    if abs(now - enrolment.issued_at) > JOB_FRESH_SECONDS:
        raise JobStale("the enrolment is not of this moment; check the clocks")
    if enrolment.pool not in terms.pools or enrolment.region != terms.region:
        raise WrongPool
    bundles = sorted(set(enrolment.bundles) & set(terms.catalogue.bundles))
    if not bundles:
        raise UnknownBundle
    if enrolment.pool == "attested" and enrolment.attestation is None:
        raise QuoteInvalid("the pool asks for the key of a TPM and there is none")
    entry = RosterEntry(
        worker=verified.kid,
        key=to_b64u(verified.key.public_bytes_raw()),
        pool=enrolment.pool,
        region=enrolment.region,
        operator=enrolment.operator,
        software=enrolment.software,
        bundles=bundles,
        endorsement=enrolment.endorsement,
        attestation=enrolment.attestation,
        enrolled_at=now,
        not_after=now + ROSTER_SECONDS,
    )
    if entry.endorsement is not None:
        _check_endorsed(entry, entry.endorsement, now=now)
    return entry


def _check_endorsed(entry: RosterEntry, endorsement_jws: str, *, now: int) -> None:
    try:
        root = signing.open_introduced(Endorsement, endorsement_jws).key
    except LikenessError:
        raise NotEndorsed from None
    check_endorsement(entry, root, now=now)


def still_serves(roster_jws: str, wanted: RosterEntry, *, gateway: Ed25519PublicKey, now: int) -> bool:
    """Whether the entry ``roster_jws`` says all that ``wanted`` says, with more than half of its life left.

    ``gateway`` is the key that signs now: after a rotation each worker gets an entry by the new one.
    """
    try:
        entry = signing.open_signed(RosterEntry, roster_jws, gateway).statement
    except LikenessError:
        return False
    same = msgspec.structs.replace(wanted, enrolled_at=entry.enrolled_at, not_after=entry.not_after)
    return entry == same and entry.not_after - now > ROSTER_SECONDS // 2
