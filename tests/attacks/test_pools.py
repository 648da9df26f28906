"""What a pool promises: a company's word for its workers, a chip's word for a program, a yes to strangers' machines."""

import hashlib
import random
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas import canonical, sealing, signing
from schemas.attestation import Quote, quote_binding
from schemas.consent import ConsentGrant, check_grant_of_token
from schemas.errors import LikenessError
from schemas.frames import FrameKind, encode_frame
from schemas.job import Choose
from schemas.log_leaf import roster_entry
from schemas.scalars import digest
from tests.attacks.actors import claim_by, quoted
from tests.attacks.seam import Remade, Statements, written
from tests.attacks.stage import Impostor, Stage, slipped
from tests.gathering import Claimed, Gathering
from tests.log_world import LogWorld
from tests.quotes import attest, attestation_key, quote_key, signed
from tests.statements import World, seed, signing_key
from tests.unit.gateway.parts import SOFTWARE

pytestmark = [pytest.mark.anyio, pytest.mark.system]
DAY = 86400
HOUR = 3600


def company() -> Ed25519PublicKey:
    """The root in the fragment of the page's address."""
    return World().company.public_key()


def endorsed(worker: str = "impostor", root: str = "company root", begins: int = 0, lasts: int = DAY) -> str:
    """The word of that root for that worker, from now and so many seconds."""
    now = int(time.time()) + begins
    world = World(now=now, worker=signing_key(worker), company=signing_key(root))
    return world.endorsement_jws(not_after=now + lasts)


# --- company ----------------------------------------------------------------------------------------------------------


async def test_an_endorsed_worker_is_believed(stage: Stage) -> None:
    """Adversary: none. A worker that the root in the address endorsed gets the record; so the rest can fail."""
    async with stage.visit(company=company()) as visit:
        await visit.consent()
        stage.seam.edit = slipped(Impostor(stage, roster={"endorsement": endorsed()}))
        with pytest.raises(AssertionError, match="sealed bytes left"):
            await visit.draw()


async def test_the_gateways_own_worker_is_not_endorsed(stage: Stage) -> None:
    """Adversary: the gateway. Edit: none; a listed worker without an endorsement. ``not-endorsed``."""
    async with stage.visit(company=company()) as visit:
        await visit.consent()
        assert await visit.refused() == "not-endorsed"


ENDORSEMENTS: dict[str, Callable[[], str | None]] = {
    "none": lambda: None,
    "by another root": lambda: endorsed(root="another root"),
    "by the worker itself": lambda: endorsed(root="impostor"),
    "of another worker": lambda: endorsed(worker="somebody"),
    "expired": lambda: endorsed(begins=-2 * DAY),
    "not begun": lambda: endorsed(begins=HOUR),
    "for too long": lambda: endorsed(lasts=91 * DAY),
}


@pytest.mark.parametrize("endorsement", ENDORSEMENTS)
async def test_a_worker_is_not_endorsed(stage: Stage, endorsement: str) -> None:
    """Adversary: the gateway, with a worker of its own in the log. Edit: an endorsement as named. ``not-endorsed``."""
    async with stage.visit(company=company()) as visit:
        await visit.consent()
        stage.seam.edit = slipped(Impostor(stage, roster={"endorsement": ENDORSEMENTS[endorsement]()}))
        assert await visit.refused() == "not-endorsed"


async def test_an_endorsement_is_another_statement_of_the_root(stage: Stage) -> None:
    """Adversary: the gateway. Edit: something else that the root signed instead. ``bad-header``."""
    other = World(browser=signing_key("company root")).grant_jws()
    async with stage.visit(company=company()) as visit:
        await visit.consent()
        stage.seam.edit = slipped(Impostor(stage, roster={"endorsement": other}))
        assert await visit.refused() == "bad-header"


async def test_a_company_does_not_vouch_for_volunteers(stage: Stage) -> None:
    """Adversary: the gateway. Edit: the volunteers' pool under an address that names a company. ``not-endorsed``."""
    async with stage.visit(company=company()) as visit:
        await visit.consent(pool="volunteer")
        stage.seam.edit = slipped(Impostor(stage, roster={"endorsement": endorsed()}))
        assert await visit.refused() == "not-endorsed"


# --- attested ---------------------------------------------------------------------------------------------------------


async def test_a_quoted_key_is_believed(stage: Stage) -> None:
    """Adversary: none. A claim with its quote gets the record; so the rest can fail."""
    async with stage.visit() as visit:
        await visit.consent(pool="attested")
        stage.seam.edit = slipped(Impostor(stage, quote=quoted))
        with pytest.raises(AssertionError, match="sealed bytes left"):
            await visit.draw()


def about(key: str, offer: str) -> Callable[[bytes], Quote]:
    """A quote for another key and another offer."""
    hpke = World(hpke_seed=seed(key)).hpke().public
    return lambda _: quoted(quote_binding(hpke, hashlib.sha256(offer.encode()).digest()))


