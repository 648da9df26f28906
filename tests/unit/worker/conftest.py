"""What tests of the worker share: bundles of random weights, settings, children that are ended."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests import tiny_bundle
from tests.unit.worker.person import Person
from tests.world import NatsServer, nats_server
from worker import models
from worker.models import Bundle
from worker.process import Child, start_child
from worker.settings import Settings, read

StartChild = Callable[..., Awaitable[Child]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def children() -> list[int]:
    """Process ids of all children of this process that run the child's program."""
    listed = [pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
    return [int(pid) for pid in listed if b"worker.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    """Whatever a test does, its workers' children end."""
    yield
    assert children() == []


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle that draws in a moment."""
    folder = tmp_path_factory.mktemp("bundle")
    tiny_bundle.write_bundle(folder)
    return models.find_bundle(folder, frozenset({tiny_bundle.LICENCE}))


@pytest.fixture(scope="session")
def slow_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle that draws for many seconds, so that it can be stopped in the middle."""
    folder = tmp_path_factory.mktemp("slow")
    tiny_bundle.write_bundle(folder, steps=200, burden=1024, measure=False)
    return models.find_bundle(folder, frozenset({tiny_bundle.LICENCE}))


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A server of this test alone."""
    with nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def person(bundle: Bundle) -> Person:
    """Somebody who wants one portrait."""
    return Person(bundle=bundle.digest)


def settings_for(bundle: Bundle, person: Person, **more: str) -> Settings:
    """Settings of a worker that trusts this person's gateway."""
    env = {
        "HOME": str(bundle.folder),
        "LIKENESS_BUNDLES": str(bundle.folder),
        "LIKENESS_GATEWAY_KEY": person.gateway,
        "LIKENESS_THREADS": "1",
        "LIKENESS_ACCEPT_SWAP": "yes",
    }
    return read(env | more)


@pytest.fixture
async def start() -> AsyncIterator[StartChild]:
    """Start a warm child; all are ended afterwards."""
    children: list[Child] = []

    async def start_one(bundle: Bundle, person: Person) -> Child:
        child = await start_child(settings_for(bundle, person), bundle, {})
        children.append(child)
        return child

    yield start_one
    for child in children:
        child.kill()
        await child.end()
