"""What a gateway can check of a worker's receipt; whether it fits the images, the browser sees."""

from gateway.matching import Claimant
from schemas import signing
from schemas.erasure import ErasureReceipt, erasure_leaf
from schemas.errors import ReceiptMismatch, StatementError
from schemas.scalars import digest


def check_receipt(raw: bytes, claimant: Claimant) -> tuple[ErasureReceipt, bytes]:
    """The receipt whose JWS is ``raw``, by ``claimant`` and about its claim, and its leaf (32 bytes).

    Raises:
        ReceiptMismatch: it cannot be read, is signed by somebody else, or is about something else.
    """
    try:
        jws = raw.decode("ascii")
        receipt = signing.open_signed(ErasureReceipt, jws, claimant.key).statement
        leaf = erasure_leaf(receipt, jws)
    except (StatementError, UnicodeDecodeError):
        raise ReceiptMismatch from None
    checked = claimant.checked
    about = (
        receipt.offer == checked.claim.offer
        and receipt.claim == checked.claim_hash.hex()
        and receipt.hpke_key == digest(checked.hpke_key)
        and receipt.worker == claimant.worker
        and receipt.bundle == checked.claim.bundle
        and receipt.software == checked.roster.software
    )
    if not about:
        raise ReceiptMismatch
    return receipt, leaf


def check_unused(raw: bytes, claimant: Claimant) -> None:
    """Return when ``raw`` is the receipt of a child that was given nothing.

    Raises:
        ReceiptMismatch: see ``check_receipt``, or it says that a request was opened.
    """
    receipt, _ = check_receipt(raw, claimant)
    if receipt.opened_at is not None:
        raise ReceiptMismatch("nothing was disclosed to this worker, and it says that it opened something")
