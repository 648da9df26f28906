"""An offer is taken once, by a worker that may; a claim is disclosed to once, while its lease lasts."""

from typing import Any

import msgspec
import pytest

from gateway.ledger import JobEntry
from gateway.matching import disclose, make_offer, match, withdraw
from schemas import canonical, signing
from schemas.errors import LikenessError, OutOfOrder
from schemas.job import JobRequest, Offer
from schemas.job_states import State
from schemas.scalars import digest
from schemas.worker_key import ClaimMessage
from tests.statements import NOW, World, signing_key


def request(world: World) -> JobRequest:
    return signing.open_introduced(JobRequest, world.job_request_jws()).statement


def offered(world: World) -> tuple[Offer, JobEntry]:
    return make_offer(world.token(), request(world), offer_id="33" * 16, now=NOW, claim_seconds=60)


def claimed(world: World) -> JobEntry:
    offer, entry = offered(world)
    return matched(world, entry, offer, ClaimMessage(roster=world.roster_jws(), claim=world.claim_jws()))


def matched(world: World, entry: JobEntry, offer: Offer, message: ClaimMessage, **edits: Any) -> JobEntry:
    allowed = frozenset({signing.thumbprint(world.worker.public_key())})
    choices: dict[str, Any] = {"gateway": world.gateway.public_key(), "allowed": allowed, "now": NOW}
    return match(entry, offer, message, **(choices | edits))


def test_an_offer_is_the_one_that_the_token_allows_and_names_nobody() -> None:
    world = World()
    offer, entry = offered(world)
    assert offer == world.offer()
    assert entry.offer == digest(canonical.encode(offer))
    assert world.token().cnf not in canonical.encode(offer).decode()


def test_a_claim_takes_the_offer_until_its_lease_ends() -> None:
    entry = claimed(World())
    assert (entry.state, entry.lapses_at) == (State.CLAIMED, NOW + 30)


def test_an_offer_is_taken_once() -> None:
    world = World()
    offer, _ = offered(world)
    with pytest.raises(OutOfOrder):
        matched(world, claimed(world), offer, ClaimMessage(roster=world.roster_jws(), claim=world.claim_jws()))


CLAIMS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "an offer that has lapsed": ("offer-expired", {}, {"now": NOW + 60}),
    "a worker that is not welcome": ("not-enrolled", {}, {"allowed": frozenset()}),
    "another offer": ("claim-mismatch", {"offer": "0" * 64}, {}),
    "another bundle": ("claim-mismatch", {"bundle": "0" * 64}, {}),
    "another gateway's roster": ("unknown-key", {}, {"gateway": signing_key("other").public_key()}),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_that_does_not_fit_is_refused(name: str) -> None:
    code, claim_edits, match_edits = CLAIMS[name]
    world = World()
    offer, entry = offered(world)
    message = ClaimMessage(roster=world.roster_jws(), claim=world.claim_jws(**claim_edits))
    with pytest.raises(LikenessError) as refusal:
        matched(world, entry, offer, message, **match_edits)
    assert refusal.value.code == code


def test_a_disclosure_is_taken_once() -> None:
    world = World()
    entry = disclose(claimed(world), world.disclosure(), now=NOW + 29)
    assert (entry.state, entry.disclosed_at) == (State.DISCLOSED, NOW + 29)
    with pytest.raises(OutOfOrder):
        disclose(entry, world.disclosure(), now=NOW + 29)


def test_nothing_is_disclosed_before_a_claim_or_after_the_end() -> None:
    world = World()
    _, entry = offered(world)
    for other in (entry, withdraw(entry), withdraw(claimed(world))):
        with pytest.raises(OutOfOrder):
            disclose(other, world.disclosure(), now=NOW)


DISCLOSURES: dict[str, tuple[str, dict[str, Any], int]] = {
    "after the lease": ("offer-expired", {}, NOW + 30),
    "another token": ("wrong-holder", {"token": "0" * 64}, NOW),
    "another offer": ("claim-mismatch", {"offer": "0" * 64}, NOW),
    "another claim": ("claim-mismatch", {"claim": "0" * 64}, NOW),
    "more portraits than offered": ("over-limit", {"images": 2}, NOW),
}


@pytest.mark.parametrize("name", DISCLOSURES)
def test_a_disclosure_that_does_not_fit_is_refused(name: str) -> None:
    code, edits, now = DISCLOSURES[name]
    world = World()
    with pytest.raises(LikenessError) as refusal:
        disclose(claimed(world), msgspec.structs.replace(world.disclosure(), **edits), now=now)
    assert refusal.value.code == code
