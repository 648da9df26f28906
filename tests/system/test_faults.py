"""Parts that die: the person is told, what can be said is signed, and the system goes on."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from schemas import embedding, signing
from schemas.frames import Frame, FrameKind
from tests import tiny_bundle
from tests.client import Job, Outcome, Person
from tests.whole import System, running

pytestmark = [pytest.mark.anyio, pytest.mark.system]
RECORD = embedding.encode(tiny_bundle.public_record())
STYLE = tiny_bundle.STYLES[0]
SLOW: dict[str, Any] = {"steps": 200, "burden": 1500}
"""A job that is still running when the test strikes."""


class Striking(Job):
    """A client that does something at the first step of the drawing."""

    struck: bool = False

    async def strike(self) -> None:
        """What happens then."""
        raise NotImplementedError

    async def take(self, frame: Frame) -> None:
        """Strike once."""
        await super().take(frame)
        if frame.kind is FrameKind.PROGRESS and not self.struck:
            self.struck = True
            await self.strike()


async def visit(system: System, kind: type[Job]) -> Outcome:
    """A whole visit with that client."""
    async with system.http() as http:
        person = Person(http)
        assert (await person.consent()).status_code == 201
        facts = await person.facts()
        return await kind(person, tuple(map(signing.key_of, facts.keys)), RECORD, STYLE, 1, 1).run()


async def test_no_worker_is_said_with_how_long_it_waited_and_costs_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, start_worker=False, claim_seconds=2) as system, system.http() as http:
        person = Person(http)
        assert (await person.consent(max_images=1, max_disclosures=1)).status_code == 201
        outcome = await person.draw(RECORD, STYLE)
        assert outcome.problem is not None
        assert outcome.problem.code == "no-worker"
        assert [waiting.waited_seconds for waiting in outcome.waited][:2] == [0, 1]
        assert {waiting.gives_up_after_seconds for waiting in outcome.waited} == {2}
        await system.worker.start()
        await system.wait_until_ready(workers=1)
        assert (await person.draw(RECORD, STYLE)).images, "the consent was not spent"


async def test_a_child_killed_in_the_middle_gives_a_receipt_that_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, **SLOW) as system:

        class Killer(Striking):
            async def strike(self) -> None:
                for pid in system.worker.children():
                    os.kill(pid, signal.SIGKILL)

        outcome = await visit(system, Killer)
        assert outcome.problem is not None
        assert outcome.problem.code == "worker-failed"
        assert outcome.receipt is not None
        assert (outcome.receipt.exit_kind, outcome.receipt.result) == ("killed", None)
        assert outcome.receipt.opened_at is not None
        await system.wait_until_ready(workers=1)


async def test_a_whole_worker_killed_in_the_middle_is_noticed(tmp_path: Path) -> None:
    async with running(tmp_path, **SLOW) as system:

        class Killer(Striking):
            async def strike(self) -> None:
                await system.worker.stop(kill=True)

        outcome = await visit(system, Killer)
        assert outcome.problem is not None
        assert outcome.problem.code == "worker-lost"
        assert outcome.receipt is None
        assert outcome.ended


async def test_a_person_who_leaves_stops_the_worker(tmp_path: Path) -> None:
    async with running(tmp_path, **SLOW) as system:

        class Leaver(Striking):
            async def strike(self) -> None:
                raise ConnectionError("the tab was closed")

        with pytest.raises(ConnectionError):
            await visit(system, Leaver)
        async with asyncio.timeout(20):
            while "cancelled" not in system.worker.log:  # noqa: ASYNC110 - only its log tells
                await asyncio.sleep(0.05)


async def test_the_bus_dying_in_the_middle_is_said_and_the_system_recovers(tmp_path: Path) -> None:
    async with running(tmp_path, **SLOW) as system:

        class Saboteur(Striking):
            async def strike(self) -> None:
                system.nats.stop(kill=True)

        outcome = await visit(system, Saboteur)
        assert outcome.problem is not None
        assert outcome.problem.code in {"bus-unavailable", "worker-lost"}
        async with system.http() as http:
            sick = await http.get("/healthz")
            assert sick.status_code == 503
            refused = await Person(http).consent()
            assert refused.status_code == 503
            assert refused.json()["code"] == "bus-unavailable"
        system.nats.start()
        await system.wait_until_ready(workers=1)
        async with system.http() as http:
            assert (await http.get("/healthz")).status_code == 200


async def test_a_gateway_without_a_bus_starts_and_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, start_worker=False, nats_url="nats://127.0.0.1:1") as system, system.http() as http:
        assert (await http.get("/healthz")).status_code == 503
        assert (await http.get("/api/v1/facts")).status_code in {200, 503}
