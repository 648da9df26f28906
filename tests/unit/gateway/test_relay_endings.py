"""One job's stream when the person leaves it, takes the consent back, or opens another job."""

import asyncio

import pytest

from gateway.answers import YES
from gateway.door import Pace
from schemas import subjects
from schemas.frames import FrameKind
from schemas.job_states import State
from tests.unit.gateway.streams import (
    BRISK,
    CHOICE,
    IMAGE,
    PATIENT,
    PROGRESS,
    RECEIPT,
    Stream,
    go_to,
    leaf_of,
    streaming,
    strikes,
)
from tests.unit.gateway.visit import Visit

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("step", ["offered", "claimed"])
async def test_when_the_browser_goes_before_a_disclosure_whoever_claimed_is_sent_home(step: str) -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await go_to(stream, step)
        await stream.left()
        assert stream.stopped == ([("worker", "cancelled")] if step == "claimed" else [])
        assert stream.entry.state is State.ENDED
        assert await strikes(stream) == 0


async def test_when_the_browser_goes_its_worker_is_stopped_and_its_receipt_is_logged() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await go_to(stream, "disclosed")
        leaving = asyncio.create_task(stream.left())
        raw = stream.receipt(exit_kind="cancelled")
        assert await _said_while_leaving(stream, FrameKind.PROGRESS, PROGRESS) == "job-cancelled"
        assert await stream.say(FrameKind.RECEIPT, raw) == YES
        await leaving
        assert stream.stopped == [("worker", "cancelled")]
        assert leaf_of(stream, raw) in visit.scene.log.entries
        assert stream.entry.state is State.ENDED
        assert await strikes(stream) == 0


async def _said_while_leaving(stream: Stream, kind: FrameKind, payload: bytes) -> str:
    await stream.visit.scene.bus.somebody_stopped.wait()
    return await stream.refused(kind, payload)


async def test_a_worker_that_owes_its_receipt_to_a_browser_that_went_owes_it_still() -> None:
    async with streaming(Visit(pace=BRISK)) as stream:
        await go_to(stream, "disclosed")
        await stream.left()
        assert await strikes(stream) == 1


async def test_a_wrong_receipt_for_a_browser_that_went_counts_as_missing() -> None:
    async with streaming(Visit(pace=PATIENT)) as stream:
        await go_to(stream, "disclosed")
        leaving = asyncio.create_task(stream.left())
        wrong = stream.receipt(claim="0" * 64)
        assert await _said_while_leaving(stream, FrameKind.RECEIPT, wrong) == "receipt-mismatch"
        await leaving
        assert await strikes(stream) == 1


async def test_a_worker_whose_word_was_being_taken_when_the_browser_went_has_an_answer() -> None:
    async with streaming(Visit(pace=BRISK)) as stream:
        await stream.disclosed()
        stream.stalled = asyncio.Event()
        waiting = asyncio.create_task(stream.refused(FrameKind.PROGRESS, PROGRESS))
        await stream.until(FrameKind.PROGRESS)
        await stream.left()
        assert await waiting == "job-cancelled"


async def test_a_disclosure_in_the_moment_in_which_the_browser_goes_is_not_overlooked() -> None:
    async with streaming(Visit(pace=Pace(tick_seconds=5, gap_seconds=0.05))) as stream:
        await stream.disclosed()
        await stream.left()
        assert stream.stopped == [("worker", "cancelled")]
        assert await strikes(stream) == 1


@pytest.mark.parametrize("is_deaf", [False, True])
async def test_a_withdrawal_stops_the_worker_and_its_receipt_is_shown(*, is_deaf: bool) -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await go_to(stream, "disclosed")
        visit.scene.bus.is_deaf = is_deaf
        assert (await visit.revoked()).disclosures == 1
        await stream.until(FrameKind.PROBLEM)
        assert stream.problem == "token-revoked"
        assert stream.stopped == [("worker", "revoked")]
        assert await stream.refused(FrameKind.IMAGE, IMAGE) == "out-of-order"
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(exit_kind="revoked")) == YES
        assert await stream.finished() == [*CHOICE, FrameKind.PROGRESS, FrameKind.PROBLEM, *RECEIPT]
        assert await strikes(stream) == 0


async def test_a_withdrawal_is_heard_though_a_tick_is_long() -> None:
    visit = Visit(pace=Pace(tick_seconds=60, gap_seconds=60))
    async with streaming(visit) as stream:
        await stream.claimed()
        await visit.revoked()
        assert await stream.finished() == [*CHOICE, FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "token-revoked"


async def test_a_second_job_stops_the_worker_of_the_first() -> None:
    visit = Visit(pace=PATIENT, max_disclosures=2)
    async with streaming(visit) as stream:
        await go_to(stream, "disclosed")
        await visit.opened()
        await stream.until(FrameKind.PROBLEM)
        assert stream.problem == "job-cancelled"
        assert stream.stopped == [("worker", "cancelled")]
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(exit_kind="cancelled")) == YES
        assert (await stream.finished())[-3:] == RECEIPT


async def test_nobody_but_a_worker_of_this_job_is_listened_to() -> None:
    visit = Visit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.until(FrameKind.WAITING)
        (ear,) = visit.scene.bus.ears
        worker = stream.worker().thumbprint
        assert ear.hears(subjects.event(worker, stream.job.offer_id))
        assert not ear.hears(subjects.event(worker, "0" * 32))
        assert not ear.hears(subjects.revoked("0" * 32))
