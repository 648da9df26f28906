"""After a withdrawal, and after a job: a consent that is used again, and a receipt that lies."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import nats.errors
import pytest

from gateway.answers import YES
from gateway.remembering import count_strikes
from schemas import canonical, embedding, signing, subjects
from schemas.erasure import ErasureReceipt, erasure_leaf
from schemas.frames import Frame, FrameKind, encode_frame
from schemas.scalars import digest, from_b64u
from schemas.worker_key import ClaimMessage
from tests import tiny_bundle
from tests.attacks.actors import Actor, claim_by
from tests.attacks.rogue import NOBODY, Held, Rogue, packed
from tests.attacks.seam import raw
from tests.attacks.stage import Stage, Visit, idle
from tests.client import Claimed, Job, Outcome, Person
from tests.statements import World, signing_key
from tests.unit.gateway.streams import PATIENT, Stream, streaming
from tests.unit.gateway.visit import VOLUNTEERS
from tests.unit.gateway.visit import Visit as MemoryVisit

pytestmark = [pytest.mark.anyio, pytest.mark.system]
RECORD = embedding.encode(tiny_bundle.public_record())
STYLE = tiny_bundle.STYLES[0]


# --- a consent that was withdrawn -------------------------------------------------------------------------------------


def at(stage: Stage, place: str) -> str:
    """The address of the gateway that took the withdrawal, or of another replica."""
    return {"here": stage.address, "elsewhere": stage.replica}[place]


async def posted(address: str, path: str, body: bytes | str) -> str:
    """The code by which a request is refused."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        answer = await http.post(address + path, content=body)
    assert answer.status_code != httpx.codes.OK
    return str(answer.json()["code"])


@pytest.mark.parametrize("place", ["here", "elsewhere"])
async def test_a_job_is_asked_for_again(stage: Stage, place: str) -> None:
    """Adversary: an altered page, or somebody at the person's machine. Edit: a new job after the withdrawal, at the
    same gateway or another replica. ``token-revoked``; no worker hears of it.
    """
    async with stage.tapped() as tap, stage.visit() as visit:
        await visit.consent()
        assert (await visit.person.revoke()).status_code == 200
        assert await posted(at(stage, place), "/api/v1/jobs", visit.person.job_body()) == "token-revoked"
        assert tap.on("offer") == []


class Withdrawing(Job):
    """A person who withdraws when there is somebody to disclose to, and an altered page that discloses all the same."""

    place: str
    answer = ""

    async def disclose(self, to: Claimed) -> None:
        """Withdraw, then disclose."""
        body = packed(self, to)
        assert (await self.person.revoke()).status_code == 200
        path = f"/api/v1/jobs/{Held(to.offer).offer_id}/disclosures"
        self.answer = await posted(self.place, path, body)


@pytest.mark.parametrize("place", ["here", "elsewhere"])
async def test_a_disclosure_is_in_flight(stage: Stage, place: str) -> None:
    """Adversary: an altered page, or a slow network. Edit: a disclosure that was signed before the withdrawal and
    comes after it. ``token-revoked``; no sealed byte reaches a worker, and all are sent home.
    """
    async with stage.tapped() as tap, stage.visit() as visit:
        await visit.consent(pool="volunteer")
        job = await visit.job(kind=Withdrawing)
        assert isinstance(job, Withdrawing)
        job.place = at(stage, place)
        outcome = await job.run()
        assert job.answer == "token-revoked"
        assert outcome.problem is not None
        assert outcome.problem.code == "token-revoked"
        assert outcome.images == []
        assert tap.on("seal") == []
        assert b"revoked" in await tap.until("stop", 3)


