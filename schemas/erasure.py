"""The erasure receipt: a worker's signed statement of what ran and how it ended (spec/erasure-receipt.md).

It is a statement, not evidence that a hostile worker forgot; each check says whether it was measured on that host.
"""

from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from schemas import signing
from schemas.errors import ReceiptMismatch
from schemas.log_leaf import SALT_BYTES, commitment
from schemas.scalars import B64u, Count, Digest, Name, Seconds, Thumbprint, Title, from_b64u

ExitKind = Literal["normal", "exception", "killed", "timeout", "cancelled", "revoked", "refused", "unused"]
"""``refused``: the child refused what it was given; ``unused``: the lease lapsed before a request came."""


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing the supervisor looked at after the child had ended."""

    name: Name
    outcome: Literal["passed", "failed", "not-measured"]
    detail: Title


class ErasureReceipt(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/erasure/v1",
):
    """Signed by the worker's identity key once the child of a job has ended, for failed jobs too."""

    offer: Digest
    claim: Digest
    hpke_key: Digest
    """SHA-256 of the single-use public key; its private half ended with the child."""
    bundle: Digest
    worker: Thumbprint
    software: Digest
    opened_at: Seconds | None
    """When the child opened the sealed request; None when it never did."""
    exited_at: Seconds
    exit_kind: ExitKind
    checks: Annotated[list[Check], Meta(max_length=32)]
    kernel_init_on_free: Literal["on", "off", "unknown"]
    """Whether this kernel zeroes memory when a process gives it back, rather than before the next one gets it."""
    images: Count
    result: Digest | None
    """SHA-256 over all sealed image chunks in the order sent; None when there was no image."""
    salt: B64u
    """32 random bytes; salts the receipt's leaf in the log."""


def check_receipt(jws: str, *, worker: Ed25519PublicKey, offer: str, claim: str, result: str | None) -> ErasureReceipt:
    """The receipt in ``jws`` when it is by ``worker`` about this very job (spec/erasure-receipt.md section 3).

    Raises:
        StatementError: see ``signing.open_signed``.
        ReceiptMismatch: about another offer, claim or result.
    """
    receipt = signing.open_signed(ErasureReceipt, jws, worker).statement
    same = (receipt.offer, receipt.claim, receipt.result) == (offer, claim, result)
    if not same or receipt.worker != signing.thumbprint(worker):
        raise ReceiptMismatch
    return receipt


def erasure_leaf(receipt: ErasureReceipt, jws: str) -> bytes:
    """The commitment of a receipt, salted by itself."""
    return commitment("erasure", from_b64u(receipt.salt, SALT_BYTES), jws)
