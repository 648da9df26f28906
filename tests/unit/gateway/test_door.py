"""What a gateway says of itself changes with the hour: a former key is listed, and verifies, until its day is over."""

from dataclasses import replace

import pytest

from gateway.admission import admit_job
from gateway.key_ring import FORMER_SECONDS, FormerKey
from schemas import signing
from tests.statements import NOW, signing_key
from tests.unit.gateway.refusals import refusal
from tests.unit.gateway.visit import Visit

pytestmark = pytest.mark.anyio


async def test_a_token_by_a_former_key_is_refused_once_that_key_is_no_longer_listed() -> None:
    visit = Visit()
    await visit.consent()
    old, new = visit.world.gateway.public_key(), signing_key("the gateway's next key")
    # A token lives for minutes, so the day of this key ends within them.
    door = replace(visit.scene.door(key=new), former_keys=(FormerKey(key=old, until=NOW + 10),))
    visit.scene.clock.now = NOW + 9
    assert [signing.key_of(key) for key in door.facts({}).keys] == [new.public_key(), old]
    await admit_job(door, visit.body(issued_at=NOW + 9))
    visit.scene.clock.now = NOW + 10
    assert [signing.key_of(key) for key in door.facts({}).keys] == [new.public_key()]
    assert await refusal(admit_job(door, visit.body(issued_at=NOW + 10))) == "unknown-key"


def test_a_former_key_is_listed_for_a_day() -> None:
    visit = Visit()
    door = visit.scene.door(key=signing_key("next"), former_keys=(visit.world.gateway.public_key(),))
    for now, listed in ((NOW, 2), (NOW + FORMER_SECONDS - 1, 2), (NOW + FORMER_SECONDS, 1)):
        visit.scene.clock.now = now
        assert len(door.public_keys) == listed
