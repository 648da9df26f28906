"""The supervisor on a real nats-server: one job in all its courses."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey

from schemas import canonical, signing
from schemas.erasure import ErasureReceipt
from schemas.errors import (
    BundleRefused,
    CannotOpen,
    NotEnrolled,
    OfferExpired,
    OutOfOrder,
    SealedSize,
    SettingInvalid,
    UnknownKey,
    UnsafeHost,
    WorkerFailed,
)
from schemas.frames import FrameKind
from schemas.job import Problem
from tests.unit.worker.conftest import settings_for
from tests.unit.worker.fake_gateway import FakeGateway, fake_gateway
from tests.unit.worker.person import Person
from tests.world import NatsServer, nats_server
from worker import host
from worker.intake_mail import JobMail
from worker.models import Bundle
from worker.software import software_digest
from worker.supervisor import require_safe_host, supervise

pytestmark = pytest.mark.anyio

IDENTITY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as server:
        yield server


@asynccontextmanager
async def working(nats: NatsServer, bundle: Bundle, person: Person, **more: str) -> AsyncIterator[FakeGateway]:
    """A gateway and a worker that has enrolled."""
    person.world.worker = IDENTITY
    settings = settings_for(bundle, person, LIKENESS_NATS_URL=nats.url, **more)
    stopping = asyncio.Event()
    async with fake_gateway(nats.url, person) as gateway:
        serving = asyncio.create_task(supervise(settings, IDENTITY, stopping))
        try:
            enrolled = asyncio.create_task(gateway.enrolled.wait())
            await asyncio.wait({serving, enrolled}, return_when=asyncio.FIRST_COMPLETED)
            enrolled.cancel()
            yield gateway
        finally:
            stopping.set()
            await serving


def children() -> list[int]:
    """Process ids of all children of this process that run the child's program."""
    listed = [pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
    return [int(pid) for pid in listed if b"worker.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_job_from_offer_to_receipt(nats: NatsServer, bundle: Bundle, person: Person) -> None:
    async with working(nats, bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        assert await claimed.disclose() == "accepted"
        receipt = await claimed.receipt()
        (image,) = person.open_images(gateway.payloads(FrameKind.IMAGE))
        assert image.startswith(b"\x89PNG")
        assert (receipt.exit_kind, receipt.images, receipt.bundle) == ("normal", 1, bundle.digest)
        assert receipt.software == software_digest()
        assert receipt.opened_at is not None
        outcomes = {check.name: check.outcome for check in receipt.checks}
        assert outcomes.pop("swap-off") in {"passed", "failed"}
        assert outcomes.pop("gpu-memory") == "not-measured"
        assert set(outcomes.values()) == {"passed"}
        assert gateway.frames[-1].kind == FrameKind.RECEIPT
        assert gateway.payloads(FrameKind.PROBLEM) == []
        assert gateway.progress()[-1].phase == "finishing"
        assert await gateway.waiting() == 0


async def test_a_jose_library_we_did_not_write_verifies_the_receipt(
    nats: NatsServer, bundle: Bundle, person: Person
) -> None:
    async with working(nats, bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        await claimed.disclose()
        await claimed.receipt()
        (token,) = gateway.payloads(FrameKind.RECEIPT)
        public = signing.jwk_of(IDENTITY.public_key())
        key = OKPKey.import_key({"crv": public.crv, "kty": public.kty, "x": public.x})
        checked = jws.deserialize_compact(token, key, algorithms=["Ed25519"])
        assert canonical.decode(ErasureReceipt, checked.payload).worker == signing.thumbprint(IDENTITY.public_key())


async def test_jobs_follow_each_other_with_a_new_key_each(nats: NatsServer, bundle: Bundle, person: Person) -> None:
    keys = []
    async with working(nats, bundle, person) as gateway:
        for i in range(3):
            gateway.frames.clear()
            claimed = await gateway.claimed(person.offer(offer_id=f"{i:032x}"))
            keys.append(claimed.checked.hpke_key)
            await claimed.disclose()
            assert (await claimed.receipt()).exit_kind == "normal"
    assert len(set(keys)) == 3


async def test_a_refused_request_gives_its_code_and_a_receipt(nats: NatsServer, bundle: Bundle, person: Person) -> None:
    async with working(nats, bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        payload = bytearray(claimed.sealed())
        payload[-1] ^= 1
        assert await claimed.hand_over(bytes(payload)) == "accepted"
        receipt = await claimed.receipt()
        assert gateway.problem() == CannotOpen.code
        assert (receipt.exit_kind, receipt.images, receipt.opened_at, receipt.result) == ("refused", 0, None, None)
        assert [frame.kind for frame in gateway.frames] == [FrameKind.PROBLEM, FrameKind.RECEIPT]


async def test_a_killed_child_gives_a_receipt(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        await claimed.disclose()
        await gateway.until(FrameKind.PROGRESS)
        os.kill(pid, signal.SIGKILL)
        receipt = await claimed.receipt()
        assert gateway.problem() == WorkerFailed.code
        assert (receipt.exit_kind, receipt.images) == ("killed", 0)
        assert receipt.opened_at is not None
        failed = [check.name for check in receipt.checks if check.outcome == "failed"]
        assert set(failed) <= {"exit", "swap-off"}


async def test_a_cancelled_job_ends_its_child(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        await claimed.disclose()
        await gateway.until(FrameKind.PROGRESS)
        await claimed.cancel()
        assert (await claimed.receipt()).exit_kind == "cancelled"
        assert gateway.payloads(FrameKind.PROBLEM) == []  # whoever cancelled knows
        assert pid not in children()


async def test_a_job_that_takes_too_long_is_ended(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person, LIKENESS_JOB_SECONDS="1") as gateway:
        claimed = await gateway.claimed(person.offer())
        await claimed.disclose()
        assert (await claimed.receipt()).exit_kind == "timeout"
        assert gateway.problem() == "job-timeout"


async def test_a_claim_that_nobody_seals_to_lapses(nats: NatsServer, bundle: Bundle, person: Person) -> None:
    async with working(nats, bundle, person, LIKENESS_LEASE_SECONDS="1") as gateway:
        first = await gateway.claimed(person.offer())
        second = await gateway.claimed(person.offer(offer_id="44" * 16))
        assert first.checked.hpke_key != second.checked.hpke_key
        receipt = await first.receipt()
        assert (receipt.exit_kind, receipt.opened_at, receipt.images) == ("unused", None, 0)
        assert {check.outcome for check in receipt.checks if check.name != "swap-off"} == {"passed", "not-measured"}
        assert {frame.kind for frame in gateway.frames} == {FrameKind.RECEIPT}


async def test_only_one_sealed_request_is_taken(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        payload = claimed.sealed()
        assert await claimed.hand_over(b"too short") == SealedSize.code
        assert await claimed.hand_over(payload) == "accepted"
        assert await claimed.hand_over(payload) == "accepted"
        assert await claimed.hand_over(claimed.sealed()) == OutOfOrder.code
        await claimed.cancel()
        await claimed.receipt()


async def test_offers_nobody_waits_for_leave_the_queue(
    nats: NatsServer, bundle: Bundle, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "likeness.worker")
    async with working(nats, bundle, person) as gateway:
        await gateway.offer(person.offer())
        await gateway.offer(person.offer(offer_id="55" * 16, expires_at=person.world.now - 1))
        await gateway.offer(b"{}")
        async with asyncio.timeout(10):
            for _ in range(3):
                await gateway.dropped.get()
        # Nobody has seen a claim of this child, so it still serves.
        claimed = await gateway.claimed(person.offer(offer_id="66" * 16))
        assert sum("child is warm" in record.message for record in caplog.records) == 1
        await claimed.disclose()
        assert (await claimed.receipt()).exit_kind == "normal"


async def test_a_refused_claim_costs_the_child_and_the_offer_is_passed_on(
    nats: NatsServer, bundle: Bundle, person: Person
) -> None:
    async with working(nats, bundle, person) as gateway:
        gateway.refuse_claim = NotEnrolled()
        first = await gateway.claimed(person.offer())
        gateway.refuse_claim = None
        again = await gateway.claimed_again(first)
        assert again.checked.hpke_key != first.checked.hpke_key
        await again.disclose()
        assert (await again.receipt()).exit_kind == "normal"


async def test_a_lost_server_ends_the_job_and_the_worker_goes_on(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        await claimed.disclose()
        await gateway.until(FrameKind.PROGRESS)
        gateway.enrolled.clear()
        nats.stop(kill=True)
        nats.start()
        async with asyncio.timeout(20):
            await gateway.enrolled.wait()
        await gateway.make_queue()
        gateway.frames.clear()
        claimed = await gateway.claimed(person.offer(offer_id="77" * 16))
        assert pid not in children()
        await claimed.disclose()
        await gateway.until(FrameKind.PROGRESS)
        await claimed.cancel()
        await claimed.receipt()


async def test_another_gateway_than_the_trusted_one_gets_no_claim(
    nats: NatsServer, bundle: Bundle, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = signing.thumbprint(IDENTITY.public_key())
    async with working(nats, bundle, person, LIKENESS_GATEWAY_KEY=stranger) as gateway:
        async with asyncio.timeout(10):
            while gateway.enrolments < 2:
                gateway.enrolled.clear()
                await gateway.enrolled.wait()
        await gateway.offer(person.offer())
        assert await gateway.waiting() == 1
    assert any(UnknownKey.code in record.message for record in caplog.records)


async def test_a_worker_that_stops_ends_its_job_with_a_receipt(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        await claimed.disclose()
        await gateway.until(FrameKind.PROGRESS)
        raise_later = claimed
    assert children() == []
    assert (await raise_later.receipt()).exit_kind == "killed"


async def test_silence_is_filled_with_heartbeats(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        await claimed.disclose()
        await gateway.until(FrameKind.PROGRESS)
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(5):
            # A step is never said twice but by a heartbeat.
            while len(said := gateway.progress()) < 2 or said[-1] != said[-2]:
                gateway.heard.clear()
                await gateway.heard.wait()
        await claimed.cancel()
        assert (await claimed.receipt()).exit_kind == "cancelled"


async def test_a_worker_without_a_gateway_or_an_allowed_bundle_does_not_start(bundle: Bundle, person: Person) -> None:
    with pytest.raises(SettingInvalid):
        await supervise(settings_for(bundle, person, LIKENESS_GATEWAY_KEY=""), IDENTITY, asyncio.Event())
    with pytest.raises(BundleRefused):
        await supervise(settings_for(bundle, person, LIKENESS_LICENCES="None"), IDENTITY, asyncio.Event())


@pytest.mark.parametrize("swap", [True, None])
def test_swap_must_be_accepted_by_name(
    bundle: Bundle, person: Person, monkeypatch: pytest.MonkeyPatch, *, swap: bool | None
) -> None:
    monkeypatch.setattr(host, "swap_is_on", lambda: swap)
    require_safe_host(settings_for(bundle, person, LIKENESS_ACCEPT_SWAP="yes"))
    with pytest.raises(UnsafeHost):
        require_safe_host(settings_for(bundle, person, LIKENESS_ACCEPT_SWAP="no"))


async def test_a_sealed_request_after_the_lease_is_not_accepted() -> None:
    answers: list[bytes] = []

    class Message:
        data = b"anything"

        async def respond(self, answer: bytes) -> None:
            answers.append(answer)

    mail = JobMail()
    mail.close()
    await mail.hear_sealed(Message())  # type: ignore[arg-type]
    assert canonical.decode(Problem, answers[0]).code == OfferExpired.code
    assert not mail.sealed.done()
