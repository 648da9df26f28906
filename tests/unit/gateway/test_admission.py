"""A consent counts once it stands in the log; a job is opened by its holder; a worker is listed and logged."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway import ledger
from gateway.admission import admit_grant, admit_job, enrol
from gateway.replay import MAX_JOBS
from schemas import signing, subjects
from schemas.consent import Admitted, consent_leaf
from schemas.errors import GrantReplayed, LogUnavailable, NotEnrolled, OverLimit
from schemas.log_leaf import roster_entry
from schemas.log_proof import check_inclusion
from schemas.pools import LOTS
from schemas.worker_key import ROSTER_SECONDS, Enrolment, RosterEntry
from tests.statements import BUNDLE, NOW, SOFTWARE, World, signing_key
from tests.unit.gateway.refusals import refusal
from tests.unit.gateway.visit import VOLUNTEERS, Visit

pytestmark = pytest.mark.anyio


# --- consent ----------------------------------------------------------------------------------------------------------


async def test_a_token_comes_with_the_proof_that_its_consent_is_logged() -> None:
    visit = Visit()
    admitted = await admit_grant(visit.door, visit.world.grant_jws())
    leaf = consent_leaf(visit.world.grant(), admitted.token)
    assert visit.scene.log.entries == [leaf]
    included = check_inclusion(visit.scene.log.world.policy, admitted.proof, leaf, now=NOW)
    assert len(included.witnesses) == 2


async def test_of_two_tokens_for_one_consent_one_is_given() -> None:
    visit = Visit()
    grant = visit.world.grant_jws()
    answers = await asyncio.gather(*(admit_grant(visit.door, grant) for _ in "ab"), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Admitted, GrantReplayed}
    assert len(visit.scene.log.entries) == 1


async def test_without_the_log_no_token_is_given_and_the_grant_is_used_up() -> None:
    visit = Visit()
    visit.scene.log.break_off()
    assert await refusal(visit.consent()) == "log-unavailable"
    visit.scene.log.problem = ""
    assert await refusal(visit.consent()) == "grant-replayed"
    assert visit.scene.log.entries == []


async def test_a_nonce_belongs_to_its_key() -> None:
    visit = Visit()
    await visit.consent()
    thief = World(browser=signing_key("thief"))
    await admit_grant(visit.door, thief.grant_jws())


async def test_a_flood_of_valid_consents_is_held_back_before_it_is_remembered() -> None:
    visit = Visit(settings={"consents_per_minute": 2})
    for nonce in ("01", "02"):
        await admit_grant(visit.door, visit.world.grant_jws(nonce=nonce * 16))
    remembered = len(visit.scene.bus.values)
    with pytest.raises(OverLimit) as refused:
        await admit_grant(visit.door, visit.world.grant_jws(nonce="03" * 16))
    assert refused.value.retry_after_seconds == 30
    assert len(visit.scene.bus.values) == remembered


async def test_what_is_no_valid_consent_does_not_use_up_the_place_of_one_that_is() -> None:
    visit = Visit(settings={"consents_per_minute": 1})
    for _ in range(3):
        assert await refusal(admit_grant(visit.door, visit.world.grant_jws(pool="attested"))) == "wrong-pool"
    await visit.consent()


# --- a job ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grant", [{}, VOLUNTEERS])
async def test_a_job_has_as_many_offers_as_its_pool_has_lots(grant: dict[str, Any]) -> None:
    visit = Visit(**grant)
    await visit.consent()
    offers = (await visit.opened()).offers
    assert [offer.lot for offer in offers] == list(range(1, LOTS[offers[0].pool] + 1))
    assert {offer.offer_id for offer in offers} == {offers[0].offer_id}


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


async def test_a_token_by_a_key_that_was_replaced_still_serves_while_that_key_is_listed() -> None:
    visit = Visit()
    await visit.consent()
    old, new = visit.world.gateway, signing_key("the gateway's next key")
    await admit_job(visit.scene.door(key=new, former_keys=(old.public_key(),)), visit.body())
    assert await refusal(admit_job(visit.scene.door(key=new), visit.body())) == "unknown-key"


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


async def test_one_consent_opens_so_many_jobs_and_no_more() -> None:
    visit = Visit()
    await visit.consent()
    for _ in range(MAX_JOBS):
        await visit.opened()
    assert await refusal(visit.opened()) == "token-exhausted"


def test_jobs_and_nonces_do_not_meet_in_a_bucket() -> None:
    assert ledger.job_key("33" * 16) != ledger.nonce_key("33", "16")


# --- a worker ---------------------------------------------------------------------------------------------------------


def enrolment(name: str = "worker", **edits: Any) -> str:
    base = Enrolment(
        pool="company",
        region="local",
        operator="Example Ltd",
        software=SOFTWARE,
        bundles=[BUNDLE],
        endorsement=None,
        attestation=None,
        issued_at=NOW,
    )
    return signing.sign(msgspec.structs.replace(base, **edits), signing_key(name), introduce=True)


async def test_a_worker_is_answered_once_its_entry_is_logged_and_listed() -> None:
    visit, worker = Visit(), signing.thumbprint(signing_key("worker").public_key())
    entry, answer = await enrol(visit.door, worker, enrolment())
    assert visit.scene.log.entries == [roster_entry(answer.roster)]
    assert ledger.listed(visit.scene.bus.values[subjects.KV_WORKERS, worker].value) == entry
    assert [signing.key_of(jwk) for jwk in answer.keys] == [visit.world.gateway.public_key()]


async def test_without_the_log_nobody_is_listed() -> None:
    visit, worker = Visit(), signing.thumbprint(signing_key("worker").public_key())
    visit.scene.log.break_off()
    with pytest.raises(LogUnavailable):
        await enrol(visit.door, worker, enrolment())
    assert visit.scene.bus.values == {}


async def test_a_worker_cannot_enrol_another() -> None:
    visit = Visit()
    with pytest.raises(NotEnrolled):
        await enrol(visit.door, signing.thumbprint(signing_key("worker two").public_key()), enrolment())
    assert visit.scene.log.entries == []


@pytest.mark.parametrize(
    ("later", "edits", "leaves"),
    [
        (60, {}, 1),
        (ROSTER_SECONDS // 2 - 1, {}, 1),
        (ROSTER_SECONDS // 2, {}, 2),
        (60, {"operator": "Somebody Else"}, 2),
        (60, {"software": "0" * 64}, 2),
    ],
)
async def test_a_worker_that_comes_back_unchanged_keeps_its_entry(
    later: int, edits: dict[str, Any], leaves: int
) -> None:
    visit, worker = Visit(), signing.thumbprint(signing_key("worker").public_key())
    first = await enrol(visit.door, worker, enrolment())
    visit.scene.clock.now += later
    again = await enrol(visit.door, worker, enrolment(issued_at=NOW + later, **edits))
    assert (first == again) is (leaves == 1)
    assert len(visit.scene.log.entries) == leaves
    assert ledger.listed(visit.scene.bus.values[subjects.KV_WORKERS, worker].value) == again[0]


async def test_an_entry_of_another_log_is_logged_here() -> None:
    visit, worker = Visit(), signing.thumbprint(signing_key("worker").public_key())
    _, answer = await enrol(visit.door, worker, enrolment())
    visit.scene.log.entries.clear()
    assert (await enrol(visit.door, worker, enrolment()))[1] == answer
    assert visit.scene.log.entries == [roster_entry(answer.roster)]


async def test_after_a_rotation_a_worker_gets_an_entry_by_the_new_key() -> None:
    visit, worker = Visit(), signing.thumbprint(signing_key("worker").public_key())
    await enrol(visit.door, worker, enrolment())
    next_key = signing_key("the gateway's next key")
    rotated = visit.scene.door(key=next_key, former_keys=visit.door.public_keys)
    entry, answer = await enrol(rotated, worker, enrolment())
    assert signing.open_signed(RosterEntry, answer.roster, next_key.public_key()).statement == entry
    assert [signing.key_of(jwk) for jwk in answer.keys] == [next_key.public_key(), visit.world.gateway.public_key()]
