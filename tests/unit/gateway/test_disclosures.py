"""A disclosure goes to one worker and is counted first; of two one wins; what nobody received is not counted."""

import asyncio
from typing import Any

import pytest

from gateway.answers import YES, problem
from gateway.disclosures import disclose
from gateway.revocations import revoke
from schemas import subjects
from schemas.errors import CannotOpen, LikenessError, WorkerLost
from schemas.job_states import State
from tests.statements import NOW
from tests.unit.gateway.refusals import refusal
from tests.unit.gateway.visit import VOLUNTEERS, Visit

pytestmark = pytest.mark.anyio


async def claimed(**grant: Any) -> tuple[Visit, Any, str]:
    visit = Visit(**grant)
    await visit.consent()
    return visit, *await visit.claimed()


async def test_a_disclosure_reaches_the_worker_that_claimed_and_is_counted() -> None:
    visit, offer, claim = await claimed()
    body = visit.disclosure(offer, claim)
    handed: list[tuple[str, bytes]] = []

    async def take(subject: str, payload: bytes) -> bytes:
        assert visit.spent() == (1, 1), "counted before a byte is handed over"
        handed.append((subject, payload))
        return YES

    visit.scene.bus.on_hand_over = take
    await disclose(visit.door, offer.offer_id, body)
    assert handed == [(subjects.seal(visit.worker().thumbprint, offer.offer_id), body)]
    assert visit.entry(offer.offer_id).chosen == visit.worker().thumbprint
    assert await refusal(disclose(visit.door, offer.offer_id, body)) == "out-of-order"
    assert len(handed) == 1


async def test_of_two_disclosures_at_once_one_is_handed_over() -> None:
    visit, offer, claim = await claimed(max_disclosures=2)
    handed: list[bytes] = []

    async def take(_subject: str, payload: bytes) -> bytes:
        handed.append(payload)
        return YES

    visit.scene.bus.on_hand_over = take
    bodies = [visit.disclosure(offer, claim), visit.disclosure(offer, claim, n=2)]
    answers = await asyncio.gather(
        *(disclose(visit.door, offer.offer_id, body) for body in bodies), return_exceptions=True
    )
    assert len(handed) == 1
    assert visit.spent() == (1, 1)
    assert sum(isinstance(answer, LikenessError) for answer in answers) == 1


async def test_a_job_that_another_took_the_place_of_is_not_disclosed_to() -> None:
    visit, offer, claim = await claimed(max_disclosures=2)
    second = await visit.claimed()
    assert await refusal(visit.disclose(offer, claim)) == "out-of-order"
    assert visit.spent() == (0, 0)
    await visit.disclose(*second)


async def test_a_lost_race_is_run_again() -> None:
    visit, offer, claim = await claimed()
    visit.scene.bus.lose_races = 3
    await visit.disclose(offer, claim)
    assert visit.spent() == (1, 1)


async def test_what_nobody_received_is_not_counted_and_ends_the_job() -> None:
    visit, offer, claim = await claimed()

    async def nobody(_subject: str, _payload: bytes) -> bytes | None:
        return None

    visit.scene.bus.on_hand_over = nobody
    assert await refusal(visit.disclose(offer, claim)) == "worker-lost"
    assert visit.spent() == (0, 0)
    entry = visit.entry(offer.offer_id)
    assert (entry.state, entry.chosen) == (State.ENDED, None)
    visit.scene.bus.on_hand_over = None
    await visit.disclose(*await visit.claimed())


async def test_what_somebody_may_have_received_is_counted() -> None:
    visit, offer, claim = await claimed()

    async def silence(_subject: str, _payload: bytes) -> bytes | None:
        raise WorkerLost

    visit.scene.bus.on_hand_over = silence
    assert await refusal(visit.disclose(offer, claim)) == "worker-lost"
    assert visit.spent() == (1, 1)


async def test_a_workers_refusal_is_passed_on_by_its_code() -> None:
    visit, offer, claim = await claimed()

    async def refuse(_subject: str, _payload: bytes) -> bytes | None:
        return problem(CannotOpen())

    visit.scene.bus.on_hand_over = refuse
    assert await refusal(visit.disclose(offer, claim)) == "cannot-open"


DISCLOSURES: dict[str, tuple[str, dict[str, Any]]] = {
    "a thief": ("wrong-holder", {"key": "thief"}),
    "an old signature": ("job-stale", {"issued_at": NOW - 61}),
    "a claim that was never made": ("claim-mismatch", {"claim": "0" * 64}),
    "another offer": ("claim-mismatch", {"offer": "0" * 64}),
    "the wrong number": ("out-of-order", {"n": 2}),
    "more portraits": ("over-limit", {"images": 2}),
}


@pytest.mark.parametrize("name", DISCLOSURES)
async def test_a_disclosure_that_may_not_be_costs_nothing(name: str) -> None:
    code, edits = DISCLOSURES[name]
    visit, offer, claim = await claimed(max_disclosures=2)
    assert await refusal(visit.disclose(offer, claim, **edits)) == code
    assert visit.spent() == (0, 0)


async def test_nothing_is_disclosed_before_a_claim() -> None:
    visit = Visit()
    await visit.consent()
    (offer,) = (await visit.opened()).offers
    assert await refusal(visit.disclose(offer, visit.worker().claim(offer))) == "out-of-order"


async def test_nothing_is_disclosed_before_there_is_a_choice() -> None:
    visit, offer, claim = await claimed(**VOLUNTEERS)
    assert await refusal(visit.disclose(offer, claim)) == "too-few-claims"
    assert visit.spent() == (0, 0)


async def test_nothing_is_disclosed_after_a_withdrawal() -> None:
    visit, offer, claim = await claimed()
    await revoke(visit.door, visit.revocation())
    assert await refusal(visit.disclose(offer, claim)) == "token-revoked"
    assert visit.spent() == (0, 0)


async def test_a_withdrawal_that_overtakes_a_disclosure_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    visit, offer, claim = await claimed()
    replace = visit.scene.bus.replace

    async def overtaken(bucket: str, key: str, value: bytes, revision: int) -> bool:
        # The disclosure has read and judged the counters; now another replica takes the withdrawal.
        monkeypatch.setattr(visit.scene.bus, "replace", replace)
        await revoke(visit.door, visit.revocation())
        return await replace(bucket, key, value, revision)

    monkeypatch.setattr(visit.scene.bus, "replace", overtaken)
    assert await refusal(visit.disclose(offer, claim)) == "token-revoked"
    assert visit.spent() == (0, 0)
    assert visit.entry(offer.offer_id).chosen is None


async def test_a_disclosure_that_came_first_is_counted_in_the_withdrawal() -> None:
    visit, offer, claim = await claimed()
    await visit.disclose(offer, claim)
    assert (await revoke(visit.door, visit.revocation())).disclosures == 1


async def test_what_was_spent_on_a_job_that_moved_on_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    visit, offer, claim = await claimed()
    replace = visit.scene.bus.replace

    async def too_late(bucket: str, key: str, value: bytes, revision: int) -> bool:
        if bucket == subjects.KV_JOBS:
            return False
        return await replace(bucket, key, value, revision)

    monkeypatch.setattr(visit.scene.bus, "replace", too_late)
    assert await refusal(visit.disclose(offer, claim)) == "out-of-order"
    assert visit.spent() == (0, 0)
