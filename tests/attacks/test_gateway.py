"""An evil gateway, run by the honest program but for one edit, against a person who pins nothing but a policy."""

import time
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import canonical, embedding, sealing, signing
from schemas.consent import Admitted, ConsentGrant, ConsentToken, Revoked, consent_leaf
from schemas.errors import LikenessError
from schemas.frames import FrameKind
from schemas.scalars import digest, from_b64u, to_b64u
from tests import tiny_bundle
from tests.attacks.actors import claim_by
from tests.attacks.rogue import Rogue, packed
from tests.attacks.seam import JOBS, Remade, Statements, raw, replacing, written
from tests.attacks.stage import Impostor, Stage, Visit, slipped
from tests.client import Job, Person
from tests.statements import seed, signing_key

pytestmark = [pytest.mark.anyio, pytest.mark.system]
REAL_RECORD = embedding.encode(tiny_bundle.public_record())
CONSENTS, REVOCATIONS = "/api/v1/consents", "/api/v1/revocations"


# --- the stage is sound -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", ["company", "volunteer", "attested"])
async def test_without_an_attack_there_is_a_portrait(stage: Stage, pool: str) -> None:
    """Adversary: none. Edit: none. There are portraits, from one disclosure: what is refused below is the attack."""
    async with stage.visit(is_open=True) as visit:
        await visit.consent(pool=pool)
        outcome = await visit.draw(images=2)
        assert len(outcome.images) == 2
        assert outcome.file is not None
        assert len(visit.sealed_posts) == 1


async def test_an_impostor_with_everything_in_order_is_believed(stage: Stage) -> None:
    """Adversary: none that could be refused. A worker of the gateway's own, listed for all to see, is believed."""
    async with stage.visit() as visit:
        await visit.consent()
        stage.seam.edit = slipped(Impostor(stage))
        with pytest.raises(AssertionError, match="sealed bytes left"):
            await visit.draw()


# --- who gets the record ----------------------------------------------------------------------------------------------


def altered(jws: bytes, **fields: Any) -> bytes:
    """``jws`` with other words under the same signature."""
    header, payload, signature = jws.decode().split(".")
    said = msgspec.json.decode(from_b64u(payload)) | fields
    return f"{header}.{to_b64u(msgspec.json.encode(said, order='sorted'))}.{signature}".encode()


async def test_the_key_in_a_claim_is_swapped(stage: Stage) -> None:
    """Adversary: the gateway. Edit: its own HPKE key in an honest worker's claim. ``bad-signature``."""
    own = to_b64u(sealing.worker_key(seed("the gateway's")).public)
    async with stage.visit() as visit:
        await visit.consent()
        stage.seam.edit = replacing(FrameKind.CLAIM, lambda claim: altered(claim, hpke_key=own))
        assert await visit.refused() == "bad-signature"


@pytest.mark.parametrize("named", ["the honest worker", "itself"])
async def test_a_claim_is_forged_with_another_key(stage: Stage, named: str) -> None:
    """Adversary: the gateway. Edit: a claim for an honest worker's roster entry, signed by itself. ``unknown-key``."""

    async def forge(said: Statements, _number: int) -> bytes:
        offer, roster = said[FrameKind.OFFER], said[FrameKind.ROSTER].decode()
        edits: dict[str, Any] = {} if named == "itself" else {"worker": stage.actors["company"][0].thumbprint}
        claim = claim_by(stage.door.key, sealing.worker_key(seed("own")).public, offer, roster, **edits)
        return written(said | {FrameKind.CLAIM: claim.encode()})

    async with stage.visit() as visit:
        await visit.consent()
        stage.seam.edit = Remade(forge)
        assert await visit.refused() == "unknown-key"


