"""One stage and one whole system for all attacks; each test leaves them honest."""

from collections.abc import AsyncIterator

import pytest

from tests.attacks.rogue import Rogue, rogue_in
from tests.attacks.stage import Stage, staged
from tests.client import Person
from tests.whole import System, running


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One loop, in which the stage runs as long as the tests do."""
    return "asyncio"


@pytest.fixture(scope="session")
async def whole_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(whole_stage: Stage) -> Stage:
    whole_stage.seam.undo()
    return whole_stage


@pytest.fixture(scope="session")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """Two real workers, of which the first is at work."""
    async with running(tmp_path_factory.mktemp("system"), workers=2, start_worker=False) as system_:
        await system_.worker.start()
        await system_.wait_until_ready(workers=1)
        yield system_


@pytest.fixture
async def rogue(system: System) -> AsyncIterator[Rogue]:
    async with rogue_in(system) as rogue_:
        yield rogue_


@pytest.fixture
async def person(system: System) -> AsyncIterator[Person]:
    """Somebody who has consented at the real gateway."""
    async with system.http() as http:
        person_ = Person(http, policy_text=system.policy)
        assert (await person_.consent()).status_code == 201
        yield person_
