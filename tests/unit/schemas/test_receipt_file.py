"""Each edit of a valid receipt file is refused under its own code."""

from collections.abc import Callable

import msgspec
import pytest

from schemas import canonical, signing
from schemas.errors import LikenessError
from schemas.receipt_file import ReceiptFile, check_receipt_file, read_receipt_file
from tests.statements import World, signing_key


def file_of(world: World) -> ReceiptFile:
    return ReceiptFile(
        gateway_key=signing.jwk_of(world.gateway.public_key()),
        grant=world.grant_jws(),
        token=world.token_jws(),
        offer=canonical.encode(world.offer()).decode(),
        roster=world.roster_jws(),
        claim=world.claim_jws(),
        disclosure=world.disclosure_jws(),
        receipt=world.receipt_jws(),
    )


def edited(world: World, **edits: str) -> ReceiptFile:
    return msgspec.structs.replace(file_of(world), **edits)


def test_a_valid_file_passes_every_step() -> None:
    file = read_receipt_file(canonical.encode(file_of(World())))
    assert len(list(check_receipt_file(file))) == 8


EDITS: dict[str, tuple[str, Callable[[World], ReceiptFile]]] = {
    "another gateway": (
        "unknown-key",
        lambda w: msgspec.structs.replace(file_of(w), gateway_key=signing.jwk_of(w.worker.public_key())),
    ),
    "a consent by somebody else": (
        "wrong-holder",
        lambda w: edited(w, grant=World(browser=signing_key("thief")).grant_jws()),
    ),
    "a consent to less": ("grant-mismatch", lambda w: edited(w, grant=w.grant_jws(max_images=1))),
    "a token that was over": ("token-expired", lambda w: edited(w, disclosure=w.disclosure_jws(issued_at=w.now + 900))),
    "an offer for another region": (
        "token-expired",
        lambda w: edited(w, offer=canonical.encode(w.offer(region="elsewhere")).decode()),
    ),
    "an offer with a space in it": (
        "not-canonical",
        lambda w: edited(w, offer=file_of(w).offer.replace(":1,", ": 1,", 1)),
    ),
    "a roster entry by the worker": ("unknown-key", lambda w: edited(w, roster=signing.sign(w.roster(), w.worker))),
    "a claim of another offer": ("claim-mismatch", lambda w: edited(w, claim=w.claim_jws(offer="0" * 64))),
    "a claim by another worker": (
        "unknown-key",
        lambda w: edited(w, claim=signing.sign(w.claim(), signing_key("spy"))),
    ),
    "a disclosure to another claim": (
        "claim-mismatch",
        lambda w: edited(w, disclosure=w.disclosure_jws(claim="0" * 64)),
    ),
    "a disclosure too many": ("claim-mismatch", lambda w: edited(w, disclosure=w.disclosure_jws(n=2))),
    "a disclosure by a thief": (
        "wrong-holder",
        lambda w: edited(w, disclosure=World(browser=signing_key("thief")).disclosure_jws()),
    ),
    "a receipt for another job": ("receipt-mismatch", lambda w: edited(w, receipt=w.receipt_jws(claim="0" * 64))),
    "a receipt for another program": (
        "receipt-mismatch",
        lambda w: edited(w, receipt=w.receipt_jws(software="0" * 64)),
    ),
    "a receipt that ends first": (
        "receipt-mismatch",
        lambda w: edited(w, receipt=w.receipt_jws(exited_at=w.now - 100)),
    ),
    "a receipt by somebody else": ("unknown-key", lambda w: edited(w, receipt=signing.sign(w.receipt(), w.gateway))),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_refused(name: str) -> None:
    code, edit = EDITS[name]
    with pytest.raises(LikenessError) as refusal:
        list(check_receipt_file(edit(World())))
    assert refusal.value.code == code


def test_a_job_that_opened_nothing_has_a_valid_receipt_too() -> None:
    world = World()
    unused = world.receipt_jws(opened_at=None, exit_kind="unused", images=0, result=None)
    assert "never opened" in list(check_receipt_file(edited(world, receipt=unused)))[-1]
