"""Yes or no, stored by compare-and-set: of two that race, one wins, and what nobody received is not counted."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway import ledger
from gateway.admission import YES, admit_grant, admit_job, disclose, problem, take_claim
from schemas import canonical, signing, subjects
from schemas.errors import BusUnavailable, CannotOpen, GrantReplayed, LikenessError, TokenExhausted, WorkerLost
from schemas.job import Problem
from schemas.scalars import digest
from schemas.worker_key import ClaimMessage
from tests.statements import NOW, World, signing_key
from tests.unit.gateway.memory_bus import Said
from tests.unit.gateway.visit import Visit

pytestmark = pytest.mark.anyio


async def refusal(awaited: Any) -> str:
    with pytest.raises(LikenessError) as refused:
        await awaited
    return refused.value.code


async def accept(_subject: str, _payload: bytes) -> bytes | None:
    return YES


async def test_of_two_tokens_for_one_consent_one_is_given() -> None:
    visit = Visit()
    answers = await asyncio.gather(visit.consent(), visit.consent(), return_exceptions=True)
    assert {type(answer) for answer in answers} == {str, GrantReplayed}


async def test_a_nonce_belongs_to_its_key() -> None:
    visit = Visit()
    await visit.consent()
    thief = World(browser=signing_key("thief"))
    await admit_grant(visit.door, thief.grant_jws())


async def test_a_job_request_is_used_once() -> None:
    visit = Visit()
    await visit.consent()
    body = visit.body()
    await admit_job(visit.door, body)
    assert await refusal(admit_job(visit.door, body)) == "job-replayed"


BODIES: dict[str, tuple[str, Callable[[Visit], bytes]]] = {
    "a thief's key": ("wrong-holder", lambda v: v.body(key="thief")),
    "an old request": ("job-stale", lambda v: v.body(issued_at=NOW - 61)),
    "a request from the future": ("job-stale", lambda v: v.body(issued_at=NOW + 61)),
    "a token by somebody else": (
        "unknown-key",
        lambda v: v.body(token=signing.sign(v.world.token(), signing_key("mallory"))),
    ),
    "an altered token": (
        "bad-signature",
        lambda v: v.body(token=v.token[:-3] + ("AAA" if v.token[-3:] != "AAA" else "BBA")),
    ),
    "a token that the gateway never counted": ("token-expired", lambda v: v.body(token=v.world.token_jws())),
    "more portraits than allowed": ("token-exhausted", lambda v: v.body(images=3)),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_job_that_may_not_be_is_refused(name: str) -> None:
    code, make = BODIES[name]
    visit = Visit()
    await visit.consent()
    assert await refusal(admit_job(visit.door, make(visit))) == code


async def test_a_token_ends() -> None:
    visit = Visit()
    await visit.consent()
    visit.scene.clock.now = NOW + 900
    assert await refusal(admit_job(visit.door, visit.body(issued_at=NOW + 900))) == "token-expired"


async def test_after_the_memory_was_lost_old_tokens_are_refused() -> None:
    visit = Visit()
    await visit.consent()
    visit.scene.bus.values.clear()
    assert await refusal(admit_job(visit.door, visit.body())) == "token-expired"


async def test_a_refused_claim_is_answered_and_the_offer_stays_open() -> None:
    visit = Visit()
    await visit.consent()
    offer = (await admit_job(visit.door, visit.body())).offer
    for payload in (
        b"",
        canonical.encode(ClaimMessage(roster=visit.world.roster_jws(), claim=visit.world.claim_jws(offer="0" * 64))),
    ):
        said = Said(payload)
        assert await take_claim(visit.door, offer, said) is None
        assert canonical.decode(Problem, await said.answered).code in {"not-json", "claim-mismatch"}


async def test_a_disclosure_reaches_the_worker_that_claimed_and_is_counted() -> None:
    visit = Visit()
    await visit.consent()
    offer, claim = await visit.claimed()
    body = visit.disclosure(offer, claim)
    handed: list[tuple[str, bytes]] = []

    async def take(subject: str, payload: bytes) -> bytes:
        assert visit.spent() == (1, 1), "counted before a byte is handed over"
        handed.append((subject, payload))
        return YES

    visit.scene.bus.on_hand_over = take
    await disclose(visit.door, offer.offer_id, body)
    worker = signing.thumbprint(visit.world.worker.public_key())
    assert handed == [(subjects.seal(worker, offer.offer_id), body)]
    assert await refusal(disclose(visit.door, offer.offer_id, body)) == "out-of-order"
    assert len(handed) == 1


async def test_of_two_disclosures_at_once_one_is_handed_over() -> None:
    visit = Visit(max_disclosures=2)
    await visit.consent()
    offer, claim = await visit.claimed()
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


async def test_two_jobs_of_one_consent_cannot_both_spend_its_last_disclosure() -> None:
    visit = Visit()
    await visit.consent()
    first, second = await visit.claimed(), await visit.claimed()
    visit.scene.bus.on_hand_over = accept
    await disclose(visit.door, first[0].offer_id, visit.disclosure(*first))
    with pytest.raises(TokenExhausted):
        await disclose(visit.door, second[0].offer_id, visit.disclosure(*second, n=2))


async def test_a_lost_race_is_run_again() -> None:
    visit = Visit()
    await visit.consent()
    offer, claim = await visit.claimed()
    visit.scene.bus.on_hand_over = accept
    visit.scene.bus.lose_races = 3
    await disclose(visit.door, offer.offer_id, visit.disclosure(offer, claim))
    assert visit.spent() == (1, 1)


async def test_what_nobody_received_is_not_counted() -> None:
    visit = Visit()
    await visit.consent()
    offer, claim = await visit.claimed()

    async def nobody(_subject: str, _payload: bytes) -> bytes | None:
        return None

    visit.scene.bus.on_hand_over = nobody
    assert await refusal(disclose(visit.door, offer.offer_id, visit.disclosure(offer, claim))) == "worker-lost"
    assert visit.spent() == (0, 0)
    again = await visit.claimed()
    visit.scene.bus.on_hand_over = accept
    await disclose(visit.door, again[0].offer_id, visit.disclosure(*again))


async def test_what_somebody_may_have_received_is_counted() -> None:
    visit = Visit()
    await visit.consent()
    offer, claim = await visit.claimed()

    async def silence(_subject: str, _payload: bytes) -> bytes | None:
        raise WorkerLost

    visit.scene.bus.on_hand_over = silence
    assert await refusal(disclose(visit.door, offer.offer_id, visit.disclosure(offer, claim))) == "worker-lost"
    assert visit.spent() == (1, 1)


async def test_a_workers_refusal_is_passed_on_by_its_code() -> None:
    visit = Visit()
    await visit.consent()
    offer, claim = await visit.claimed()

    async def refuse(_subject: str, _payload: bytes) -> bytes | None:
        return problem(CannotOpen())

    visit.scene.bus.on_hand_over = refuse
    assert await refusal(disclose(visit.door, offer.offer_id, visit.disclosure(offer, claim))) == "cannot-open"


DISCLOSURES: dict[str, tuple[str, dict[str, Any]]] = {
    "a thief": ("wrong-holder", {"key": "thief"}),
    "an old signature": ("job-stale", {"issued_at": NOW - 61}),
    "another claim": ("claim-mismatch", {"claim": "0" * 64}),
    "the wrong number": ("out-of-order", {"n": 2}),
    "more portraits": ("over-limit", {"images": 2}),
}


@pytest.mark.parametrize("name", DISCLOSURES)
async def test_a_disclosure_that_may_not_be_costs_nothing(name: str) -> None:
    code, edits = DISCLOSURES[name]
    visit = Visit(max_disclosures=2)
    await visit.consent()
    offer, claim = await visit.claimed()
    body = visit.disclosure(offer, claim, **edits)
    assert await refusal(disclose(visit.door, offer.offer_id, body)) == code
    assert visit.spent() == (0, 0)


async def test_nothing_is_disclosed_before_a_claim() -> None:
    visit = Visit()
    await visit.consent()
    offer = (await admit_job(visit.door, visit.body())).offer
    body = visit.disclosure(offer, visit.world.claim_jws())
    assert await refusal(disclose(visit.door, offer.offer_id, body)) == "out-of-order"


async def test_a_claim_is_not_answered_when_the_bus_is_away() -> None:
    visit = Visit()
    await visit.consent()
    offer = (await admit_job(visit.door, visit.body())).offer
    claim = visit.world.claim_jws(offer=digest(canonical.encode(offer)))
    said = Said(canonical.encode(ClaimMessage(roster=visit.world.roster_jws(), claim=claim)))
    visit.scene.bus.break_off()
    with pytest.raises(BusUnavailable):
        await take_claim(visit.door, offer, said)
    assert not said.answered.done()


def test_jobs_and_nonces_do_not_meet_in_a_bucket() -> None:
    assert ledger.job_key("33" * 16) != ledger.nonce_key("33", "16")
