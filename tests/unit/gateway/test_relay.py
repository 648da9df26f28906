"""One job's stream from the choice to its end, with the bus and the log in memory and clocks that run fast."""

import asyncio
from typing import Any

import pytest

from gateway.answers import YES
from gateway.door import Pace
from gateway.relay import Relay
from schemas import canonical
from schemas.frames import FrameKind
from schemas.job import Problem
from schemas.job_states import State
from schemas.log_proof import check_inclusion
from tests.statements import NOW
from tests.unit.gateway.refusals import refusal
from tests.unit.gateway.streams import (
    BRISK,
    CHOICE,
    IMAGE,
    LOT,
    PATIENT,
    PROGRESS,
    RECEIPT,
    Stream,
    go_to,
    leaf_of,
    streaming,
    strikes,
)
from tests.unit.gateway.visit import VOLUNTEERS, Visit

pytestmark = pytest.mark.anyio
FAILED = canonical.encode(Problem(code="worker-failed", detail="it fell"))


# --- well -------------------------------------------------------------------------------------------------------------


async def test_a_job_that_goes_well() -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await stream.disclosed()
        assert await stream.say(FrameKind.PROGRESS, PROGRESS) == YES
        assert await stream.say(FrameKind.IMAGE, IMAGE) == YES
        assert await stream.say(FrameKind.RECEIPT, stream.receipt()) == YES
        assert await stream.finished() == [*CHOICE, FrameKind.PROGRESS, FrameKind.IMAGE, *RECEIPT]
        assert stream.stopped == []
        assert stream.entry.state is State.ENDED
        assert await strikes(stream) == 0


async def test_a_receipt_is_followed_by_the_proof_that_it_is_logged() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.disclosed()
        raw = stream.receipt()
        assert await stream.say(FrameKind.RECEIPT, raw) == YES
        await stream.finished()
        proof = stream.payloads(FrameKind.PROOF)[-1].decode()
        check_inclusion(visit.scene.log.world.policy, proof, leaf_of(stream, raw), now=NOW)


async def test_of_three_workers_the_chosen_one_is_heard_and_the_others_are_sent_home() -> None:
    visit = Visit(pace=PATIENT, **VOLUNTEERS)
    async with streaming(visit) as stream:
        await stream.disclosed(lot=1)
        assert await stream.say(FrameKind.PROGRESS, PROGRESS, lot=1) == YES
        assert stream.stopped == [("worker", "not-chosen"), ("worker three", "not-chosen")]
        assert await stream.say(FrameKind.RECEIPT, stream.unused(lot=0), lot=0) == YES
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(lot=1), lot=1) == YES
        assert await stream.finished() == [*LOT * 3, FrameKind.CHOOSE, FrameKind.PROGRESS, *RECEIPT]
        assert [await strikes(stream, lot) for lot in (0, 1, 2)] == [0, 0, 0]
        assert leaf_of(stream, stream.unused()) not in visit.scene.log.entries, "nothing was disclosed to it"


@pytest.mark.parametrize(
    ("kind", "payload"), [(FrameKind.PROGRESS, PROGRESS), (FrameKind.IMAGE, IMAGE), (FrameKind.RECEIPT, b"x")]
)
async def test_nobody_speaks_for_the_chosen_worker(kind: FrameKind, payload: bytes) -> None:
    async with streaming(Visit(pace=PATIENT, **VOLUNTEERS)) as stream:
        await stream.disclosed(lot=0)
        assert await stream.say(FrameKind.PROGRESS, PROGRESS, lot=0) == YES
        for lot in (1, 3):
            assert await stream.refused(kind, payload, lot=lot) in {"out-of-order", "receipt-mismatch"}
        assert await stream.refused(FrameKind.RECEIPT, stream.receipt(lot=0), lot=1) == "receipt-mismatch"
        assert await stream.refused(FrameKind.RECEIPT, stream.receipt(lot=1), lot=1) == "receipt-mismatch"
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(lot=0), lot=0) == YES
        assert await stream.finished() == [*LOT * 3, FrameKind.CHOOSE, FrameKind.PROGRESS, *RECEIPT]


