"""One job on a real nats-server: how it is stopped, what comes twice, what is said at the end."""

import asyncio
import logging
import os
import signal
from typing import get_args

import pytest

from schemas import canonical
from schemas.errors import CannotOpen, JobReplayed, OutOfOrder
from schemas.frames import FrameKind
from schemas.job import Progress
from schemas.scalars import from_b64u
from tests.unit.worker.conftest import children, settings_for
from tests.unit.worker.fake_gateway import Claimed, FakeGateway, fake_gateway
from tests.unit.worker.person import Person
from tests.unit.worker.serving import IDENTITY, OTHERS, exit_of, serving, wire_to, working
from tests.world import NatsServer
from worker import job as job_module
from worker.ending import STOPPED, Reason
from worker.models import Bundle

pytestmark = pytest.mark.anyio


async def drawing(gateway: FakeGateway, claimed: Claimed) -> None:
    """Disclose, and return in the middle of the drawing."""
    await claimed.disclose()
    await gateway.until(FrameKind.PROGRESS)


@pytest.mark.parametrize("reason", get_args(Reason))
async def test_a_running_job_that_is_ended_has_a_receipt_that_says_why(
    nats: NatsServer, slow_bundle: Bundle, reason: Reason
) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        await drawing(gateway, claimed)
        await claimed.stop(reason)
        receipt = await claimed.receipt()
        assert (receipt.exit_kind, receipt.images, receipt.result) == (STOPPED[reason], 0, None)
        assert receipt.opened_at is not None
        assert gateway.payloads(FrameKind.PROBLEM) == []  # whoever ended it knows
        assert pid not in children()


async def test_a_withdrawal_kills_the_child_within_one_step(
    nats: NatsServer, slow_bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "likeness.worker")
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        ended = asyncio.create_task(exit_of(pid))
        await drawing(gateway, claimed)
        said_at = asyncio.get_running_loop().time()
        await claimed.stop("revoked")
        seconds = await ended - said_at
        logging.getLogger("likeness.worker").info("from the word to the exit: %.1f ms", 1000 * seconds)
        receipt = await claimed.receipt()
        done = [canonical.decode(Progress, raw).step for raw in gateway.payloads(FrameKind.PROGRESS)]
        assert receipt.exit_kind == "revoked"
        assert done[-1] < 199
        assert seconds < 1