async def test_a_queued_offer_is_claimed(stage: Stage) -> None:
    """Adversary: a worker that kept an offer. Edit: it claims it after the withdrawal. Nobody listens to it any more;
    the person's stream has ended with ``token-revoked``, and nothing was sealed.
    """
    worker = stage.actors["attested"][0]
    kept: list[bytes] = []

    class Queued(Job):
        async def take(self, frame: Frame) -> None:
            await super().take(frame)
            if frame.kind is FrameKind.WAITING and not kept:
                kept.append(await tap.until("offer"))
                assert (await self.person.revoke()).status_code == 200

    async with stage.tapped() as tap, stage.visit() as visit:
        await visit.consent(pool="attested")
        async with idle(worker):
            outcome = await (await visit.job(kind=Queued)).run()
        assert visit.sealed_posts == []
    assert outcome.problem is not None
    assert outcome.problem.code == "token-revoked"
    assert worker.enrolled is not None
    claim = claim_by(worker.key, World().hpke().public, kept[0], worker.enrolled.roster)
    message = canonical.encode(ClaimMessage(roster=worker.enrolled.roster, claim=claim))
    await nobody_takes(worker, subjects.claim(worker.thumbprint, Held(kept[0]).offer_id), message)


async def nobody_takes(worker: Actor, subject: str, message: bytes) -> None:
    """Return when NATS says that nobody listens on ``subject``; until it does nobody there may say yes."""
    async with asyncio.timeout(20):
        while True:
            try:
                assert (await worker.client.request(subject, message, timeout=0.5)).data != YES
            except nats.errors.NoRespondersError:
                return
            except nats.errors.TimeoutError:
                continue  # it is just leaving


async def test_a_withdrawal_by_somebody_else(stage: Stage) -> None:
    """Adversary: somebody who saw the token. Edit: a withdrawal signed by their own key. ``wrong-holder``; the consent
    is still good.
    """
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        person = visit.person
        own = visit.person.key
        person.key = signing_key("somebody")
        forged, person.key = person.revocation(), own
        assert await posted(stage.address, "/api/v1/revocations", forged) == "wrong-holder"
        assert len((await visit.draw()).images) == 1


async def test_a_withdrawn_disclosure_is_handed_over_directly(rogue: Rogue, person: Person) -> None:
    """Adversary: whoever may publish everything on the bus, with a disclosure that was signed before the withdrawal
    and never posted. Edit: it goes straight to the worker. ``offer-expired`` or nobody: the worker was told to stop,
    and its child ends with a receipt that says so. (From a gateway that tells no worker, the claim's lease and the
    signature's sixty seconds are what is left.)
    """
    kept: list[tuple[Claimed, bytes, Held]] = []

    class Keeping(Job):
        async def disclose(self, to: Claimed) -> None:
            kept.append((to, packed(self, to), await rogue.hear(to)))
            await rogue.tap.listen()
            assert (await self.person.revoke()).status_code == 200

    facts = await person.facts()
    outcome = await Keeping(person, tuple(map(signing.key_of, facts.keys)), RECORD, STYLE, 1, 1).run()
    assert outcome.problem is not None
    assert outcome.problem.code == "token-revoked"
    to, body, held = kept[0]
    assert to.checked is not None
    await rogue.tap.until("stop")
    await rogue.tap.leave()
    answer = await rogue.hand(to.checked.claim.worker, Held(to.offer).offer_id, body)
    assert answer in {"offer-expired", NOBODY}
    await held.until_over()
    receipt = held.receipt
    assert (receipt.exit_kind, receipt.opened_at, receipt.result) == ("revoked", None, None)


# --- a receipt that lies ----------------------------------------------------------------------------------------------

