"""From the offers to the choice: as many workers as there are lots, or nothing."""

import asyncio

import pytest

from gateway.answers import YES
from gateway.door import Pace
from schemas import canonical, subjects
from schemas.frames import FrameKind
from schemas.job import Choose, Offer, Problem, Waiting
from schemas.job_states import State
from schemas.log_leaf import roster_entry
from schemas.log_proof import check_inclusion
from tests.statements import NOW
from tests.unit.gateway.doors import FAST
from tests.unit.gateway.streams import CHOICE, LOT, PATIENT, PROGRESS, streaming
from tests.unit.gateway.visit import VOLUNTEERS, Visit

pytestmark = pytest.mark.anyio
HASTY = Pace(tick_seconds=0.01, gap_seconds=0.05, choose_seconds=0.05)


async def test_without_a_worker_the_person_is_told_how_long_it_waits() -> None:
    visit = Visit(settings={"claim_seconds": 1}, pace=Pace(tick_seconds=0.25))
    async with streaming(visit) as stream:
        assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
        waits = [canonical.decode(Waiting, payload) for payload in stream.payloads(FrameKind.WAITING)]
        assert len(waits) == 4
        assert {waiting.gives_up_after_seconds for waiting in waits} == {1}
        assert stream.problem == "no-worker"
        assert visit.spent() == (0, 0)
        assert stream.entry.state is State.ENDED


async def test_one_claim_is_a_choice_where_there_is_one_lot() -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await stream.claimed()
        assert stream.kinds == CHOICE
        assert canonical.decode(Offer, await stream.until(FrameKind.OFFER)) == stream.job.offers[0]
        assert canonical.decode(Choose, await stream.until(FrameKind.CHOOSE)) == Choose(claims=1, lots=1)


async def test_three_workers_are_a_choice_where_there_are_three_lots() -> None:
    async with streaming(Visit(pace=PATIENT, **VOLUNTEERS)) as stream:
        for lot in (0, 1, 2):
            assert stream.kinds == [], "nothing is shown before there is a choice"
            assert await stream.claim(lot) == YES
        await stream.until(FrameKind.CHOOSE)
        assert stream.kinds == [*LOT * 3, FrameKind.CHOOSE]
        assert canonical.decode(Choose, await stream.until(FrameKind.CHOOSE)) == Choose(claims=3, lots=3)
        offers = [canonical.decode(Offer, raw) for raw in stream.payloads(FrameKind.OFFER)]
        assert tuple(offers) == stream.job.offers
        assert [raw.decode() for raw in stream.payloads(FrameKind.CLAIM)] == stream.claims


async def test_each_claim_comes_with_the_proof_that_its_worker_is_logged() -> None:
    visit = Visit(pace=PATIENT, **VOLUNTEERS)
    async with streaming(visit) as stream:
        await stream.claimed()
        rosters, proofs = stream.payloads(FrameKind.ROSTER), stream.payloads(FrameKind.PROOF)
        assert len(set(rosters)) == 3
        for roster, proof in zip(rosters, proofs, strict=True):
            entry = roster_entry(roster.decode())
            check_inclusion(visit.scene.log.world.policy, proof.decode(), entry, now=NOW)


async def test_with_too_few_claims_nothing_is_disclosed_and_who_claimed_is_sent_home() -> None:
    async with streaming(Visit(pace=HASTY, **VOLUNTEERS)) as stream:
        for lot in (0, 1):
            assert await stream.claim(lot) == YES
        assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "too-few-claims"
        assert stream.stopped == [("worker", "not-chosen"), ("worker two", "not-chosen")]
        assert stream.entry.state is State.ENDED


async def test_the_first_claimants_lease_leaves_time_to_choose() -> None:
    # Eleven seconds of lease, of which ten are the browser's.
    async with streaming(Visit(pace=PATIENT, **VOLUNTEERS)) as stream:
        started = asyncio.get_running_loop().time()
        assert await stream.claim(lease_seconds=11) == YES
        assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
        assert 0.9 < asyncio.get_running_loop().time() - started < 5
        assert stream.problem == "too-few-claims"


async def test_one_worker_cannot_be_the_whole_choice() -> None:
    visit = Visit(pace=HASTY, **VOLUNTEERS)
    async with streaming(visit) as stream:
        assert await stream.claim(0) == YES
        worker = stream.worker(0)
        subject = subjects.claim(worker.thumbprint, stream.job.offer_id)
        again = await visit.scene.bus.say(subject, canonical.encode(worker.message(stream.job.offers[1])))
        assert canonical.decode(Problem, again).code == "out-of-order"
        assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "too-few-claims"
        assert stream.stopped == [("worker", "not-chosen")]


async def test_a_claim_that_comes_when_all_lots_are_taken_is_refused() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.claimed()
        late = visit.worker("worker two")
        subject = subjects.claim(late.thumbprint, stream.job.offer_id)
        answer = await visit.scene.bus.say(subject, canonical.encode(late.message(stream.job.offers[0])))
        assert canonical.decode(Problem, answer).code == "out-of-order"
        assert stream.kinds == CHOICE


async def test_whoever_did_not_claim_says_nothing_on_a_stream() -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await stream.until(FrameKind.WAITING)
        assert await stream.refused(FrameKind.PROGRESS, PROGRESS, lot=1) == "out-of-order"
        assert stream.kinds == []


async def test_without_a_proof_no_claim_is_shown() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        visit.scene.log.break_off()
        assert await stream.claim() == YES
        assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "log-unavailable"
        assert stream.stopped == [("worker", "cancelled")]


async def test_a_job_that_another_takes_the_place_of_ends() -> None:
    visit = Visit(pace=FAST)
    async with streaming(visit) as stream:
        await stream.until(FrameKind.WAITING)
        await visit.opened()
        assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "job-cancelled"
        assert stream.entry.state is State.ENDED


@pytest.mark.parametrize("is_deaf", [False, True])
async def test_a_withdrawal_empties_the_queue_and_sends_home_who_claimed(*, is_deaf: bool) -> None:
    visit = Visit(pace=PATIENT, **VOLUNTEERS)
    async with streaming(visit) as stream:
        assert await stream.claim() == YES
        visit.scene.bus.is_deaf = is_deaf
        await visit.revoked()
        assert await stream.finished() == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "token-revoked"
        assert len(visit.scene.bus.withdrawn) == 3
        assert stream.stopped == [("worker", "revoked")]
        assert stream.entry.state is State.ENDED


async def test_an_announcement_that_the_ledger_does_not_bear_out_changes_nothing() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.until(FrameKind.WAITING)
        await visit.scene.bus.announce_revoked(visit.jti)
        await stream.claimed()
        assert stream.kinds == CHOICE
