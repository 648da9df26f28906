"""A consent is withdrawn by its holder, once and for good; the answer is the same however often it is asked."""

from typing import Any

import pytest

from gateway.admission import admit_job
from gateway.revocations import revoke
from schemas import subjects
from schemas.consent import Revocation, open_revocation, revocation_leaf
from schemas.errors import BusUnavailable
from schemas.log_proof import check_inclusion
from schemas.scalars import to_b64u
from schemas.signing import sign
from tests.statements import NOW, World, seed
from tests.unit.gateway.refusals import refusal
from tests.unit.gateway.visit import Visit

pytestmark = pytest.mark.anyio


async def consented() -> Visit:
    visit = Visit()
    await visit.consent()
    return visit


def leaf_of(jws: str) -> bytes:
    return revocation_leaf(open_revocation(jws, now=NOW).statement, jws)


async def test_a_withdrawal_is_answered_with_the_proof_that_it_is_logged() -> None:
    visit = await consented()
    jws = visit.revocation()
    revoked = await revoke(visit.door, jws)
    assert (revoked.revoked_at, revoked.disclosures) == (NOW, 0)
    check_inclusion(visit.scene.log.world.policy, revoked.proof, leaf_of(jws), now=NOW)


async def test_after_it_no_job_is_opened() -> None:
    visit = await consented()
    await revoke(visit.door, visit.revocation())
    assert await refusal(admit_job(visit.door, visit.body())) == "token-revoked"


async def test_repeated_it_has_the_same_answer_and_one_leaf() -> None:
    visit = await consented()
    jws = visit.revocation()
    first = await revoke(visit.door, jws)
    visit.scene.clock.now += 100
    assert await revoke(visit.door, jws) == first
    assert visit.scene.log.entries.count(leaf_of(jws)) == 1


async def test_a_second_withdrawal_is_answered_with_the_first() -> None:
    visit = await consented()
    first = await revoke(visit.door, visit.revocation())
    again = visit.revocation(salt=to_b64u(seed("another salt")))
    assert await revoke(visit.door, again) == first
    assert leaf_of(again) not in visit.scene.log.entries


REVOCATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "another key": ("wrong-holder", {"key": "thief"}),
    "another token": ("wrong-holder", {"token": "0" * 64}),
    "a token that nobody knows": ("token-expired", {"jti": "0" * 32}),
    "a short salt": ("bad-field", {"salt": to_b64u(bytes(31))}),
    "an old signature": ("job-stale", {"issued_at": NOW - 901}),
}


@pytest.mark.parametrize("name", REVOCATIONS)
async def test_a_withdrawal_that_may_not_be_changes_nothing(name: str) -> None:
    code, edits = REVOCATIONS[name]
    visit = await consented()
    assert await refusal(revoke(visit.door, visit.revocation(**edits))) == code
    assert visit.use().revoked_at is None
    assert len(visit.scene.log.entries) == 1, "the consent alone"
    await admit_job(visit.door, visit.body())


async def test_a_withdrawal_that_does_not_introduce_its_key_is_refused() -> None:
    visit = await consented()
    statement: Revocation = open_revocation(visit.revocation(), now=NOW).statement
    assert await refusal(revoke(visit.door, sign(statement, World().browser))) == "bad-header"


async def test_without_the_log_it_is_in_force_and_asking_again_completes_it() -> None:
    visit = await consented()
    jws = visit.revocation()
    visit.scene.log.break_off()
    assert await refusal(revoke(visit.door, jws)) == "log-unavailable"
    assert await refusal(admit_job(visit.door, visit.body())) == "token-revoked"
    visit.scene.log.problem = ""
    visit.scene.clock.now += 1
    assert (await revoke(visit.door, jws)).revoked_at == NOW
    assert leaf_of(jws) in visit.scene.log.entries


async def test_it_is_in_force_though_nobody_could_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    visit = await consented()

    async def fail(_jti: str) -> None:
        raise BusUnavailable

    monkeypatch.setattr(visit.scene.bus, "announce_revoked", fail)
    assert await refusal(revoke(visit.door, visit.revocation())) == "bus-unavailable"
    assert await refusal(admit_job(visit.door, visit.body())) == "token-revoked"


async def test_every_replica_is_told() -> None:
    visit = await consented()
    async with visit.scene.bus.listen(subjects.revoked(visit.jti)) as ear:
        await revoke(visit.door, visit.revocation())
        heard = await ear.receive(1)
    assert heard is not None
    assert heard.payload == b""
