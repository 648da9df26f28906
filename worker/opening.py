"""Opening a sealed request and deciding whether to draw it: numbered steps in one order, before any of it is used."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas import canonical, consent, embedding, sealing, signing
from schemas.bundle_manifest import BundleManifest
from schemas.embedding import LikenessRecord
from schemas.errors import (
    ClaimMismatch,
    GrantMismatch,
    OverLimit,
    RecordPartMissing,
    UnknownBundle,
    UnknownKey,
    UnknownStyle,
    WrongPool,
)
from schemas.job import Disclosure, Offer, SealedRequest, open_disclosure
from schemas.scalars import digest, from_b64u
from schemas.sealing import SECRET_BYTES, WorkerKey
from schemas.worker_key import CheckedClaim, check_claim
from worker.pipe import Task


@dataclass(frozen=True, slots=True)
class Order:
    """What may be drawn, and the key of the way back."""

    record: LikenessRecord = field(repr=False)
    style: int = field(repr=False)
    """Index in the bundle's catalogue."""
    seed: int = field(repr=False)
    images: int
    reply_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trust:
    """What this child believes before it reads a word: whom, with which key, for which bundle, at what time."""

    gateway: str
    """Thumbprint of the only gateway it works for."""
    key: WorkerKey
    bundle: str
    """Digest of the bundle it loaded."""
    manifest: BundleManifest
    now: int


def open_task(task: Task, trust: Trust, opened: Callable[[], None]) -> Order:
    """The order in ``task``; ``opened`` is called as soon as the sealed request has been decrypted.

    Raises:
        LikenessError: the first of the steps below that does not hold.
    """
    # 1. The gateway is the one this worker was set up for.
    gateway = Ed25519PublicKey.from_public_bytes(task.gateway)
    if signing.thumbprint(gateway) != trust.gateway:
        raise UnknownKey
    # 2. The claim is ours: this offer, this roster entry, this very key, this bundle, within its lease.
    checked = _our_claim(task, trust, gateway)
    offer = canonical.decode(Offer, task.offer)
    # 3. The request was sealed to this key and for this offer, claim and disclosure.
    offer_hash, disclosure_hash = (bytes.fromhex(digest(raw)) for raw in (task.offer, task.disclosure))
    info = sealing.context(offer_hash, checked.claim_hash, disclosure_hash)
    plaintext = sealing.open_request(task.sealed, trust.key, info)
    opened()
    # 4. It says what a request says.
    request = canonical.decode(SealedRequest, plaintext)
    # 5. The gateway countersigned the consent, and it is still valid.
    token = consent.open_token(request.token, gateway=gateway, now=trust.now)
    # 6. The person gave that consent: the gateway cannot invent one.
    consent.check_grant_of_token(token, request.grant)
    # 7. The same person chose this claim, for this offer and token.
    disclosure, _ = open_disclosure(task.disclosure.decode("ascii"), holder=token.cnf, now=trust.now)
    _require_same_job(request, disclosure, offer, task)
    # 8. The consent covers this bundle, pool, style and number of images.
    _require_covered(request, disclosure, offer, token, trust)
    # 9. The record is one, with the parts that the bundle draws from.
    record = _record(request, trust.manifest)
    secret = from_b64u(request.response_secret, SECRET_BYTES)
    styles = [style.id for style in trust.manifest.styles]
    return Order(
        record=record,
        style=styles.index(request.style),
        seed=request.seed,
        images=request.images,
        reply_key=sealing.reply_key(secret, task.sealed, checked.claim_hash),
    )


def _our_claim(task: Task, trust: Trust, gateway: Ed25519PublicKey) -> CheckedClaim:
    roster, claim = (raw.decode("ascii") for raw in (task.roster, task.claim))
    checked = check_claim(task.offer, roster, claim, gateway=gateway, now=trust.now)
    if checked.hpke_key != trust.key.public:
        raise ClaimMismatch("the claim offers another key")
    if checked.claim.bundle != trust.bundle:
        raise UnknownBundle
    return checked


def _require_same_job(request: SealedRequest, disclosure: Disclosure, offer: Offer, task: Task) -> None:
    token = digest(request.token.encode("ascii"))
    same = (
        disclosure.token == token == offer.token
        and disclosure.offer == digest(task.offer)
        and disclosure.claim == digest(task.claim)
        and request.images == disclosure.images == offer.images
    )
    if not same:
        raise GrantMismatch("token, offer, claim and disclosure do not belong together")


def _require_covered(
    request: SealedRequest,
    disclosure: Disclosure,
    offer: Offer,
    token: consent.ConsentToken,
    trust: Trust,
) -> None:
    if token.bundle != trust.bundle:
        raise UnknownBundle
    if (token.aud, token.region) != (offer.pool, offer.region):
        raise WrongPool
    if request.style not in token.styles or all(request.style != style.id for style in trust.manifest.styles):
        raise UnknownStyle
    if request.images > token.max_images or disclosure.n > token.max_disclosures:
        raise OverLimit


def _record(request: SealedRequest, manifest: BundleManifest) -> LikenessRecord:
    record = embedding.decode(from_b64u(request.record))
    embedding.require_parts(record, frozenset(manifest.needed), frozenset(manifest.optional))
    if record.embedding is not None and record.embedding.embedder != manifest.embedder:
        raise RecordPartMissing("the bundle knows another embedder")
    return record