# --- before the disclosure --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FrameKind.PROGRESS, FrameKind.IMAGE])
async def test_a_frame_before_the_disclosure_reaches_nobody(kind: FrameKind) -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await stream.claimed()
        payload = PROGRESS if kind is FrameKind.PROGRESS else IMAGE
        assert await stream.refused(kind, payload) == "out-of-order"
        await stream.visit.disclose(stream.job.offers[0], stream.claims[0])
        assert await stream.say(FrameKind.RECEIPT, stream.receipt()) == YES
        assert await stream.finished() == [*CHOICE, *RECEIPT]


async def test_a_lease_that_lapses_ends_the_job_when_its_child_says_so() -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await stream.claimed()
        assert await stream.say(FrameKind.RECEIPT, stream.unused()) == YES
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "offer-expired"
        assert await strikes(stream) == 0


async def test_one_of_three_that_ends_early_leaves_the_choice_to_the_others() -> None:
    async with streaming(Visit(pace=PATIENT, **VOLUNTEERS)) as stream:
        await stream.claimed()
        assert await stream.say(FrameKind.PROBLEM, FAILED, lot=2) == YES
        await stream.visit.disclose(stream.job.offers[1], stream.claims[1])
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(lot=1), lot=1) == YES
        assert await stream.finished() == [*LOT * 3, FrameKind.CHOOSE, *RECEIPT]


async def test_a_lease_that_lapses_in_silence_ends_too() -> None:
    async with streaming(Visit()) as stream:
        await stream.claimed()
        stream.visit.scene.clock.now += 31
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "offer-expired"
        assert stream.stopped == [("worker", "not-chosen")]


async def test_a_disclosure_that_reaches_nobody_ends_the_job_and_strikes_nobody() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.claimed()

        async def nobody(_subject: str, _payload: bytes) -> bytes | None:
            return None

        visit.scene.bus.on_hand_over = nobody
        assert await refusal(visit.disclose(stream.job.offers[0], stream.claims[0])) == "worker-lost"
        visit.scene.clock.now += 100
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "worker-lost"
        assert await strikes(stream) == 0


async def test_a_job_that_waits_for_a_worker_that_was_never_reached_strikes_nobody() -> None:
    visit = Visit(pace=BRISK, **VOLUNTEERS)
    async with streaming(visit) as stream:
        await stream.claimed()

        async def nobody(_subject: str, _payload: bytes) -> bytes | None:
            await visit.scene.bus.somebody_stopped.wait()  # the stream has seen the disclosure in the ledger
            return None

        visit.scene.bus.on_hand_over = nobody
        assert await refusal(visit.disclose(stream.job.offers[0], stream.claims[0])) == "worker-lost"
        assert (await stream.finished())[-2:] == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "worker-lost"
        assert await strikes(stream) == 0
        assert visit.spent() == (0, 0)


# --- a worker that fails ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoke", [False, True])
async def test_a_worker_that_falls_silent_is_lost_and_owes_a_receipt(*, spoke: bool) -> None:
    async with streaming(Visit(pace=BRISK)) as stream:
        await stream.disclosed()
        if spoke:
            assert await stream.say(FrameKind.PROGRESS, PROGRESS) == YES
        said = [FrameKind.PROGRESS] if spoke else []
        assert await stream.finished() == [*CHOICE, *said, FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "worker-lost"
        assert stream.visit.spent() == (1, 1), "it may have read the record"
        assert stream.stopped == [("worker", "cancelled")]
        assert await strikes(stream) == 1


async def test_a_worker_that_takes_too_long_is_stopped_and_may_still_say_how_it_ended() -> None:
    async with streaming(Visit(pace=PATIENT, settings={"job_seconds": 1})) as stream:
        await stream.disclosed()
        await stream.until(FrameKind.PROBLEM)
        assert stream.problem == "job-timeout"
        assert await stream.say(FrameKind.PROBLEM, FAILED) == YES
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(exit_kind="timeout")) == YES
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, *RECEIPT]
        assert stream.stopped == [("worker", "timeout")]
        assert await strikes(stream) == 0


