"""The file that a person keeps after a job, and its check without any network (spec/erasure-receipt.md section 4).

It holds every signed statement of one job, so that each signature and each hash that binds one statement to the next
can be followed again later, by anybody. It holds no likeness record and no image. The check says who said what; it does
not say that a worker told the truth.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from schemas import canonical, signing
from schemas.consent import CLOCK_SKEW_SECONDS, ConsentToken, open_token
from schemas.consent_file import CheckedConsent, ConsentFile, check_consent, consent_sentences
from schemas.erasure import ErasureReceipt, erasure_leaf
from schemas.errors import ClaimMismatch, ReceiptMismatch, TokenExpired, WrongHolder
from schemas.job import Disclosure, Offer
from schemas.log_leaf import roster_entry
from schemas.log_proof import check_inclusion
from schemas.scalars import Jws, LogProofText, digest, from_b64u
from schemas.worker_key import CheckedClaim, Claim, check_claim


class ReceiptFile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/receipt-file/v1",
):
    """Canonical JSON, made by the page when a job has ended."""

    consent: ConsentFile
    offer: Annotated[str, Meta(max_length=4096)]
    """The offer's canonical bytes as text."""
    roster: Jws
    roster_proof: LogProofText
    claim: Jws
    disclosure: Jws
    receipt: Jws
    receipt_proof: LogProofText


def read_receipt_file(raw: bytes) -> ReceiptFile:
    """The receipt file in ``raw``. Nothing in it is verified yet.

    Raises:
        StatementError: see ``canonical.decode``.
    """
    return canonical.decode(ReceiptFile, raw)


def check_receipt_file(file: ReceiptFile) -> Iterator[str]:
    """One sentence after each step that holds (spec/erasure-receipt.md 4.2, in its order); the first that fails raises.

    Validity is judged at the moment at which each statement was used, not now: a receipt does not grow old.

    Raises:
        StatementError: a statement cannot be read or is not signed by the key it must be signed by.
        GrantMismatch, WrongHolder, TokenExpired, ClaimMismatch, ReceiptMismatch: two statements do not belong together.
        LogError: something that must stand in the log is not shown to stand there.
    """
    consent = check_consent(file.consent)
    yield from consent_sentences(consent)
    disclosure = signing.open_introduced(Disclosure, file.disclosure)
    token = open_token(file.consent.token, gateway=consent.gateway, now=disclosure.statement.issued_at)
    yield "The consent was valid when it was used."
    offer = _check_offer(file, token)
    yield f"The offer was made under this token, for the pool “{offer.pool}” in the region “{offer.region}”."
    checked = _check_claim(file, consent)
    listed = checked.roster
    yield f"The worker {listed.worker} ({listed.operator}) stands in the log and claimed the offer."
    _check_disclosure(file, token, disclosure)
    yield "The browser chose this claim, and signed that it did."
    receipt = _check_receipt(file, checked)
    check_inclusion(consent.policy, file.receipt_proof, erasure_leaf(receipt, file.receipt), now=None)
    yield "The receipt is signed by that worker, is about this job, key and bundle, and stands in the log."
    yield _ending(receipt)


def _check_offer(file: ReceiptFile, token: ConsentToken) -> Offer:
    offer = canonical.decode(Offer, file.offer.encode())
    if offer.token != _digest(file.consent.token):
        raise TokenExpired("the offer was made under another token")
    if (offer.bundle, offer.pool, offer.region) != (token.bundle, token.aud, token.region):
        raise TokenExpired("the offer goes beyond its token")
    return offer


def _check_claim(file: ReceiptFile, consent: CheckedConsent) -> CheckedClaim:
    # The claim's own time is the moment at which the browser judged it; its signature is checked inside.
    issued_at = canonical.decode(Claim, from_b64u(file.claim.split(".")[1])).issued_at
    check_inclusion(consent.policy, file.roster_proof, roster_entry(file.roster), now=None)
    return check_claim(file.offer.encode(), file.roster, file.claim, gateway=consent.gateway, now=issued_at)


def _check_disclosure(file: ReceiptFile, token: ConsentToken, disclosure: signing.Verified[Disclosure]) -> None:
    if disclosure.kid != token.cnf:
        raise WrongHolder
    said = disclosure.statement
    if (said.token, said.offer, said.claim) != (_digest(file.consent.token), _digest(file.offer), _digest(file.claim)):
        raise ClaimMismatch("the disclosure is about another claim")
    if said.n > token.max_disclosures or said.images > token.max_images:
        raise ClaimMismatch("the disclosure goes beyond the consent")


def _check_receipt(file: ReceiptFile, checked: CheckedClaim) -> ErasureReceipt:
    worker = Ed25519PublicKey.from_public_bytes(from_b64u(checked.roster.key, 32))
    receipt = signing.open_signed(ErasureReceipt, file.receipt, worker).statement
    about = (
        receipt.offer == _digest(file.offer)
        and receipt.claim == _digest(file.claim)
        and receipt.hpke_key == digest(checked.hpke_key)
        and receipt.worker == checked.roster.worker
        and receipt.bundle == checked.claim.bundle
        and receipt.software == checked.roster.software
    )
    if not about:
        raise ReceiptMismatch
    if receipt.opened_at is not None and receipt.opened_at > receipt.exited_at + CLOCK_SKEW_SECONDS:
        raise ReceiptMismatch("the receipt ends before it begins")
    return receipt


def _ending(receipt: ErasureReceipt) -> str:
    opened = "never opened the request" if receipt.opened_at is None else "opened the request"
    by_outcome = {
        name: sum(check.outcome == name for check in receipt.checks) for name in ("passed", "failed", "not-measured")
    }
    return (
        f"The worker states: its process {opened}, ended ({receipt.exit_kind}) and sent {receipt.images} image(s); "
        f"checks passed {by_outcome['passed']}, failed {by_outcome['failed']}, "
        f"not measured {by_outcome['not-measured']}."
    )


def _digest(text: str) -> str:
    return digest(text.encode())
