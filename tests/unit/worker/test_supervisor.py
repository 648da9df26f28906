"""The supervisor on a real nats-server: one job in all its courses."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from schemas import canonical, signing
from schemas.erasure import ErasureReceipt
from schemas.errors import (
    BundleRefused,
    CannotOpen,
    NotEnrolled,
    OutOfOrder,
    SettingInvalid,
    WorkerFailed,
)
from schemas.frames import FrameKind
from tests.unit.worker.conftest import children, settings_for
from tests.unit.worker.fake_gateway import fake_gateway
from tests.unit.worker.person import Person
from tests.unit.worker.serving import IDENTITY, OTHERS, serving, working
from tests.unit.worker.trying import lacking
from tests.world import NatsServer
from worker.models import Bundle
from worker.software import software_digest
from worker.supervisor import supervise

pytestmark = pytest.mark.anyio

OF_THE_MACHINE = {"swap-off", "memory-locked", *lacking()}
"""Checks that a machine or a kernel may fail, whatever this program does."""


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
        outcomes = {check.name: check.outcome for check in receipt.checks if check.name not in OF_THE_MACHINE}
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
        assert set(failed) <= {"exit", *OF_THE_MACHINE}


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
    # Time is in whole seconds: a lease of one may be over before a busy machine has read the claim.
    async with working(nats, bundle, person, LIKENESS_LEASE_SECONDS="3") as gateway:
        first = await gateway.claimed(person.offer())
        second = await gateway.claimed(person.offer(offer_id="44" * 16))
        assert first.checked.hpke_key != second.checked.hpke_key
        receipt = await first.receipt()
        assert (receipt.exit_kind, receipt.opened_at, receipt.images) == ("unused", None, 0)
        outcomes = {check.outcome for check in receipt.checks if check.name not in OF_THE_MACHINE}
        assert outcomes == {"passed", "not-measured"}
        assert {frame.kind for frame in gateway.frames} == {FrameKind.RECEIPT}


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
        again = await gateway.next_claim(first.raw)
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


# --- lots -------------------------------------------------------------------------------------------------------------


async def test_lots_go_to_different_workers_and_one_of_them_draws(nats: NatsServer, bundle: Bundle) -> None:
    person = Person(bundle=bundle.digest, pool="volunteer")
    settings = settings_for(bundle, person, LIKENESS_NATS_URL=nats.url, LIKENESS_POOL="volunteer")
    async with fake_gateway(nats.url, person) as gateway, AsyncExitStack() as workers:
        for identity in OTHERS:
            await workers.enter_async_context(serving(settings, identity))
        chosen, *others = await gateway.claimed_by_different(3)
        for other in others:
            await other.stop("not-chosen")
            await gateway.until(FrameKind.RECEIPT)
            assert (await other.receipt()).exit_kind == "unused"
            gateway.frames.clear()
        await chosen.disclose()
        assert (await chosen.receipt()).exit_kind == "normal"
        assert await gateway.waiting() == 0


async def test_a_worker_takes_one_lot_of_a_job_and_serves_other_jobs(nats: NatsServer, bundle: Bundle) -> None:
    person = Person(bundle=bundle.digest, pool="volunteer")
    async with working(nats, bundle, person, LIKENESS_POOL="volunteer") as gateway:
        first = await gateway.claimed(person.offer(lot=1, lots=2))
        await gateway.offer(person.offer(lot=2, lots=2))
        await first.stop("not-chosen")
        for _ in range(2):
            await gateway.was_passed_on()
        assert gateway.claims.empty()
        other = await gateway.claimed(person.offer(offer_id="44" * 16, lot=1, lots=2))
        gateway.frames.clear()
        await other.disclose()
        assert (await other.receipt()).exit_kind == "normal"
        assert await gateway.waiting() == 1  # for another worker, until it lapses


async def test_a_lot_that_one_worker_passes_on_is_served_by_the_next(nats: NatsServer, bundle: Bundle) -> None:
    person = Person(bundle=bundle.digest, pool="volunteer")
    settings = settings_for(bundle, person, LIKENESS_NATS_URL=nats.url, LIKENESS_POOL="volunteer")
    async with working(nats, bundle, person, LIKENESS_POOL="volunteer") as gateway:
        second_lot = person.offer(lot=2, lots=2)
        first = await gateway.claimed(person.offer(lot=1, lots=2))
        await first.stop("not-chosen")
        await first.receipt()
        await gateway.offer(second_lot)
        await gateway.was_passed_on()
        async with serving(settings, OTHERS[0]):
            second = await gateway.next_claim(second_lot)
            assert second.checked.claim.worker != first.checked.claim.worker


async def test_a_worker_that_the_gateway_says_has_a_lot_does_not_ask_again(nats: NatsServer, bundle: Bundle) -> None:
    person = Person(bundle=bundle.digest, pool="volunteer")
    async with working(nats, bundle, person, LIKENESS_POOL="volunteer") as gateway:
        gateway.refuse_claim = OutOfOrder()  # as after a restart of the worker
        await gateway.claimed(person.offer(lot=2, lots=2))
        for _ in range(3):
            await gateway.was_passed_on()
        assert gateway.claims.empty()
