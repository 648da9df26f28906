"""After every way to end: the secrets were in the child, and they are nowhere else, nor in the next child."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from tests.forensics import process, targets
from tests.forensics.endings import ENDINGS, MADE_LATE, NEEDED, Ending, Scene
from tests.forensics.house import House, running_house
from tests.forensics.report import CONTROL, Report, Row
from tests.forensics.scanner import Scanner
from tests.forensics.targets import Files, Memory
from tests.whole import TOP

pytestmark = [pytest.mark.anyio, pytest.mark.forensics, pytest.mark.usefixtures("may_look")]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One system for the whole module."""
    return "asyncio"


@pytest.fixture(scope="module")
async def house(may_look: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running_house(tmp_path_factory.mktemp("house")) as house_:
        yield house_


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
async def test_nothing_is_left(house: House, ending: Ending, report: Report) -> None:
    scene = Scene.of(house, ending.kind, ENDINGS.index(ending))
    warmed = house.warm_children(ending.kind)
    await play(scene, ending)
    scanner = Scanner(scene.windows())
    report.add(Row(ending.name, CONTROL, scanner.count, scene.seen, sorted(scene.unread)))

    assert scene.missed == [], "blind"
    if ending.name == "normal":
        assert scene.seen.found.keys() >= set(MADE_LATE), "blind"
    receipt = scene.visitor.outcome.receipt
    assert (receipt.exit_kind if receipt else None) == ending.receipt
    if scene.death is not None:
        assert not scene.death.dumped
        assert scene.death.memory == b""
        assert scene.death.folder == []
    assert list(targets.cores(house.since, house.folder, TOP)) == []

    await process.until(lambda: house.warm_children(ending.kind) > warmed)
    assert house.child_of(ending.kind) != scene.child
    for row in look_everywhere(house, scanner, ending):
        report.add(row)
        assert row.leftovers == {}, row.target
        if row.target in KNOW_THE_WORKERS:
            assert row.public, f"blind: {row.target}"


KNOW_THE_WORKERS = ("nats-server", "gateway", "supervisor", "supervisor in a hurry", "files of the system")


async def play(scene: Scene, ending: Ending) -> None:
    """The job: its child is held still when it is chosen, looked at while it draws, and then meets its end."""
    scene.visit = asyncio.create_task(scene.visitor.visit(scene.house, ending.kind, scene.hold))
    held = asyncio.create_task(scene.held.wait())
    try:
        await asyncio.wait({scene.visit, held}, return_when=asyncio.FIRST_COMPLETED)
        assert held.done(), scene.visit
        await asyncio.to_thread(scene.watch, NEEDED)
        await ending.strike(scene)
        with suppress(asyncio.CancelledError):
            await scene.visit
    finally:
        for task in (scene.visit, held):
            task.cancel()


def look_everywhere(house: House, scanner: Scanner, ending: Ending) -> Iterator[Row]:
    """Every process, every file."""
    for name, pid in house.processes().items():
        memory = Memory(pid)
        target = "the next child" if name == f"child {ending.kind}" else name
        yield Row(ending.name, target, scanner.count, scanner.scan(memory), memory.unread)
    places = {
        "files of the system": targets.below(house.folder),
        "files held open": (path for pid in house.processes().values() for path in targets.held_open(pid)),
        "shared places": targets.shared(house.since),
        "the checkout": targets.changed_in(TOP, house.since),
    }
    for name, paths in places.items():
        files = Files(paths)
        yield Row(ending.name, name, scanner.count, scanner.scan(files), files.unread)
