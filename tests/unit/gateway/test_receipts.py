"""A receipt counts when it is by the worker that was chosen, about its own claim."""

from typing import Any

import pytest

from gateway.matching import Claimant
from gateway.receipts import check_receipt, check_unused
from schemas import canonical
from schemas.erasure import erasure_leaf
from schemas.errors import ReceiptMismatch
from schemas.job import Offer
from schemas.scalars import to_b64u
from schemas.worker_key import check_claim
from tests.statements import NOW, World, signing_key
from tests.unit.gateway.memory_worker import MemoryWorker


def job(worker: MemoryWorker) -> tuple[Claimant, Offer, str]:
    offer = World().offer()
    message = worker.message(offer)
    keys = (worker.world.gateway.public_key(),)
    checked = check_claim(canonical.encode(offer), message.roster, message.claim, gateway=keys, now=NOW)
    return Claimant(offer=offer, message=message, checked=checked), offer, message.claim


def test_a_receipt_of_this_job_counts_and_has_its_leaf() -> None:
    worker = MemoryWorker()
    claimant, offer, claim = job(worker)
    raw = worker.receipt(offer, claim)
    receipt, leaf = check_receipt(raw, claimant)
    assert receipt.images == 1
    assert leaf == erasure_leaf(receipt, raw.decode())


EDITS: dict[str, dict[str, Any]] = {
    "another offer": {"offer": "0" * 64},
    "another claim": {"claim": "0" * 64},
    "another key": {"hpke_key": "0" * 64},
    "another bundle": {"bundle": "0" * 64},
    "another worker": {"worker": MemoryWorker("worker two").thumbprint},
    "another program": {"software": "0" * 64},
    "a short salt": {"salt": to_b64u(bytes(31))},
}


@pytest.mark.parametrize("name", EDITS)
def test_a_receipt_about_something_else_does_not(name: str) -> None:
    worker = MemoryWorker()
    claimant, offer, claim = job(worker)
    with pytest.raises(ReceiptMismatch):
        check_receipt(worker.receipt(offer, claim, **EDITS[name]), claimant)


@pytest.mark.parametrize("raw", [b"", b"receipt", b"\xff", World().claim_jws().encode()])
def test_what_is_no_receipt_does_not(raw: bytes) -> None:
    with pytest.raises(ReceiptMismatch):
        check_receipt(raw, job(MemoryWorker())[0])


def test_a_receipt_signed_by_another_worker_does_not() -> None:
    worker = MemoryWorker()
    claimant, offer, claim = job(worker)
    worker.world.worker = signing_key("worker two")
    with pytest.raises(ReceiptMismatch):
        check_receipt(worker.receipt(offer, claim, worker=claimant.worker), claimant)


def test_a_worker_that_was_given_nothing_cannot_have_opened_it() -> None:
    worker = MemoryWorker()
    claimant, offer, claim = job(worker)
    check_unused(worker.unused(offer, claim), claimant)
    with pytest.raises(ReceiptMismatch):
        check_unused(worker.receipt(offer, claim), claimant)