async def test_a_claim_is_replayed_on_another_offer(stage: Stage) -> None:
    """Adversary: the gateway. Edit: roster entry, proof and claim of the person's job before. ``claim-mismatch``."""
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        await visit.draw()
        before = {frame.kind: frame.payload for frame in stage.seam.said if frame.kind is not FrameKind.PROOF}
        visit.posts.clear()

        async def replay(said: Statements, _number: int) -> bytes:
            return written(said | {kind: before[kind] for kind in (FrameKind.ROSTER, FrameKind.CLAIM)})

        stage.seam.edit = Remade(replay)
        assert await visit.refused() == "claim-mismatch"


async def test_the_claim_of_another_persons_job_is_shown(stage: Stage) -> None:
    """Adversary: the gateway. Edit: offer, roster entry, proof and claim of somebody else. ``claim-mismatch``."""
    shown: list[bytes] = []

    async def keep(said: Statements, _number: int) -> bytes:
        shown.append(written(said))
        return shown[0]

    async with stage.visit(is_open=True) as other, stage.visit() as visit:
        stage.seam.edit = Remade(keep)
        await other.consent()
        await other.draw()
        await visit.consent()
        stage.seam.edit = Remade(keep)
        assert await visit.refused() == "claim-mismatch"


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ({"is_logged": False}, "proof-invalid"),
        ({"signs": signing_key("somebody")}, "unknown-key"),
        ({"offer": {"images": 2}}, "claim-mismatch"),
        ({"offer": {"pool": "volunteer", "lots": 3}}, "claim-mismatch"),
        ({"offer": {"region": "elsewhere"}}, "claim-mismatch"),
        ({"offer": {"expires_at": 1}}, "offer-expired"),
        ({"roster": {"not_after": int(time.time()) - 1}}, "claim-mismatch"),
        ({"roster": {"not_after": int(time.time()) + 2 * 86400}}, "claim-mismatch"),
        ({"roster": {"enrolled_at": int(time.time()) + 3600}}, "claim-mismatch"),
        ({"roster": {"bundles": [digest(b"another")]}}, "claim-mismatch"),
        ({"claim": {"issued_at": int(time.time()) - 60}}, "claim-mismatch"),
    ],
    ids=str,
)
async def test_a_worker_is_served_that_should_not_be(stage: Stage, edits: dict[str, Any], code: str) -> None:
    """Adversary: the gateway. Edit: a worker of its own that is not in the log but shows the proof of another entry
    (``proof-invalid``), that it did not list (``unknown-key``), whose entry has run out or runs too long, or that
    claims something else than was asked for (``claim-mismatch``, ``offer-expired``).
    """
    async with stage.visit() as visit:
        await visit.consent()
        stage.seam.edit = slipped(Impostor(stage, **edits))
        assert await visit.refused() == code


@pytest.mark.parametrize("kind", [FrameKind.OFFER, FrameKind.ROSTER, FrameKind.PROOF, FrameKind.CLAIM])
async def test_a_statement_is_left_out(stage: Stage, kind: FrameKind) -> None:
    """Adversary: the gateway. Edit: offer, roster entry, proof or claim never comes. ``out-of-order``."""

    async def drop(said: Statements, _number: int) -> bytes:
        return written({each: payload for each, payload in said.items() if each is not kind})

    async with stage.visit() as visit:
        await visit.consent()
        stage.seam.edit = Remade(drop)
        assert await visit.refused() == "out-of-order"


async def test_a_second_choice_is_asked_for(stage: Stage) -> None:
    """Adversary: the gateway. Edit: CHOOSE twice, to get the record sealed to two workers. ``out-of-order``."""

    async def twice(frame: Any) -> bytes:
        return raw(frame) * (2 if frame.kind is FrameKind.CHOOSE else 1)

    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        stage.seam.edit = twice
        assert await visit.spoiled() == "out-of-order"


# --- consents ---------------------------------------------------------------------------------------------------------


