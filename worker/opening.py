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
from worker.pipe import KEY_BYTES, Task
from worker.secret_memory import SecretMemory


@dataclass(frozen=True, slots=True)
class Order:
    """What may be drawn, and the key of the way back."""

    likeness: SecretMemory = field(repr=False)
    """The likeness record, and nothing else."""
    style: int = field(repr=False)
    """Index in the bundle's catalogue."""
    seed: int = field(repr=False)
    images: int
    reply_key: bytes = field(repr=False)

    def record(self) -> LikenessRecord:
        """The record in ordinary memory, for whoever draws from it and lets go of it."""
        return embedding.decode(self.likeness.read())


@dataclass(frozen=True, slots=True)
class Trust:
    """What this child believes before it reads a word: whom, with which key, for which bundle, at what time."""

    gateway: frozenset[str]
    """Thumbprints of the keys of the only gateway it works for."""
    key: WorkerKey
    bundle: str
    """Digest of the bundle it loaded."""
    manifest: BundleManifest
    now: int


def open_task(task: Task, trust: Trust, memory: SecretMemory, opened: Callable[[], None]) -> Order:
    """The order in ``task``, its record in ``memory``; ``opened`` is called as soon as the request is decrypted.

    Every other copy of the record has been given back to the allocator when this returns.

    Raises:
        LikenessError: the first of the steps below that does not hold.
    """
    # 1. The gateway is the one this worker was set up for, whichever of its keys it uses.
    gateway = _gateway_keys(task.gateway)
    if not gateway or any(signing.thumbprint(key) not in trust.gateway for key in gateway):
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
    memory.keep(_record(request, trust.manifest))
    secret = from_b64u(request.response_secret, SECRET_BYTES)
    styles = [style.id for style in trust.manifest.styles]
    return Order(
        likeness=memory,
        style=styles.index(request.style),
        seed=request.seed,
        images=request.images,
        reply_key=sealing.reply_key(secret, task.sealed, checked.claim_hash),
    )


def _gateway_keys(raw: bytes) -> signing.Keys:
    parts = (raw[i : i + KEY_BYTES] for i in range(0, len(raw), KEY_BYTES))
    try:
        return tuple(Ed25519PublicKey.from_public_bytes(part) for part in parts)
    except ValueError:
        raise UnknownKey from None


def _our_claim(task: Task, trust: Trust, gateway: signing.Keys) -> CheckedClaim:
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


def _record(request: SealedRequest, manifest: BundleManifest) -> bytes:
    raw = from_b64u(request.record)
    record = embedding.decode(raw)
    embedding.require_parts(record, frozenset(manifest.needed), frozenset(manifest.optional))
    if record.embedding is not None and record.embedding.embedder != manifest.embedder:
        raise RecordPartMissing("the bundle knows another embedder")
    return raw