LIES: dict[str, dict[str, Any]] = {
    "about another offer": {"offer": digest(b"another")},
    "about another claim": {"claim": digest(b"another")},
    "about another key": {"hpke_key": digest(b"another")},
    "of another bundle": {"bundle": digest(b"another")},
    "of another program": {"software": digest(b"another")},
    "in another's name": {"worker": signing.thumbprint(signing_key("somebody").public_key())},
}
SEEN_BY_THE_PERSON: dict[str, dict[str, Any]] = {
    "of other bytes": {"result": digest(b"other bytes")},
    "of no image": {"result": None, "images": 0},
    "that ends before it begins": {"exited_at": int(time.time()) - 3600},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lying_receipt_is_refused_by_the_gateway(lie: str) -> None:
    """Adversary: the chosen worker. Edit: as named. ``receipt-mismatch``; it is not logged, the person is told, and the
    worker owes a receipt.
    """
    visit = MemoryVisit(pace=PATIENT)
    async with streaming(visit) as stream:
        await stream.disclosed()
        before = list(visit.scene.log.entries)
        assert await stream.refused(FrameKind.RECEIPT, stream.receipt(**LIES[lie])) == "receipt-mismatch"
        assert (await stream.finished())[-2:] == [FrameKind.PROBLEM, FrameKind.END]
        assert stream.problem == "receipt-mismatch"
        assert visit.scene.log.entries == before
        assert await strikes(stream) == 1


async def strikes(stream: Stream) -> int:
    """How many receipts the first worker owes."""
    return await count_strikes(stream.visit.door, stream.worker().thumbprint)


async def test_a_worker_that_was_not_chosen_says_that_it_opened_something() -> None:
    """Adversary: a worker that nothing was disclosed to. Edit: a receipt that says when. ``receipt-mismatch``; the
    chosen worker's job goes on.
    """
    async with streaming(MemoryVisit(pace=PATIENT, **VOLUNTEERS)) as stream:
        await stream.disclosed(lot=0)
        assert await stream.refused(FrameKind.RECEIPT, stream.receipt(lot=1), lot=1) == "receipt-mismatch"
        assert await stream.say(FrameKind.RECEIPT, stream.receipt(lot=0), lot=0) == YES


async def receipt_refused(stage: Stage, visit: Visit, change: Callable[[ErasureReceipt], str]) -> str:
    """How the person refuses another receipt than the worker's, that is properly logged."""

    async def lie(frame: Frame) -> bytes:
        if frame.kind is not FrameKind.RECEIPT:
            return raw(frame) if frame.kind is not FrameKind.PROOF or not lied else b""
        honest = canonical.decode(ErasureReceipt, from_b64u(frame.payload.decode().split(".")[1]))
        jws = change(honest)
        lied.append(jws)
        said = canonical.decode(ErasureReceipt, from_b64u(jws.split(".")[1]))
        proof = await stage.keeper.append(erasure_leaf(said, jws))
        return encode_frame(FrameKind.RECEIPT, jws.encode()) + encode_frame(FrameKind.PROOF, proof.encode())

    lied: list[str] = []
    stage.seam.edit = lie
    return await visit.spoiled()


@pytest.mark.parametrize("lie", [*LIES, *SEEN_BY_THE_PERSON])
async def test_a_lying_receipt_is_refused_by_the_person(stage: Stage, lie: str) -> None:
    """Adversary: the chosen worker and a gateway that logs its lie. Edit: as named. ``receipt-mismatch``, no image."""
    edits = (LIES | SEEN_BY_THE_PERSON)[lie]
    key = stage.actors["company"][0].key
    async with stage.visit(is_open=True) as visit:
        await visit.consent()

        def lied(honest: ErasureReceipt) -> str:
            return signing.sign(msgspec.structs.replace(honest, **edits), key)

        assert await receipt_refused(stage, visit, lied) == "receipt-mismatch"


async def test_a_receipt_is_signed_by_somebody_else(stage: Stage) -> None:
    """Adversary: the gateway. Edit: a receipt of its own making. ``unknown-key``, no image."""
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        assert await receipt_refused(stage, visit, lambda it: signing.sign(it, stage.door.key)) == "unknown-key"


async def test_the_receipt_of_another_job_is_shown(stage: Stage) -> None:
    """Adversary: the gateway. Edit: the honest, logged receipt of the person's job before. ``receipt-mismatch``."""
    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        outcome: Outcome = await visit.draw()
        assert outcome.file is not None
        before = outcome.file.receipt
        visit.posts.clear()
        assert await receipt_refused(stage, visit, lambda _: before) == "receipt-mismatch"
