"""A whole system in which every part is a process of its own: nats-server, gateway, two workers.

The only file here that knows how a system is set up (tests/whole, tests/world).
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from gateway.settings import PREFIX, SEPARATORS, Settings
from tests import tiny_bundle, whole, world
from tests.forensics import process
from tests.forensics.windows import PUBLIC, Windows, spread
from tests.tiny_bundle import Trial
from tests.whole import TOP, WorkerProcess

READY_SECONDS: Final = 60
BURDEN: Final = 1024
"""A step of 30 to 40 ms, so that a child can be held still between two."""
HURRIED_SECONDS: Final = 8
WARM: Final = "child is warm"
"""What a worker's log says of each child."""

Kind = str
LONG, HURRIED, PICTURE = "long", "hurried", "picture"
BUNDLES: Final[dict[Kind, dict[str, Any]]] = {
    LONG: {"steps": 200, "trial": Trial(burden_on_ends=True)},
    "index": {"steps": 20, "trial": Trial(burden_on_ends=True, fault="index", fails_at=12)},
    "memory": {"steps": 20, "trial": Trial(burden_on_ends=True, fault="memory", fails_at=12)},
    "not-a-number": {"steps": 20, "trial": Trial(burden_on_ends=True, fault="not-a-number", fails_at=12)},
    PICTURE: {"steps": 8, "trial": Trial(burden_on_ends=True, large=True)},
    HURRIED: {"steps": 199, "trial": Trial(burden_on_ends=True)},
}
"""What each bundle is; the last is drawn by a worker with little patience."""


@dataclass
class House:
    """The running processes."""

    folder: Path
    address: str
    nats: int
    gateway: int
    names: tuple[str, str]
    """What the two workers are called: their thumbprints, which every part of the system knows."""
    digests: dict[Kind, str]
    patient: WorkerProcess = field(repr=False)
    hurried: WorkerProcess = field(repr=False)
    since: float = field(default_factory=time.time)
    """Unix seconds; what is older was not left by it."""

    def worker_of(self, kind: Kind) -> WorkerProcess:
        """The worker that draws with this bundle."""
        return self.hurried if kind == HURRIED else self.patient

    def supervisor_of(self, kind: Kind) -> int:
        """Its process id."""
        return pid_of(self.worker_of(kind))

    def child_of(self, kind: Kind) -> int:
        """The process id of the child that has loaded this bundle."""
        (child,) = (
            pid for pid in process.children(self.supervisor_of(kind)) if self.digests[kind] in process.command_of(pid)
        )
        return child

    def twin_of(self, kind: Kind) -> Path:
        """A bundle without burden that draws the same."""
        return self.folder / "twins" / kind

    def processes(self) -> dict[str, int]:
        """Every process by what it is, children included."""
        named = {"nats-server": self.nats, "gateway": self.gateway}
        named |= {"supervisor": pid_of(self.patient), "supervisor in a hurry": pid_of(self.hurried)}
        for pid in (one for parent in list(named.values()) for one in process.descendants(parent)):
            words = process.command_of(pid)
            kinds = [kind for kind, digest in self.digests.items() if digest in words]
            named[f"child {kinds[0]}" if kinds else f"process {pid}"] = pid
        return named

    def warm_children(self, kind: Kind) -> int:
        """How many children the worker of this bundle has warmed."""
        return self.worker_of(kind).log.count(WARM)

    def windows(self) -> Windows:
        """Windows of what every part of the system knows."""
        return {f"{PUBLIC} a worker's name": frozenset(spread(self.names[0].encode()) | spread(self.names[1].encode()))}

    @asynccontextmanager
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client without a proxy and with patience."""
        async with httpx.AsyncClient(base_url=self.address, timeout=60, trust_env=False) as client:
            yield client


def pid_of(worker: WorkerProcess) -> int:
    """The supervisor's process id."""
    assert worker.process is not None
    return worker.process.pid


def environ_of(settings: Settings) -> dict[str, str]:
    """The environment that asks for ``settings``."""
    environ = {}
    for one in msgspec.structs.fields(Settings):
        value = getattr(settings, one.name)
        if value is not None and value != ():
            parts = value if isinstance(value, tuple) else (value,)
            environ[PREFIX + one.name.upper()] = SEPARATORS.get(one.name, "").join(map(str, parts))
    return environ