async def agreement_refused(visit: Visit) -> str:
    """The code by which the person refuses the answer to their consent; they never ask for a job then."""
    with pytest.raises(LikenessError) as refusal:
        await visit.person.consent()
    assert visit.person.token == ""
    assert JOBS not in visit.posts
    return refusal.value.code


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ({"max_images": 4}, "grant-mismatch"),
        ({"max_disclosures": 4}, "grant-mismatch"),
        ({"styles": ["another"]}, "grant-mismatch"),
        ({"aud": "volunteer"}, "grant-mismatch"),
        ({"bundle": digest(b"another")}, "grant-mismatch"),
        ({"notice": digest(b"another")}, "grant-mismatch"),
        ({"region": "elsewhere"}, "grant-mismatch"),
        ({"exp": int(time.time()) + 86400}, "grant-mismatch"),
        ({"grant": digest(b"another")}, "grant-mismatch"),
        ({"cnf": signing.thumbprint(signing_key("somebody").public_key())}, "wrong-holder"),
        ({"exp": 1}, "token-expired"),
    ],
    ids=str,
)
async def test_the_token_allows_more_than_the_grant(stage: Stage, edits: dict[str, Any], code: str) -> None:
    """Adversary: the gateway. Edit: a countersigned and logged token that says more than was granted, or is another
    holder's. ``grant-mismatch``, ``wrong-holder``; nothing is asked for with it. (A worker refuses it too, below.)
    """
    async with stage.visit() as visit:

        async def widen(body: bytes) -> bytes:
            token = canonical.decode(ConsentToken, from_b64u(canonical.decode(Admitted, body).token.split(".")[1]))
            jws = signing.sign(msgspec.structs.replace(token, **edits), stage.door.key)
            grant = signing.open_introduced(ConsentGrant, visit.person.grant).statement
            return canonical.encode(Admitted(token=jws, proof=await stage.keeper.append(consent_leaf(grant, jws))))

        stage.seam.answers[CONSENTS] = widen
        assert await agreement_refused(visit) == code


@pytest.mark.parametrize(("of", "code"), [("the same person", "grant-mismatch"), ("another", "wrong-holder")])
async def test_a_consent_is_answered_with_the_token_of_another(stage: Stage, of: str, code: str) -> None:
    """Adversary: the gateway. Edit: the answer to a grant before, of this person or of another. ``grant-mismatch``,
    ``wrong-holder``.
    """
    async with stage.visit() as other:
        await other.consent()
        assert other.person.kept is not None
        answer = canonical.encode(Admitted(token=other.person.token, proof=other.person.kept.proof))
        key: dict[str, Any] = {"key": other.person.key} if of == "the same person" else {}
        async with stage.visit(**key) as visit:

            async def before(_body: bytes) -> bytes:
                return answer

            stage.seam.answers[CONSENTS] = before
            assert await agreement_refused(visit) == code


async def test_a_consent_is_not_logged(stage: Stage) -> None:
    """Adversary: the gateway. Edit: the proof of another leaf beside an honest token. ``proof-invalid``."""
    other = await stage.keeper.append(b"another entry, which is no commitment")

    async def unlogged(body: bytes) -> bytes:
        return canonical.encode(msgspec.structs.replace(canonical.decode(Admitted, body), proof=other))

    async with stage.visit() as visit:
        stage.seam.answers[CONSENTS] = unlogged
        assert await agreement_refused(visit) == "proof-invalid"


@pytest.mark.parametrize("edit", ["leaf", "token"])
async def test_a_withdrawal_is_only_said_to_be_logged(stage: Stage, edit: str) -> None:
    """Adversary: the gateway. Edit: the proof of the consent's leaf, or the answer to another withdrawal.
    ``proof-invalid``, ``grant-mismatch``: the person knows that the withdrawal is not shown to be logged.
    """
    async with stage.visit() as visit:
        await visit.consent()
        kept = visit.person.kept
        assert kept is not None
        changed = {"leaf": {"proof": kept.proof}, "token": {"token": digest(b"another")}}[edit]

        async def lie(body: bytes) -> bytes:
            return canonical.encode(msgspec.structs.replace(canonical.decode(Revoked, body), **changed))

        stage.seam.answers[REVOCATIONS] = lie
        with pytest.raises(LikenessError) as refusal:
            await visit.person.revoke()
        assert refusal.value.code == {"leaf": "proof-invalid", "token": "grant-mismatch"}[edit]


