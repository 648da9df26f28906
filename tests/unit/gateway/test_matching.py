"""A lot is taken once, by a worker that may; one claim of a job is disclosed to, while its lease lasts."""

from typing import Any

import msgspec
import pytest

from gateway.ledger import MAX_STRIKES, JobEntry
from gateway.matching import Claimant, Welcome, close, disclose, make_offers, match, read_claim, unreach
from schemas import canonical, signing
from schemas.errors import LikenessError, NotEnrolled, OutOfOrder
from schemas.job import JobRequest, Offer
from schemas.job_states import State
from schemas.pools import LOTS
from schemas.scalars import Pool, digest
from schemas.worker_key import ClaimMessage
from tests.statements import NOW, World, signing_key


def request(world: World) -> JobRequest:
    return signing.open_introduced(JobRequest, world.job_request_jws()).statement


def offered(world: World, pool: Pool = "company") -> tuple[tuple[Offer, ...], JobEntry]:
    return make_offers(world.token(aud=pool), request(world), offer_id="33" * 16, now=NOW, claim_seconds=60)


def thumbprint(world: World) -> str:
    return signing.thumbprint(world.worker.public_key())


def read(world: World, offers: tuple[Offer, ...], *, offer: Offer | None = None, **edits: Any) -> Claimant:
    of = offer or offers[0]
    roster = world.roster_jws(pool=of.pool)
    named = {"offer": digest(canonical.encode(of)), "roster": digest(roster.encode())} | edits.pop("claim", {})
    message = ClaimMessage(roster=roster, claim=world.claim_jws(**named))
    welcome = Welcome(
        keys=edits.pop("keys", (world.gateway.public_key(),)),
        allowed=edits.pop("allowed", frozenset({thumbprint(world)})),
    )
    when: dict[str, Any] = {"sender": thumbprint(world), "now": NOW}
    return read_claim(offers, message, welcome, **(when | edits))


def claimed(world: World) -> JobEntry:
    offers, entry = offered(world)
    return match(entry, read(world, offers), strikes=0)


def test_an_offer_is_the_one_that_the_token_allows_and_names_nobody() -> None:
    world = World()
    offers, entry = offered(world)
    assert offers == (world.offer(),)
    assert entry.offers == [digest(canonical.encode(world.offer()))]
    assert world.token().cnf not in canonical.encode(offers[0]).decode()


@pytest.mark.parametrize("pool", LOTS)
def test_the_lots_of_a_job_differ_in_their_number_alone(pool: Pool) -> None:
    offers, entry = offered(World(), pool)
    assert [offer.lot for offer in offers] == list(range(1, LOTS[pool] + 1))
    assert {offer.lots for offer in offers} == {LOTS[pool]}
    assert len({canonical.encode(msgspec.structs.replace(offer, lot=1)) for offer in offers}) == 1
    assert len(set(entry.offers)) == LOTS[pool]


def test_a_claim_takes_its_lot_until_its_lease_ends() -> None:
    world = World()
    entry = claimed(world)
    assert entry.state is State.CLAIMED
    (taken,) = entry.claims
    assert (taken.worker, taken.claim) == (thumbprint(world), digest(world.claim_jws().encode()))
    assert taken.lapses_at == NOW + 30


def test_each_lot_is_taken_once_and_by_another_worker() -> None:
    workers = [World(worker=signing_key(name)) for name in ("one", "two", "three", "four")]
    offers, entry = offered(workers[0], "volunteer")
    for world, offer in zip(workers, offers, strict=False):
        entry = match(entry, read(world, offers, offer=offer), strikes=0)
        for other in workers[3], world:
            with pytest.raises(OutOfOrder):
                match(entry, read(other, offers, offer=offer if other is workers[3] else offers[-1]), strikes=0)
    assert [taken.worker for taken in entry.claims] == [thumbprint(world) for world in workers[:3]]


def test_a_worker_that_owes_receipts_takes_nothing() -> None:
    world = World()
    offers, entry = offered(world)
    match(entry, read(world, offers), strikes=MAX_STRIKES - 1)
    with pytest.raises(NotEnrolled, match="receipts"):
        match(entry, read(world, offers), strikes=MAX_STRIKES)


CLAIMS: dict[str, tuple[str, dict[str, Any]]] = {
    "an offer that has lapsed": ("offer-expired", {"now": NOW + 60}),
    "a worker that is not welcome": ("not-enrolled", {"allowed": frozenset()}),
    "another worker's subject": ("claim-mismatch", {"sender": thumbprint(World(worker=signing_key("another")))}),
    "no subject": ("claim-mismatch", {"sender": ""}),
    "another offer": ("claim-mismatch", {"claim": {"offer": "0" * 64}}),
    "another bundle": ("claim-mismatch", {"claim": {"bundle": "0" * 64}}),
    "another worker in the claim": (
        "claim-mismatch",
        {"claim": {"worker": thumbprint(World(worker=signing_key("x")))}},
    ),
    "a lease that is over": ("claim-mismatch", {"now": NOW + 30}),
    "another gateway's roster": ("unknown-key", {"keys": (signing_key("other").public_key(),)}),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_that_does_not_fit_is_refused(name: str) -> None:
    code, edits = CLAIMS[name]
    world = World()
    offers, _ = offered(world)
    with pytest.raises(LikenessError) as refusal:
        read(world, offers, **edits)
    assert refusal.value.code == code


def test_a_roster_entry_by_a_key_that_was_replaced_still_serves() -> None:
    world = World()
    offers, _ = offered(world)
    read(world, offers, keys=(signing_key("the next one").public_key(), world.gateway.public_key()))


def test_a_disclosure_is_taken_once() -> None:
    world = World()
    entry = disclose(claimed(world), world.disclosure(), now=NOW + 29)
    assert (entry.state, entry.chosen, entry.disclosed_at) == (State.DISCLOSED, thumbprint(world), NOW + 29)
    with pytest.raises(OutOfOrder):
        disclose(entry, world.disclosure(), now=NOW + 29)


def test_the_claim_that_the_person_chose_is_the_one_disclosed_to() -> None:
    workers = [World(worker=signing_key(name)) for name in ("one", "two", "three")]
    offers, entry = offered(workers[0], "volunteer")
    for world, offer in zip(workers, offers, strict=True):
        entry = match(entry, read(world, offers, offer=offer), strikes=0)
    for i, world in enumerate(workers):
        chosen = world.disclosure(offer=entry.claims[i].offer, claim=entry.claims[i].claim)
        assert disclose(entry, chosen, now=NOW).chosen == thumbprint(world)
        mixed = world.disclosure(offer=entry.claims[i].offer, claim=entry.claims[i - 1].claim)
        with pytest.raises(LikenessError, match="another offer or claim"):
            disclose(entry, mixed, now=NOW)


def test_nothing_is_disclosed_before_a_claim_or_after_the_end() -> None:
    world = World()
    _, entry = offered(world)
    ended = [close(entry), close(claimed(world)), unreach(claimed(world))]
    for other in (entry, *ended):
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


@pytest.mark.parametrize("state", State)
def test_whatever_a_job_did_it_can_be_closed_and_stays_closed(state: State) -> None:
    entry = msgspec.structs.replace(claimed(World()), state=state)
    assert close(entry) == msgspec.structs.replace(entry, state=State.ENDED)
    assert close(close(entry)) == close(entry)


def test_a_job_whose_disclosure_reached_nobody_names_nobody() -> None:
    world = World()
    entry = unreach(disclose(claimed(world), world.disclosure(), now=NOW))
    assert (entry.state, entry.chosen, entry.disclosed_at) == (State.ENDED, None, None)