def write_bundles(folder: Path) -> tuple[dict[Kind, Path], dict[Kind, str]]:
    """Every bundle and its twin: folders and digests by kind."""
    folders = {kind: folder / "bundles" / kind for kind in BUNDLES}
    digests = {
        kind: tiny_bundle.write_bundle(folders[kind], burden=BURDEN, measure=False, **how)
        for kind, how in BUNDLES.items()
    }
    for kind, how in BUNDLES.items():
        twin = how | {"trial": Trial(large=how["trial"].large)}
        tiny_bundle.write_bundle(folder / "twins" / kind, measure=False, **twin)
    return folders, digests


def worker(house: Path, name: str, nats_url: str, gateway_key: str, **more: str) -> WorkerProcess:
    """A worker below ``house`` that was not started yet."""
    own = {"worker_key_file": str(house / name / "worker.key")} | more
    environ = whole.worker_environ(house / name, nats_url, house, gateway_key, **own)
    return WorkerProcess(house / name, environ | {"TMPDIR": str(house / "temporary")})


@asynccontextmanager
async def gateway(settings: Settings, folder: Path) -> AsyncIterator[int]:
    """``python -m gateway`` on ``settings``, with a log in ``folder``; gives its process id when it listens."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder / "temporary")}
    with (folder / "gateway.log").open("ab") as log:
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", cwd=TOP, env=environ | environ_of(settings), stdout=log, stderr=log
        )
    try:
        await process.until(lambda: running.returncode is not None or process.listening_port(running.pid) is not None)
        assert running.returncode is None, (folder / "gateway.log").read_text("utf-8")
        yield running.pid
    finally:
        if running.returncode is None:
            running.terminate()
        await asyncio.wait_for(running.wait(), READY_SECONDS)


@asynccontextmanager
async def running_house(folder: Path) -> AsyncIterator[House]:
    """A whole system below ``folder``, with every child warm; stopped afterwards."""
    since = time.time()
    folders, digests = write_bundles(folder)
    for name in ("temporary", "patient", "hurried", "state"):
        (folder / name).mkdir(mode=0o700)
    names = (whole.write_key(folder / "patient" / "worker.key"), whole.write_key(folder / "hurried" / "worker.key"))
    gateway_key = whole.write_key(folder / "state" / "gateway.key")
    manifests = tuple(path / "bundle.json" for path in folders.values())
    queues = {
        names[0]: [("company", digest) for kind, digest in digests.items() if kind != HURRIED],
        names[1]: [("company", digests[HURRIED])],
    }
    with whole.guarded_nats(folder / "nats", queues) as nats:
        patient_bundles = os.pathsep.join(str(path) for kind, path in folders.items() if kind != HURRIED)
        patient = worker(folder, "patient", nats.worker_url(names[0]), gateway_key, bundles=patient_bundles)
        patience = {"bundles": str(folders[HURRIED]), "job_seconds": str(HURRIED_SECONDS)}
        hurried = worker(folder, "hurried", nats.worker_url(names[1]), gateway_key, **patience)
        settings = world.settings(folder, nats, bundles=manifests, workers=names, **nats.gateway_places())
        async with whole.witnessed(folder / "state", 1), gateway(settings, folder) as gateway_pid:
            try:
                await patient.start()
                await hurried.start()
                assert nats.process is not None
                address = f"http://127.0.0.1:{process.listening_port(gateway_pid)}"
                house = House(folder, address, nats.process.pid, gateway_pid, names, digests, patient, hurried, since)
                await _until_ready(house)
                yield house
            finally:
                await patient.stop()
                await hurried.stop()


async def _until_ready(house: House) -> None:
    await process.until(
        lambda: house.warm_children(LONG) == len(BUNDLES) - 1 and house.warm_children(HURRIED) == 1, READY_SECONDS
    )
    async with house.http() as client, asyncio.timeout(READY_SECONDS):
        while (await client.get("/healthz")).json().get("workers", 0) < 2:  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.02)
