"""Who may work for this gateway: from a worker's introduction to its roster entry (spec/sealed-job.md section 2)."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.issuing import Terms
from schemas import signing
from schemas.errors import JobStale, NotEnrolled, UnknownBundle, WrongPool
from schemas.job import JOB_FRESH_SECONDS
from schemas.scalars import to_b64u
from schemas.worker_key import ROSTER_SECONDS, Enrolled, Enrolment, RosterEntry


def enrol(
    enrolment_jws: str, terms: Terms, *, allowed: frozenset[str], key: Ed25519PrivateKey, now: int
) -> tuple[RosterEntry, Enrolled]:
    """The roster entry of the worker that signed ``enrolment_jws``, and the answer to it.

    Raises:
        StatementError: see ``signing.open_introduced``.
        NotEnrolled: its key is not among ``allowed`` (thumbprints).
        JobStale: signed at another time than now.
        WrongPool, UnknownBundle: it offers what is not offered here.
    """
    verified = signing.open_introduced(Enrolment, enrolment_jws)
    enrolment = verified.statement
    if verified.kid not in allowed:
        raise NotEnrolled
    if abs(now - enrolment.issued_at) > JOB_FRESH_SECONDS:
        raise JobStale("the enrolment is not of this moment; check the clocks")
    if enrolment.pool not in terms.pools or enrolment.region != terms.region:
        raise WrongPool
    bundles = sorted(set(enrolment.bundles) & set(terms.catalogue.bundles))
    if not bundles:
        raise UnknownBundle
    entry = RosterEntry(
        worker=verified.kid,
        key=to_b64u(verified.key.public_bytes_raw()),
        pool=enrolment.pool,
        region=enrolment.region,
        operator=enrolment.operator,
        software=enrolment.software,
        bundles=bundles,
        enrolled_at=now,
        not_after=now + ROSTER_SECONDS,
    )
    return entry, Enrolled(roster=signing.sign(entry, key), key=signing.jwk_of(key.public_key()))
