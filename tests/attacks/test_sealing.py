"""What was sealed is opened once, by one process: weaker suites, replays, races, and a stolen identity key."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from gateway import keys
from schemas import embedding, sealing, signing
from schemas.errors import CannotOpen, ResultInvalid
from schemas.frames import FrameKind, FrameReader, decode_chunk
from schemas.job import pack_disclosure, unpack_disclosure
from schemas.scalars import from_b64u
from tests import tiny_bundle
from tests.attacks.rogue import NOBODY, Held, Rogue, packed
from tests.attacks.stage import Impostor, Stage, slipped
from tests.client import Claimed, Job, Outcome, Person
from tests.statements import World
from tests.whole import System

pytestmark = [pytest.mark.anyio, pytest.mark.system]
RECORD = embedding.encode(tiny_bundle.public_record())
STYLE = tiny_bundle.STYLES[0]
X25519 = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


# --- a weaker suite ---------------------------------------------------------------------------------------------------

OTHER_KEYS = {
    "X25519 alone": (bytes(range(32)), "bad-field"),
    "ML-KEM-768 alone": (World().hpke().public[: sealing.MLKEM_PUBLIC_BYTES], "bad-field"),
    "a byte more": (World().hpke().public + b"\0", "bad-field"),
    "no ML-KEM key": (b"\xff" * sealing.PUBLIC_KEY_BYTES, "cannot-open"),
}


@pytest.mark.parametrize("kind", OTHER_KEYS)
async def test_a_claim_offers_a_weaker_key(stage: Stage, kind: str) -> None:
    """Adversary: gateway and worker, who would like to record today and break one half later. Edit: a claim with the
    key of another suite. ``bad-field``, ``cannot-open``; nothing is sealed.
    """
    key, code = OTHER_KEYS[kind]
    async with stage.visit() as visit:
        await visit.consent()
        stage.seam.edit = slipped(Impostor(stage, hpke=key))
        assert await visit.refused() == code


def job_of(person: Person, keys_: signing.Keys) -> Job:
    """A job that has not begun."""
    return Job(person, keys_, RECORD, STYLE, 1, 1)


async def lured(rogue: Rogue, person: Person, raw: bytes = b"") -> tuple[Held, Job]:
    """A worker that waits for sealed bytes, and what the person would say to it."""
    facts = await person.facts()
    held = await rogue.lure(person.token, facts.bundles[0].digest, raw)
    return held, job_of(person, tuple(map(signing.key_of, facts.keys)))


def unopened(held: Held) -> bool:
    """Whether the worker says that its child opened nothing and drew nothing."""
    receipt = held.receipt
    return (receipt.opened_at, receipt.result, receipt.images, held.of(FrameKind.IMAGE)) == (None, None, 0, [])


@pytest.mark.parametrize("edit", ["X25519", "another context", "a bit"])
async def test_a_request_is_sealed_another_way(rogue: Rogue, person: Person, edit: str) -> None:
    """Adversary: an altered page. Edit: the request is sealed to the X25519 half alone, without its context, or has
    one bit changed. The worker's child refuses: ``cannot-open``, and the receipt says that nothing was opened.
    """
    held, job = await lured(rogue, person)
    assert held.to is not None
    assert held.to.checked is not None
    disclosure, sealed = unpack_disclosure(packed(job, held.to))
    theirs = held.to.checked.hpke_key
    plain = sealing.pad(b"{}", sealing.REQUEST_ROOM_BYTES)
    if edit == "X25519":
        half = X25519PublicKey.from_public_bytes(theirs[sealing.MLKEM_PUBLIC_BYTES :])
        sealed = X25519.encrypt(plain, half, bytes(32)).ljust(sealing.SEALED_REQUEST_BYTES, b"\0")
    elif edit == "another context":
        sealed = sealing.seal_request(b"{}", theirs, bytes(32))
    else:
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    assert await rogue.hand(held.worker, held.offer_id, pack_disclosure(disclosure, sealed)) == ""
    await held.until_over()
    assert held.problem == "cannot-open"
    assert unopened(held)


async def test_a_request_of_another_size_is_not_taken(rogue: Rogue, person: Person) -> None:
    """Adversary: whoever reaches the worker. Edit: an envelope of another suite's size. ``sealed-size`` at the worker's
    door; its child has not seen it, and still serves the right one.
    """
    held, job = await lured(rogue, person)
    assert held.to is not None
    body = packed(job, held.to)
    assert await rogue.hand(held.worker, held.offer_id, body[:-1]) == "sealed-size"
    assert await rogue.hand(held.worker, held.offer_id, body) == ""
    await held.until_over()
    assert held.receipt.exit_kind == "normal"


# --- replays ----------------------------------------------------------------------------------------------------------


async def test_sealed_bytes_are_replayed_to_the_same_worker(rogue: Rogue, person: Person) -> None:
    """Adversary: whoever may publish everything on the bus. Edit: the same bytes again while the job runs, after it,
    and in a new job of the same worker. ``job-replayed``, nobody listens, ``job-replayed``: one opening.
    """
    held, job = await lured(rogue, person)
    assert held.to is not None
    body = packed(job, held.to)
    answers = await asyncio.gather(*(rogue.hand(held.worker, held.offer_id, body) for _ in range(3)))
    assert sorted(answers) == ["", "job-replayed", "job-replayed"]
    await held.until_over()
    assert await rogue.hand(held.worker, held.offer_id, body) in {NOBODY, "job-replayed"}
    again, _ = await lured(rogue, person)
    assert await rogue.hand(again.worker, again.offer_id, body) == "job-replayed"
    assert len(held.of(FrameKind.RECEIPT)) == 1
    assert again.frames == []


@asynccontextmanager
async def only(system: System, number: int) -> AsyncIterator[None]:
    """Of the workers of ``system`` only this one is at work, freshly started; afterwards the first is again."""
    await system.worker.stop(kill=True)
    await system.workers[number].start()
    try:
        yield
    finally:
        await system.workers[number].stop()
        await system.worker.start()


@pytest.mark.parametrize(("number", "whom"), [(0, "restarted"), (1, "another")])
async def test_sealed_bytes_are_replayed_to_a_worker(
    rogue: Rogue, person: Person, system: System, number: int, whom: str
) -> None:
    """Adversary: whoever may publish everything on the bus. Edit: the recorded bytes of a job, and its very offer, to
    the worker that has forgotten them in a restart, or to another. ``cannot-open``: that key ended with its process.
    """
    held, job = await lured(rogue, person)
    assert held.to is not None
    body = packed(job, held.to)
    assert await rogue.hand(held.worker, held.offer_id, body) == ""
    await held.until_over()
    assert held.receipt.opened_at is not None
    async with only(system, number):
        again, _ = await lured(rogue, person, held.offer_raw)
        assert (again.worker == held.worker) is (whom == "restarted")
        assert await rogue.hand(again.worker, again.offer_id, body) == ""
        await again.until_over()
        assert again.problem == "cannot-open"
        assert unopened(again)


# --- opening twice ----------------------------------------------------------------------------------------------------


class Enough(Exception):
    """The test has seen what it wanted."""


async def raced(stage: Stage, job: Job, other: Claimed, addresses: tuple[str, str]) -> list[httpx.Response]:
    """The same disclosure number, to two claims, at two gateways, at once."""
    assert job.chosen is not None
    bodies = [packed(job, to) for to in (job.chosen, other)]
    offer_id = Held(job.chosen.offer).offer_id
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        urls = [f"{address}/api/v1/jobs/{offer_id}/disclosures" for address in addresses]
        posts = [http.post(url, content=body) for url, body in zip(urls, bodies, strict=True)]
        return list(await asyncio.gather(*posts))


@pytest.mark.parametrize("at", ["one gateway", "two gateways"])
@pytest.mark.parametrize("pool", ["company", "volunteer"])
async def test_one_disclosure_is_made_twice_at_once(stage: Stage, pool: str, at: str) -> None:
    """Adversary: an altered page. Edit: one disclosure twice, to one worker or two, at one gateway or two replicas, at
    the same moment. One is accepted, one refused (``out-of-order``), and one goes to a worker.
    """
    addresses = (stage.address, stage.replica if at == "two gateways" else stage.address)
    answers: list[httpx.Response] = []

    class Racing(Job):
        async def disclose(self, to: Claimed) -> None:
            others = [claimed for claimed in self.gathering.claims if claimed is not to]
            answers.extend(await raced(stage, self, (others or [to])[0], addresses))
            raise Enough

    async with stage.tapped() as tap, stage.visit() as visit:
        await visit.consent(pool=pool)
        with pytest.raises(Enough):
            await (await visit.job(kind=Racing)).run()
        assert sorted(answer.status_code for answer in answers) == [202, 409]
        assert [answer.json()["code"] for answer in answers if answer.status_code == 409] == ["out-of-order"]
        assert len(tap.on("seal")) == 1


@pytest.mark.parametrize("n", [1, 2])
async def test_a_job_is_disclosed_a_second_time(stage: Stage, n: int) -> None:
    """Adversary: an altered page. Edit: after the disclosure another one for the same job, with the same number or the
    next. ``out-of-order``; the first goes on, and the worker hears nothing of the second.
    """
    answers: list[httpx.Response] = []

    class Twice(Job):
        async def disclose(self, to: Claimed) -> None:
            await super().disclose(to)
            key, disclosure = self.reply_key, self.disclosure
            path = f"/api/v1/jobs/{Held(to.offer).offer_id}/disclosures"
            answers.append(await self.person.http.post(path, content=packed(self, to, n=n)))
            self.reply_key, self.disclosure = key, disclosure

    async with stage.tapped() as tap, stage.visit(is_open=True) as visit:
        await visit.consent()
        outcome = await (await visit.job(kind=Twice)).run()
        assert len(outcome.images) == 1
        assert [answer.json()["code"] for answer in answers] == ["out-of-order"]
        assert len(tap.on("seal")) == 1


# --- a stolen identity key --------------------------------------------------------------------------------------------


def windows(*texts: bytes) -> Iterator[bytes]:
    """Every 32 bytes in ``texts``, which might be a key."""
    for text in texts:
        yield from (text[i : i + 32] for i in range(len(text) - 31))


def opens(body: bytes, claim_jws: str, offer_raw: bytes, seed: bytes) -> bool:
    """Whether ``seed`` is that of the key to which a recorded request was sealed."""
    disclosure, sealed = unpack_disclosure(body)
    hashes = (hashlib.sha256(raw).digest() for raw in (offer_raw, claim_jws.encode(), disclosure.encode()))
    try:
        sealing.open_request(sealed, sealing.worker_key(seed), sealing.context(*hashes))
    except CannotOpen:
        return False
    return True


def shows(chunks: list[bytes], key: bytes) -> bool:
    """Whether ``key`` opens recorded images."""
    try:
        sealing.open_image(chunks, key, 0)
    except ResultInvalid:
        return False
    return True


async def recorded_job(rogue: Rogue, person: Person) -> tuple[Job, Outcome, bytes, list[bytes]]:
    """An honest job at the real gateway, with what the bus carried of it: the request, and the image."""
    facts = await person.facts()
    job = job_of(person, tuple(map(signing.key_of, facts.keys)))
    await rogue.tap.listen()
    outcome = await job.run()
    await rogue.tap.leave()
    frames = [frame for raw in rogue.tap.on("event") for frame in FrameReader().feed(raw)]
    chunks = [decode_chunk(frame.payload).sealed for frame in frames if frame.kind is FrameKind.IMAGE]
    return job, outcome, rogue.tap.on("seal")[-1], chunks


async def test_a_stolen_identity_key_opens_no_job_of_before(rogue: Rogue, person: Person, system: System) -> None:
    """Adversary: whoever recorded the bus. Edit: they steal the worker's identity key, and the gateway's, afterwards.
    No 32 bytes of these or of what is derived from them open the request or the image, and none of any message the
    image. Two keys would, and both are gone: the X-Wing seed in the worker's ended child, and the person's response
    secret, from which the key of the way back is made (it opens the image here: the search is not blind).
    """
    job, outcome, body, chunks = await recorded_job(rogue, person)
    assert len(outcome.images) == 1
    assert job.chosen is not None
    stolen = [
        keys.load(system.worker.folder / name).private_bytes_raw() for name in ("worker.key", "state/gateway.key")
    ]
    derived = [hashlib.new(name, key).digest() for key in stolen for name in ("sha256", "sha512", "sha3_256")]
    messages = [payload for _, payload in rogue.tap.heard if len(payload) < 2000]
    assert shows(chunks, job.reply_key)
    for candidate in {*windows(*stolen, *derived)}:
        assert not opens(body, job.chosen.claim, job.chosen.offer, candidate)
    for candidate in {*windows(*stolen, *derived, *messages, from_b64u(job.chosen.claim.split(".")[1])[:600])}:
        assert not shows(chunks, candidate)


def test_the_seed_of_the_child_would_open_it() -> None:
    """Adversary: none. With the seed of the single-use key the same search finds it; so the test above can fail."""
    world = World(now=1)
    offer, claim, disclosure = b"an offer", "a.claim", world.disclosure_jws()
    hashes = (hashlib.sha256(raw).digest() for raw in (offer, claim.encode(), disclosure.encode()))
    sealed = sealing.seal_request(b"{}", world.hpke().public, sealing.context(*hashes))
    body = pack_disclosure(disclosure, sealed)
    noise = secrets.token_bytes(40)
    found = [seed for seed in windows(noise + world.hpke_seed) if opens(body, claim, offer, seed)]
    assert found == [world.hpke_seed]