QUOTES: dict[str, Callable[[bytes], Quote] | None] = {
    "none": None,
    "for another key and offer": about("another key", "another offer"),
    "for nothing": lambda _: quoted(bytes(32)),
    "of another program": lambda binding: signed(attest(binding, digest(b"another program"))),
    "by another TPM": lambda binding: signed(attest(binding, SOFTWARE), quote_key("another TPM")),
    "that is no quote": lambda binding: signed(attest(binding, SOFTWARE, type=bytes.fromhex("8014"))),
    "of another register": lambda binding: signed(
        attest(binding, SOFTWARE, selection=bytes.fromhex("00000001 000b 03 000001"))
    ),
    "altered": lambda binding: msgspec.structs.replace(
        quoted(binding), message=signed(attest(binding, digest(b"another"))).message
    ),
}


@pytest.mark.parametrize("quote", QUOTES)
async def test_a_quote_is_not_of_this_job(stage: Stage, quote: str) -> None:
    """Adversary: a thief of a worker's identity key, and the gateway. Edit: a quote as named. ``quote-invalid``."""
    async with stage.visit() as visit:
        await visit.consent(pool="attested")
        stage.seam.edit = slipped(Impostor(stage, quote=QUOTES[quote]))
        assert await visit.refused() == "quote-invalid"


@pytest.mark.parametrize("attestation", [None, attestation_key(quote_key("another TPM"))])
async def test_a_roster_entry_names_another_chip(stage: Stage, attestation: Any) -> None:
    """Adversary: the gateway. Edit: a roster entry with no TPM or another one, and an honest quote.
    ``quote-invalid``.
    """
    async with stage.visit() as visit:
        await visit.consent(pool="attested")
        stage.seam.edit = slipped(Impostor(stage, quote=quoted, roster={"attestation": attestation}))
        assert await visit.refused() == "quote-invalid"


# --- volunteer: lots --------------------------------------------------------------------------------------------------


async def choice_of(stage: Stage, change: Remade, said: Choose | None = None) -> str:
    """How a person who asked for volunteers refuses what ``change`` makes of their claims."""

    async def edit(frame: Any) -> bytes:
        if frame.kind is FrameKind.CHOOSE and said is not None:
            return encode_frame(FrameKind.CHOOSE, canonical.encode(said))
        return await change(frame)

    async with stage.visit() as visit:
        await visit.consent(pool="volunteer")
        stage.seam.edit = edit
        return await visit.refused()


async def test_one_claim_fills_all_lots(stage: Stage) -> None:
    """Adversary: the gateway. Edit: the first claim three times. ``too-few-claims``."""
    shown: list[bytes] = []

    async def again(said: Statements, _number: int) -> bytes:
        shown.append(written(said))
        return shown[0]

    assert await choice_of(stage, Remade(again)) == "too-few-claims"


async def test_one_worker_fills_all_lots(stage: Stage) -> None:
    """Adversary: gateway and a worker. Edit: it claims each lot with another key. ``too-few-claims``."""
    keys = [sealing.worker_key(seed(f"key {i}")).public for i in range(3)]
    assert await choice_of(stage, slipped(*(Impostor(stage, hpke=key) for key in keys))) == "too-few-claims"


async def test_two_workers_share_a_key(stage: Stage) -> None:
    """Adversary: gateway and two workers. Edit: both claims name one HPKE key. ``claim-mismatch``."""
    key = sealing.worker_key(seed("shared")).public
    pair = slipped(Impostor(stage, "one", hpke=key), Impostor(stage, "two", hpke=key))
    assert await choice_of(stage, pair) == "claim-mismatch"


@pytest.mark.parametrize(
    ("claims", "lots", "code"), [(1, 3, "too-few-claims"), (1, 1, "out-of-order"), (3, 3, "out-of-order")]
)
async def test_honest_claims_are_dropped(stage: Stage, claims: int, lots: int, code: str) -> None:
    """Adversary: a gateway that wants one worker chosen. Edit: the others' claims are dropped, and CHOOSE says so, or
    says that the pool has one lot, or lies. ``too-few-claims``, ``out-of-order``.
    """
    friend = Impostor(stage)

    async def steer(said: Statements, number: int) -> bytes:
        return await friend.statements(said[FrameKind.OFFER], said[FrameKind.PROOF]) if number == 0 else b""

    assert await choice_of(stage, Remade(steer), Choose(claims=claims, lots=lots)) == code


@pytest.mark.parametrize("offer", [{"lots": 1}, {"pool": "company", "lots": 1}, {"lot": 4}], ids=str)
async def test_the_offer_says_that_one_lot_is_enough(stage: Stage, offer: dict[str, Any]) -> None:
    """Adversary: gateway and worker. Edit: an offer with one lot, or of a pool with one. ``claim-mismatch``."""
    assert await choice_of(stage, slipped(Impostor(stage, offer=offer))) == "claim-mismatch"


