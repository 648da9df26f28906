"""Being on the roster: which gateway is believed, and what it may say of this worker."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import signing
from schemas.attestation import AttestationKey
from schemas.errors import NotEnrolled, UnknownKey
from schemas.scalars import digest, to_b64u
from schemas.worker_key import Enrolled, Enrolment, RosterEntry
from tests.statements import World, signing_key
from tests.unit.worker.person import Person
from tests.unit.worker.serving import IDENTITY, working
from tests.world import NatsServer
from worker.desk import Listing
from worker.enrolment import SAID_ALIKE, read_answer
from worker.models import Bundle

pytestmark = pytest.mark.anyio

OLD = signing_key("the gateway's key before")


def trusting(*keys: str) -> dict[str, str]:
    return {"LIKENESS_GATEWAY_KEY": ", ".join(keys)}


def thumbprint(key: Ed25519PrivateKey) -> str:
    return signing.thumbprint(key.public_key())


async def test_another_gateway_than_the_trusted_one_gets_no_claim(
    nats: NatsServer, bundle: Bundle, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(nats, bundle, person, **trusting(thumbprint(IDENTITY))) as gateway:
        await gateway.enrolled_times(2)
        await gateway.offer(person.offer())
        assert await gateway.waiting() == 1
    assert any(UnknownKey.code in record.message for record in caplog.records)


@pytest.mark.parametrize("signed_by_old", ["nothing", "token"])
async def test_a_gateway_that_changes_its_key_is_served_before_and_after(
    nats: NatsServer, bundle: Bundle, person: Person, signed_by_old: str
) -> None:
    person.retired = [OLD]
    if signed_by_old == "token":
        person.token_edits["iss"] = thumbprint(OLD)
        person.token_key = OLD
    async with working(nats, bundle, person, **trusting(thumbprint(OLD), person.gateway)) as gateway:
        claimed = await gateway.claimed(person.offer())
        await claimed.disclose()
        assert (await claimed.receipt()).exit_kind == "normal"


async def test_a_key_that_the_worker_does_not_know_verifies_nothing(
    nats: NatsServer, bundle: Bundle, person: Person
) -> None:
    person.retired = [OLD]
    person.token_key = OLD
    async with working(nats, bundle, person) as gateway:  # trusts the new key alone
        claimed = await gateway.claimed(person.offer())
        await claimed.disclose()
        assert (await claimed.receipt()).exit_kind == "refused"
        assert gateway.problem() == UnknownKey.code
        # It asks again who the gateway is, for the gateway may have changed its key meanwhile.
        await gateway.enrolled_times(2)


async def test_a_company_worker_shows_its_companys_word_and_a_new_one_without_a_restart(
    nats: NatsServer, bundle: Bundle, person: Person, tmp_path: Path
) -> None:
    person.world.worker = IDENTITY
    file = tmp_path / "endorsement.jws"
    words = [person.world.endorsement_jws(not_after=person.world.now + days * 86400) for days in (1, 2)]
    file.write_text(words[0], "ascii")
    async with working(nats, bundle, person, LIKENESS_ENDORSEMENT=str(file)) as gateway:
        file.write_text(words[1], "ascii")
        gateway.refuse_claim = NotEnrolled()
        await gateway.claimed(person.offer())
        await gateway.enrolled_times(2)
    assert [said.endorsement for said in gateway.enrolments][:2] == words


# --- what an answer may say -------------------------------------------------------------------------------------------

WORLD = World()
NEW = WORLD.gateway


def read(keys: tuple[Ed25519PrivateKey, ...], *trusted: Ed25519PrivateKey, **edits: Any) -> Listing:
    """What a worker that trusts ``trusted`` makes of an answer by a gateway with ``keys``."""
    entry = WORLD.roster()
    said = Enrolment(
        **{name: getattr(entry, name) for name in (*SAID_ALIKE, "bundles")},
        issued_at=WORLD.now,
    )
    roster = signing.sign(WORLD.roster(**edits), keys[0])
    answer = Enrolled(roster=roster, keys=[signing.jwk_of(key.public_key()) for key in keys])
    return read_answer(answer, said, ours=WORLD.worker.public_key(), trusted=tuple(map(thumbprint, trusted)))


def test_only_trusted_keys_of_the_gateway_are_passed_on() -> None:
    assert read((NEW,), NEW).gateway == (NEW.public_key(),)
    assert read((NEW, OLD), NEW, OLD).gateway == (NEW.public_key(), OLD.public_key())
    assert read((NEW, OLD), NEW).gateway == (NEW.public_key(),)
    assert read((OLD,), NEW, OLD).gateway == (OLD.public_key(),)


@pytest.mark.parametrize("trusted", [(OLD,), (WORLD.worker,), ()])
def test_a_gateway_that_signs_with_an_unknown_key_is_refused(trusted: tuple[Ed25519PrivateKey, ...]) -> None:
    with pytest.raises(UnknownKey):
        read((NEW, OLD), *trusted)


@pytest.mark.parametrize(
    "edits",
    [
        {"worker": thumbprint(NEW)},
        {"key": signing.jwk_of(NEW.public_key()).x},
        {"pool": "volunteer"},
        {"region": "mars"},
        {"operator": "Somebody Else Ltd"},
        {"software": digest(b"another program")},
        {"bundles": [digest(b"another bundle")]},
        {"endorsement": WORLD.endorsement_jws()},
        {"attestation": AttestationKey(key=to_b64u(bytes(65)), root="test-tpm")},
    ],
)
def test_a_worker_is_listed_as_what_it_said_it_is(edits: dict[str, Any]) -> None:
    with pytest.raises(NotEnrolled):
        read((NEW,), NEW, **edits)


def test_a_gateway_may_list_fewer_bundles_and_says_until_when() -> None:
    listing = read((NEW,), NEW, not_after=WORLD.now + 600)
    assert listing.not_after == WORLD.now + 600
    assert signing.open_signed(RosterEntry, listing.roster, *listing.gateway).statement.worker == thumbprint(
        WORLD.worker
    )