@pytest.mark.parametrize("reason", get_args(Reason))
async def test_a_claim_that_is_not_wanted_ends_unused(
    nats: NatsServer, bundle: Bundle, person: Person, reason: Reason
) -> None:
    async with working(nats, bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        await claimed.stop(reason)
        receipt = await claimed.receipt()
        kind = "revoked" if reason == "revoked" else "unused"
        assert (receipt.exit_kind, receipt.opened_at, receipt.images) == (kind, None, 0)
        (status,) = [check.outcome for check in receipt.checks if check.name == "exit"]
        assert status == ("failed" if reason == "revoked" else "passed")  # killed, or left to go by itself
        # The next job has the next child.
        again = await gateway.claimed(person.offer(offer_id="44" * 16))
        assert again.checked.hpke_key != claimed.checked.hpke_key


async def test_a_withdrawal_while_the_portrait_is_on_its_way_stops_it(nats: NatsServer, bundle: Bundle) -> None:
    person = Person(bundle=bundle.digest, images=4)
    async with working(nats, bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        ended = asyncio.create_task(exit_of(pid))
        gateway.hold = FrameKind.IMAGE
        await claimed.disclose()
        await gateway.until(FrameKind.IMAGE)
        await ended
        await claimed.stop("revoked")
        await gateway.let_go()
        receipt = await claimed.receipt()  # its digest is over what was taken, and no more
        assert 1 <= len(gateway.payloads(FrameKind.IMAGE)) <= 2
        assert (receipt.exit_kind, receipt.images) == ("normal", len(gateway.payloads(FrameKind.IMAGE)))
        assert gateway.frames[-1].kind == FrameKind.RECEIPT


async def test_a_gateway_that_takes_no_more_images_has_its_receipt_all_the_same(
    nats: NatsServer, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "ON_ITS_WAY_SECONDS", 0.05)
    person = Person(bundle=bundle.digest, images=3)
    async with working(nats, bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        gateway.hold = FrameKind.IMAGE
        await claimed.disclose()
        await gateway.until(FrameKind.IMAGE)
        await claimed.stop("cancelled")
        (receipt,) = await gateway.until(FrameKind.RECEIPT)
        assert receipt


async def test_every_receipt_has_a_salt_of_its_own(nats: NatsServer, bundle: Bundle, person: Person) -> None:
    salts = set()
    async with working(nats, bundle, person) as gateway:
        for i in range(2):
            gateway.frames.clear()
            claimed = await gateway.claimed(person.offer(offer_id=f"{i:032x}"))
            await claimed.disclose()
            salts.add(from_b64u((await claimed.receipt()).salt, 32))
    assert len(salts) == 2


async def test_a_worker_whose_line_was_cut_hands_its_receipt_in_later(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with wire_to(nats.port) as wire:
        line = f"nats://127.0.0.1:{wire.port}"
        async with working(nats, slow_bundle, person, LIKENESS_NATS_URL=line) as gateway:
            claimed = await gateway.claimed(person.offer())
            await drawing(gateway, claimed)
            wire.cut()
            receipt = await claimed.receipt()
            assert (receipt.exit_kind, receipt.images) == ("cancelled", 0)
            assert receipt.opened_at is not None


# --- the same sealed bytes again --------------------------------------------------------------------------------------


async def test_sealed_bytes_again_to_the_same_child_are_refused(nats: NatsServer, slow_bundle: Bundle) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        payload = claimed.sealed()
        assert await claimed.hand_over(payload) == "accepted"
        await gateway.until(FrameKind.PROGRESS)
        assert await claimed.hand_over(payload) == JobReplayed.code
        assert await claimed.hand_over(claimed.sealed()) == OutOfOrder.code
        await claimed.cancel()
        await claimed.receipt()


async def test_sealed_bytes_again_to_the_next_child_are_refused_and_it_serves_on(
    nats: NatsServer, bundle: Bundle, person: Person
) -> None:
    async with working(nats, bundle, person) as gateway:
        first = await gateway.claimed(person.offer())
        payload = first.sealed()
        assert await first.hand_over(payload) == "accepted"
        await first.receipt()
        gateway.frames.clear()
        second = await gateway.claimed(person.offer(offer_id="44" * 16))
        assert not await first.is_heard()  # the job is over: nobody listens on its subject
        assert await second.hand_over(payload) == JobReplayed.code
        assert await second.disclose() == "accepted"
        assert (await second.receipt()).exit_kind == "normal"


async def test_sealed_bytes_for_another_worker_are_not_opened(nats: NatsServer, bundle: Bundle) -> None:
    person = Person(bundle=bundle.digest, pool="volunteer")
    settings = settings_for(bundle, person, LIKENESS_NATS_URL=nats.url, LIKENESS_POOL="volunteer")
    async with fake_gateway(nats.url, person) as gateway, serving(settings, IDENTITY), serving(settings, OTHERS[0]):
        first, second = await gateway.claimed_by_different(2)
        payload = first.sealed()
        assert await first.hand_over(payload) == "accepted"
        await first.receipt()
        gateway.frames.clear()
        assert await second.hand_over(payload) == "accepted"  # its supervisor cannot tell; its child can
        receipt = await second.receipt()
        assert gateway.problem() == CannotOpen.code
        assert (receipt.exit_kind, receipt.opened_at, receipt.images) == ("refused", None, 0)


async def test_sealed_bytes_after_a_restart_are_not_opened(nats: NatsServer, bundle: Bundle, person: Person) -> None:
    raw = person.offer()
    async with working(nats, bundle, person) as gateway:
        first = await gateway.claimed(raw)
        payload = first.sealed()
        assert await first.hand_over(payload) == "accepted"
        await first.receipt()
    async with fake_gateway(nats.url, person) as gateway:
        settings = settings_for(bundle, person, LIKENESS_NATS_URL=nats.url)
        async with serving(settings, IDENTITY):
            await gateway.enrolled_times(1)
            first.gateway = gateway
            assert not await first.is_heard()  # nobody listens on the old job's subject
            # Even when the very same offer is made once more, the key is another.
            again = await gateway.claimed(raw)
            assert await again.hand_over(payload) == "accepted"
            receipt = await again.receipt()
            assert gateway.problem() == CannotOpen.code
            assert (receipt.exit_kind, receipt.opened_at, receipt.images) == ("refused", None, 0)


async def test_a_child_that_is_struck_down_between_two_steps_has_a_receipt(
    nats: NatsServer, slow_bundle: Bundle
) -> None:
    person = Person(bundle=slow_bundle.digest)
    async with working(nats, slow_bundle, person) as gateway:
        claimed = await gateway.claimed(person.offer())
        (pid,) = children()
        await drawing(gateway, claimed)
        os.kill(pid, signal.SIGSEGV)
        assert (await claimed.receipt()).exit_kind == "killed"
