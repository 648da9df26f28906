"""Only workers that the operator named get onto the roster, and only for what is offered here."""

from typing import Any

import msgspec
import pytest

from gateway.enrolment import enrol
from schemas import signing
from schemas.errors import LikenessError
from schemas.scalars import digest
from schemas.worker_key import ROSTER_SECONDS, Enrolled, Enrolment, RosterEntry
from tests.statements import BUNDLE, NOW, SOFTWARE, World, signing_key
from tests.unit.gateway.doors import Scene


def enrolled(world: World, *, name: str = "worker", **edits: Any) -> tuple[RosterEntry, Enrolled]:
    base = Enrolment(
        pool="company", region="local", operator="Example Ltd", software=SOFTWARE, bundles=[BUNDLE], issued_at=NOW
    )
    jws = signing.sign(msgspec.structs.replace(base, **edits), signing_key(name), introduce=True)
    door = Scene().door()
    return enrol(jws, door.terms, allowed=door.allowed_workers, key=door.key, now=NOW)


def test_a_worker_is_listed_for_a_day_under_the_gateways_signature() -> None:
    world = World()
    entry, answer = enrolled(world)
    gateway = signing.key_of(answer.key)
    assert gateway == world.gateway.public_key()
    assert signing.open_signed(RosterEntry, answer.roster, gateway).statement == entry
    assert entry.worker == signing.thumbprint(world.worker.public_key())
    assert entry.not_after == NOW + ROSTER_SECONDS


def test_only_bundles_that_are_offered_are_listed() -> None:
    entry, _ = enrolled(World(), bundles=[digest(b"another"), BUNDLE])
    assert entry.bundles == [BUNDLE]


REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "a stranger": ("not-enrolled", {"name": "stranger"}),
    "an old introduction": ("job-stale", {"issued_at": NOW - 61}),
    "another pool": ("wrong-pool", {"pool": "volunteer"}),
    "another region": ("wrong-pool", {"region": "elsewhere"}),
    "nothing that is offered": ("unknown-bundle", {"bundles": [digest(b"another")]}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_who_does_not_belong_is_refused(name: str) -> None:
    code, edits = REFUSALS[name]
    with pytest.raises(LikenessError) as refusal:
        enrolled(World(), **edits)
    assert refusal.value.code == code