async def test_a_worker_that_goes_on_talking_is_cut_off() -> None:
    visit = Visit(pace=Pace(tick_seconds=0.01, gap_seconds=1), settings={"job_seconds": 1})
    async with streaming(visit) as stream:
        await stream.disclosed()

        async def talk() -> None:
            while await stream.say(FrameKind.PROGRESS, PROGRESS) == YES:
                pass

        talking = asyncio.create_task(talk())
        assert (await stream.finished())[-1] is FrameKind.END
        assert stream.problem == "job-timeout"
        assert await strikes(stream) == 1
        talking.cancel()
        await asyncio.wait({talking})


async def test_a_workers_problem_is_followed_by_its_receipt() -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await stream.disclosed()
        assert await stream.say(FrameKind.PROBLEM, FAILED) == YES
        assert canonical.decode(Problem, await stream.until(FrameKind.PROBLEM)).detail == "it fell"
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(exit_kind="exception")) == YES
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, *RECEIPT]
        assert await strikes(stream) == 0


@pytest.mark.parametrize(
    ("kind", "payload"),
    [(FrameKind.IMAGE, b"short"), (FrameKind.END, b""), (FrameKind.OFFER, b"{}"), (FrameKind.PROGRESS, bytes(513))],
)
async def test_what_a_worker_may_not_send_ends_the_job_and_its_receipt_is_still_asked_for(
    kind: FrameKind, payload: bytes
) -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await stream.disclosed()
        assert await stream.refused(kind, payload) == "result-invalid"
        assert await stream.refused(kind, payload) == "result-invalid"
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(exit_kind="cancelled")) == YES
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, *RECEIPT]
        assert stream.stopped == [("worker", "cancelled")]


RECEIPTS: dict[str, dict[str, Any]] = {
    "about another claim": {"claim": "0" * 64},
    "about another offer": {"offer": "0" * 64},
    "about another key": {"hpke_key": "0" * 64},
    "for other software": {"software": "0" * 64},
}


@pytest.mark.parametrize("name", RECEIPTS)
async def test_a_receipt_about_something_else_counts_as_missing(name: str) -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.disclosed()
        logged = list(visit.scene.log.entries)
        assert await stream.refused(FrameKind.RECEIPT, stream.receipt(**RECEIPTS[name])) == "receipt-mismatch"
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "receipt-mismatch"
        assert await strikes(stream) == 1
        assert visit.scene.log.entries == logged


async def test_a_receipt_by_another_worker_counts_as_missing() -> None:
    async with streaming(Visit(pace=PATIENT, **VOLUNTEERS)) as stream:
        await stream.disclosed(lot=0)
        assert await stream.refused(FrameKind.RECEIPT, stream.receipt(lot=1), lot=0) == "receipt-mismatch"
        assert (await stream.finished())[-2:] == [FrameKind.PROBLEM, FrameKind.END]
        assert [await strikes(stream, lot) for lot in (0, 1)] == [1, 0]


# --- a log or a bus that fails ----------------------------------------------------------------------------------------


async def test_when_the_log_fails_the_receipt_is_shown_without_a_proof_and_nobody_is_struck() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.disclosed()
        visit.scene.log.break_off()
        assert await stream.say(FrameKind.RECEIPT, stream.receipt()) == YES
        assert await stream.finished() == [*CHOICE, FrameKind.RECEIPT, FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "log-unavailable"
        assert await strikes(stream) == 0


@pytest.mark.parametrize("step", ["offered", "claimed", "disclosed"])
async def test_when_the_bus_breaks_the_person_is_told_and_nobody_is_struck(step: str) -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await go_to(stream, step)
        stream.visit.scene.bus.break_off()
        assert (await stream.finished())[-2:] == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "bus-unavailable"
        stream.visit.scene.bus.problem = ""
        assert await strikes(stream) == 0


async def test_a_bus_that_is_away_from_the_start_is_told() -> None:
    visit = Visit(pace=BRISK)
    await visit.consent()
    job = await visit.opened()
    visit.scene.bus.break_off()
    stream = Stream(visit, job)
    await Relay(visit.door, job, stream.emit).run()
    assert stream.kinds == [FrameKind.PROBLEM, FrameKind.END]
    assert stream.problem == "bus-unavailable"