async def test_there_is_a_claim_too_many(stage: Stage) -> None:
    """Adversary: gateway and worker. Edit: a fourth claim, to better the odds. ``out-of-order``."""

    async def more(said: Statements, number: int) -> bytes:
        honest = written(said)
        return honest if number else honest + await Impostor(stage).statements(said[FrameKind.OFFER], b"")

    assert await choice_of(stage, Remade(more)) == "out-of-order"


@pytest.mark.parametrize(("evil", "workers"), [(1, 3), (2, 10), (10, 30)])
def test_the_share_of_evil_workers_is_their_share_of_jobs(evil: int, workers: int) -> None:
    """Adversary: some of many volunteers, as fast as the others. Edit: none. Of 2000 real choices they get their
    share, within six standard deviations of a binomial; an honest run leaves that band once in 500 million.
    """
    world, log, now = World(now=int(time.time())), LogWorld(now=int(time.time())), int(time.time())
    token, order, jobs = world.token_jws(aud="volunteer"), random.Random(1), 2000
    crowd = [claimed_by(world, log, token, number, now) for number in range(workers)]
    bad = {id(claimed) for claimed in crowd[:evil]}
    landed = 0
    for _ in range(jobs):
        gathering = Gathering((world.gateway.public_key(),), log.policy, None, token, 1)
        gathering.claims = order.sample(crowd, 3)
        landed += id(gathering.choose(Choose(claims=3, lots=3))) in bad
    share = evil / workers
    assert abs(landed - jobs * share) < 6 * (jobs * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_fastest_worker_is_not_preferred(place: int) -> None:
    """Adversary: one volunteer. Edit: it always claims, always at one place. It gets a third of 2000 jobs, no more."""
    world, log, now = World(now=int(time.time())), LogWorld(now=int(time.time())), int(time.time())
    token = world.token_jws(aud="volunteer")
    gathering = Gathering((world.gateway.public_key(),), log.policy, None, token, 1)
    gathering.claims = [claimed_by(world, log, token, number, now) for number in range(3)]
    landed = sum(gathering.choose(Choose(claims=3, lots=3)) is gathering.claims[place] for _ in range(2000))
    assert abs(landed - 2000 / 3) < 6 * (2000 * 2 / 9) ** 0.5


def claimed_by(world: World, log: LogWorld, token: str, number: int, now: int) -> Claimed:
    """The claim of volunteer ``number``, checked."""
    own = World(now=now, worker=signing_key(f"volunteer {number}"), hpke_seed=seed(f"hpke {number}"))
    roster = own.roster_jws(pool="volunteer")
    offer = canonical.encode(world.offer(token=digest(token.encode()), pool="volunteer", lots=3, lot=number % 3 + 1))
    claim = claim_by(own.worker, own.hpke().public, offer, roster)
    gathering = Gathering((world.gateway.public_key(),), log.policy, None, token, 1)
    return gathering.check(Claimed(offer, roster, log.prove(roster_entry(roster)), claim))


# --- volunteer: its own yes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pool", "machine"), [("volunteer", "no"), ("company", "yes"), ("attested", "yes")], ids=str)
async def test_a_pool_is_used_without_its_own_yes(stage: Stage, pool: str, machine: str) -> None:
    """Adversary: an altered page. Edit: volunteers without the yes to them, or that yes for another pool. The gateway
    refuses with ``wrong-pool``; were it evil too, the worker's process refuses with ``grant-mismatch``.
    """
    async with stage.visit() as visit:
        answer = await visit.person.consent(pool=pool, volunteer_machine=machine)
        assert answer.json()["code"] == "wrong-pool"
        grant = signing.open_introduced(ConsentGrant, visit.person.grant).statement
        token = World(now=int(time.time())).token(
            grant_jws=visit.person.grant,
            aud=grant.pool,
            cnf=signing.thumbprint(visit.person.key.public_key()),
            **{name: getattr(grant, name) for name in ("notice", "bundle", "styles", "region", "max_images")},
            exp=grant.expires_at,
        )
        with pytest.raises(LikenessError) as refusal:
            check_grant_of_token(token, visit.person.grant)
        assert refusal.value.code == "grant-mismatch"
        assert visit.person.token == ""


async def test_a_company_consent_is_used_with_volunteers(stage: Stage) -> None:
    """Adversary: the gateway. Edit: volunteers' offers and claims for a person who chose the company.
    ``claim-mismatch``.
    """
    async with stage.visit() as visit:
        await visit.consent(pool="company")
        stage.seam.edit = slipped(Impostor(stage, offer={"pool": "volunteer"}))
        assert await visit.refused() == "claim-mismatch"
