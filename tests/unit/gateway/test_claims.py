"""A lot is taken once, by a worker that may, under its own name; whoever claims has an answer."""

import asyncio
from typing import Any

import pytest

from gateway.admission import OpenJob
from gateway.answers import YES
from gateway.claims import take_claim
from gateway.ledger import MAX_STRIKES, STRIKE_SECONDS
from gateway.remembering import add_strike, count_strikes
from schemas import canonical, subjects
from schemas.errors import BusUnavailable
from schemas.job import Offer, Problem
from schemas.job_states import State
from tests.statements import NOW
from tests.unit.gateway.doors import WORKERS
from tests.unit.gateway.memory_bus import Said
from tests.unit.gateway.visit import VOLUNTEERS, Visit

pytestmark = pytest.mark.anyio


async def offered(**grant: Any) -> tuple[Visit, OpenJob]:
    visit = Visit(**grant)
    await visit.consent()
    return visit, await visit.opened()


def said(visit: Visit, offer: Offer, name: str = "worker", /, *, subject_of: str | None = None, **edits: Any) -> Said:
    subject = subjects.claim(visit.worker(subject_of or name).thumbprint, offer.offer_id)
    return Said(subject, canonical.encode(visit.worker(name).message(offer, **edits)))


async def answer(visit: Visit, job: OpenJob, claim: Said) -> str:
    """The code of the refusal, or nothing."""
    taken = await take_claim(visit.door, job, claim)
    raw = await claim.answered
    assert (raw == YES) is (taken is not None)
    return "" if raw == YES else canonical.decode(Problem, raw).code


async def test_each_lot_goes_to_another_worker() -> None:
    visit, job = await offered(**VOLUNTEERS)
    for offer, name in zip(job.offers, WORKERS, strict=False):
        assert await answer(visit, job, said(visit, offer, name)) == ""
    entry = visit.entry(job.offer_id)
    assert entry.state is State.CLAIMED
    assert [taken.worker for taken in entry.claims] == [visit.worker(name).thumbprint for name in WORKERS[:3]]
    assert [taken.offer for taken in entry.claims] == entry.offers


async def test_a_worker_cannot_take_two_lots() -> None:
    visit, job = await offered(**VOLUNTEERS)
    assert await answer(visit, job, said(visit, job.offers[0])) == ""
    assert await answer(visit, job, said(visit, job.offers[1])) == "out-of-order"
    assert len(visit.entry(job.offer_id).claims) == 1


async def test_a_lot_is_taken_once() -> None:
    visit, job = await offered(**VOLUNTEERS)
    claims = [said(visit, job.offers[0], name) for name in WORKERS]
    answers = await asyncio.gather(*(answer(visit, job, claim) for claim in claims))
    assert sorted(answers) == ["", *["out-of-order"] * 3]


async def test_two_workers_that_race_for_two_lots_both_get_theirs() -> None:
    visit, job = await offered(**VOLUNTEERS)
    visit.scene.bus.lose_races = 2
    claims = [said(visit, offer, name) for offer, name in zip(job.offers, WORKERS, strict=False)]
    assert await asyncio.gather(*(answer(visit, job, claim) for claim in claims)) == ["", "", ""]


async def test_a_claim_on_the_subject_of_another_worker_is_refused() -> None:
    visit, job = await offered()
    assert await answer(visit, job, said(visit, job.offers[0], subject_of="worker two")) == "claim-mismatch"
    assert visit.entry(job.offer_id).claims == []


async def test_a_worker_that_was_struck_from_the_list_is_refused() -> None:
    visit, job = await offered()
    assert await answer(visit, job, said(visit, job.offers[0], "stranger")) == "not-enrolled"


async def test_a_refused_claim_is_answered_and_the_lot_stays_open() -> None:
    visit, job = await offered()
    (offer,) = job.offers
    nonsense = Said(subjects.claim(visit.worker().thumbprint, offer.offer_id), b"")
    assert await answer(visit, job, nonsense) == "not-json"
    assert await answer(visit, job, said(visit, offer, offer="0" * 64)) == "claim-mismatch"
    assert await answer(visit, job, said(visit, offer)) == ""


async def test_a_worker_that_owes_receipts_gets_no_job_for_a_day() -> None:
    visit, job = await offered()
    (offer,), worker = job.offers, visit.worker().thumbprint
    for i in range(MAX_STRIKES):
        assert await count_strikes(visit.door, worker) == i
        visit.scene.clock.now = NOW - STRIKE_SECONDS + 1 + i
        await add_strike(visit.door, worker)
    visit.scene.clock.now = NOW
    assert await answer(visit, job, said(visit, offer)) == "not-enrolled"
    visit.scene.clock.now = NOW + 1
    assert await answer(visit, job, said(visit, offer)) == ""


async def test_strikes_are_counted_though_replicas_race_and_no_longer_than_needed() -> None:
    visit = Visit()
    worker = visit.worker().thumbprint
    visit.scene.bus.lose_races = 2
    for _ in range(MAX_STRIKES + 2):
        await add_strike(visit.door, worker)
    assert await count_strikes(visit.door, worker) == MAX_STRIKES


async def test_a_claim_is_not_answered_when_the_bus_is_away() -> None:
    visit, job = await offered()
    claim = said(visit, job.offers[0])
    visit.scene.bus.break_off()
    with pytest.raises(BusUnavailable):
        await take_claim(visit.door, job, claim)
    assert not claim.answered.done()
