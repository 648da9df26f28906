"""Only workers that the operator named get onto the roster, and only for what is offered here."""

from typing import Any

import msgspec
import pytest

from gateway.enrolment import enrol, still_serves
from schemas import signing
from schemas.errors import LikenessError
from schemas.scalars import digest
from schemas.worker_key import ROSTER_SECONDS, Enrolment, RosterEntry
from tests.quotes import attestation_key
from tests.statements import BUNDLE, NOW, SOFTWARE, World, signing_key
from tests.unit.gateway.doors import Scene

ATTESTATION = attestation_key()


def enrolled(*, name: str = "worker", sender: str = "worker", **edits: Any) -> RosterEntry:
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
    jws = signing.sign(msgspec.structs.replace(base, **edits), signing_key(name), introduce=True)
    door = Scene().door(pools=("company", "attested"))
    spoke = signing.thumbprint(signing_key(sender).public_key())
    return enrol(jws, door.terms, sender=spoke, allowed=door.allowed_workers, now=NOW)


def test_a_worker_is_listed_for_a_day() -> None:
    assert enrolled() == World().roster()


def test_only_bundles_that_are_offered_are_listed() -> None:
    assert enrolled(bundles=[digest(b"another"), BUNDLE]).bundles == [BUNDLE]


def test_what_the_company_says_of_a_worker_is_listed() -> None:
    endorsement = World().endorsement_jws()
    assert enrolled(endorsement=endorsement).endorsement == endorsement


def test_the_key_of_a_tpm_is_listed() -> None:
    assert enrolled(pool="attested", attestation=ATTESTATION).attestation == ATTESTATION


def another() -> str:
    return signing.thumbprint(signing_key("worker two").public_key())


REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "a stranger": ("not-enrolled", {"name": "stranger", "sender": "stranger"}),
    "the subject of another": ("not-enrolled", {"sender": "worker two"}),
    "an old introduction": ("job-stale", {"issued_at": NOW - 61}),
    "another pool": ("wrong-pool", {"pool": "volunteer"}),
    "another region": ("wrong-pool", {"region": "elsewhere"}),
    "nothing that is offered": ("unknown-bundle", {"bundles": [digest(b"another")]}),
    "an attested worker without a TPM": ("quote-invalid", {"pool": "attested"}),
    "somebody else's endorsement": ("not-endorsed", {"endorsement": World().endorsement_jws(worker=another())}),
    "an endorsement that is over": ("not-endorsed", {"endorsement": World().endorsement_jws(not_after=NOW)}),
    "an endorsement of another pool": (
        "not-endorsed",
        {"pool": "attested", "attestation": ATTESTATION, "endorsement": World().endorsement_jws()},
    ),
    "an endorsement that is none": ("not-endorsed", {"endorsement": World().revocation_jws()}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_who_does_not_belong_is_refused(name: str) -> None:
    code, edits = REFUSALS[name]
    with pytest.raises(LikenessError) as refusal:
        enrolled(**edits)
    assert refusal.value.code == code


KEPT: dict[str, tuple[bool, dict[str, Any]]] = {
    "the same a moment later": (True, {}),
    "with more than half of its life left": (True, {"now": NOW + ROSTER_SECONDS // 2 - 1}),
    "with half of its life left": (False, {"now": NOW + ROSTER_SECONDS // 2}),
    "with another endorsement": (False, {"wanted": World().roster(endorsement=World().endorsement_jws())}),
    "with other software": (False, {"wanted": World().roster(software="0" * 64)}),
    "by a key that was replaced": (False, {"gateway": signing_key("next").public_key()}),
    "nothing yet": (False, {"roster_jws": ""}),
}


@pytest.mark.parametrize("name", KEPT)
def test_an_entry_is_kept_while_it_says_the_same_and_has_time(name: str) -> None:
    expected, edits = KEPT[name]
    world = World()
    given: dict[str, Any] = {
        "roster_jws": world.roster_jws(),
        "wanted": world.roster(enrolled_at=NOW + 5, not_after=NOW + 5 + ROSTER_SECONDS),
        "gateway": world.gateway.public_key(),
        "now": NOW + 5,
    }
    assert still_serves(**(given | edits)) is expected