# --- a stolen gateway key, at a real worker ---------------------------------------------------------------------------

THIEF = signing_key("thief")


def forged(person: Person, thief: Ed25519PrivateKey, edit: str) -> Person:
    """The person's consent as a thief of the gateway's key (or somebody without it) would have it."""
    token = canonical.decode(ConsentToken, from_b64u(person.token.split(".")[1]))
    grant = signing.open_introduced(ConsentGrant, person.grant).statement
    own_grant = signing.sign(grant, THIEF, introduce=True)
    wider = msgspec.structs.replace(grant, max_images=8)
    altered_grant = altered(person.grant.encode(), max_images=8).decode()
    tokens: dict[str, tuple[str, dict[str, Any]]] = {
        "a grant of the thief's": (own_grant, {"grant": digest(own_grant.encode())}),
        "a grant that was altered": (altered_grant, {"grant": digest(altered_grant.encode()), "max_images": 8}),
        "a wider grant of the thief's": (
            signing.sign(wider, THIEF, introduce=True),
            {"max_images": 8},
        ),
        "more images": (person.grant, {"max_images": 8}),
        "more workers": (person.grant, {"max_disclosures": 8}),
        "volunteers": (person.grant, {"aud": "volunteer"}),
        "a token without the gateway's key": (person.grant, {}),
    }
    forged_grant, edits = tokens.get(edit, (person.grant, {}))
    signer = THIEF if edit == "a token without the gateway's key" else thief
    changed = signing.sign(msgspec.structs.replace(token, **edits), signer)
    return replace(person, token=changed, grant=forged_grant)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ("a grant of the thief's", "wrong-holder"),
        ("a wider grant of the thief's", "wrong-holder"),
        ("a grant that was altered", "bad-signature"),
        ("more images", "grant-mismatch"),
        ("more workers", "grant-mismatch"),
        ("volunteers", "grant-mismatch"),
        ("a token without the gateway's key", "unknown-key"),
        ("a disclosure of the thief's", "wrong-holder"),
    ],
)
async def test_a_consent_is_forged_at_a_worker(rogue: Rogue, person: Person, edit: str, code: str) -> None:
    """Adversary: a thief of the gateway's signing key and of its NATS password, who has seen a person's consent.
    Edit: as named. The worker's process refuses (``wrong-holder``, ``bad-signature``, ``grant-mismatch``,
    ``unknown-key``), nothing is drawn, and the receipt says so.
    """
    facts = await person.facts()
    victim = forged(person, rogue.key, edit)
    job = Job(victim, tuple(map(signing.key_of, facts.keys)), REAL_RECORD, tiny_bundle.STYLES[0], 1, 1)
    held = await rogue.lure(victim.token, facts.bundles[0].digest)
    assert held.to is not None
    body = packed(job, held.to, THIEF if edit == "a disclosure of the thief's" else None)
    assert await rogue.hand(held.worker, held.offer_id, body) == ""
    await held.until_over()
    assert held.problem == code
    assert held.of(FrameKind.IMAGE) == []
    assert (held.receipt.exit_kind, held.receipt.images, held.receipt.result) == ("refused", 0, None)


async def test_a_consent_that_is_not_forged_is_drawn(rogue: Rogue, person: Person) -> None:
    """Adversary: none; the same way with the person's own statements gives an image. So the rest can fail."""
    facts = await person.facts()
    job = Job(person, tuple(map(signing.key_of, facts.keys)), REAL_RECORD, tiny_bundle.STYLES[0], 1, 1)
    held = await rogue.lure(person.token, facts.bundles[0].digest)
    assert held.to is not None
    assert await rogue.hand(held.worker, held.offer_id, packed(job, held.to)) == ""
    await held.until_over()
    assert held.receipt.exit_kind == "normal"
    assert held.of(FrameKind.IMAGE)
