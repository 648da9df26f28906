"""The worker's side of NATS, held to exactly the permissions that a worker gets."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import signing, subjects
from schemas.errors import NotEnrolled
from tests import world
from tests.unit.worker.conftest import settings_for
from tests.unit.worker.fake_gateway import fake_gateway
from tests.unit.worker.person import Person
from tests.unit.worker.serving import IDENTITY, OTHERS, serving
from tests.world import NatsServer
from worker.models import Bundle

pytestmark = pytest.mark.anyio

Locked = Callable[[Ed25519PrivateKey, Person], NatsServer]


def users(worker: str, person: Person) -> str:
    """What the specification lets a worker with that thumbprint do (spec/subjects.md 5)."""
    publish = [
        subjects.enrol(worker),
        subjects.claim(worker, "*"),
        subjects.event(worker, "*"),
        f"$JS.API.CONSUMER.MSG.NEXT.{subjects.OFFERS_STREAM}.{subjects.consumer(person.pool, person.bundle)}",
        f"$JS.ACK.{subjects.OFFERS_STREAM}.>",
    ]
    subscribe = [subjects.seal(worker, "*"), subjects.stop(worker, "*"), f"{subjects.inbox(worker)}.>"]
    permissions = {"publish": publish, "subscribe": subscribe, "allow_responses": True}
    listed = [
        {"user": "gateway", "password": "gateway"},
        {"user": "worker", "password": "worker", "permissions": permissions},
    ]
    return f"authorization: {json.dumps({'users': listed})}\n"


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    """A server on which the user ``worker`` may do what one worker may."""
    server = NatsServer(tmp_path / "nats")

    def start(worker: Ed25519PrivateKey, person: Person) -> NatsServer:
        allowed = users(signing.thumbprint(worker.public_key()), person)
        monkeypatch.setattr(world, "CONFIG", world.CONFIG + allowed.replace("{", "{{").replace("}", "}}"))
        server.start()
        return server

    yield start
    server.stop()


def address(server: NatsServer, user: str) -> str:
    return server.url.replace("//", f"//{user}:{user}@")


def violations(server: NatsServer) -> list[str]:
    """What somebody tried and was not allowed to."""
    return [line for line in (server.folder / "nats.log").read_text("utf-8").splitlines() if "Violation" in line]


async def test_a_worker_needs_no_other_subject_than_its_own(
    locked: Locked, bundle: Bundle, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    server = locked(IDENTITY, person)
    settings = settings_for(bundle, person, LIKENESS_NATS_URL=address(server, "worker"))
    async with fake_gateway(address(server, "gateway"), person) as gateway, serving(settings, IDENTITY):
        # Every word that a worker can say: take, draw, drop, pass on, end unused.
        drawn = await gateway.claimed(person.offer())
        await drawn.disclose()
        assert (await drawn.receipt()).exit_kind == "normal"
        gateway.frames.clear()
        await gateway.offer(person.offer(expires_at=person.world.now - 1))
        await gateway.dropped.get()
        gateway.refuse_claim = NotEnrolled()
        refused = await gateway.claimed(person.offer(offer_id="44" * 16))
        gateway.refuse_claim = None
        await gateway.was_passed_on()
        stopped = await gateway.next_claim(refused.raw)
        await stopped.stop("not-chosen")
        assert (await stopped.receipt()).exit_kind == "unused"
    assert violations(server) == []
    assert not any("trying again" in record.message for record in caplog.records)


async def test_a_worker_on_the_permissions_of_another_gets_nowhere(
    locked: Locked, bundle: Bundle, person: Person
) -> None:
    server = locked(OTHERS[0], person)
    settings = settings_for(bundle, person, LIKENESS_NATS_URL=address(server, "worker"))
    async with fake_gateway(address(server, "gateway"), person) as gateway:
        async with serving(settings, IDENTITY) as worker:
            while not violations(server):
                assert not worker.done()
                await gateway.client.flush()
        assert gateway.enrolments == []
