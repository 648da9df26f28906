"""A whole real system for tests: nats-server, gateway, and one worker process with a tiny bundle."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar.types import ASGIApp

from gateway import __main__ as gateway_program
from schemas import signing
from tests import tiny_bundle, world

READY_SECONDS: Final = 60
TOP: Final = Path(__file__).parents[1]


@dataclass
class WorkerProcess:
    """``python -m worker`` as an operator would start it."""

    folder: Path
    environ: dict[str, str]
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Return when the process runs; it enrols on its own."""
        with (self.folder / "worker.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "worker",
                "--i-accept-swap",
                env=self.environ,
                cwd=TOP,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def children(self) -> list[int]:
        """Process ids of its children."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
        return [int(pid) for pid in listed.split()]

    async def stop(self, *, kill: bool = False) -> None:
        """Return when it and its children are gone."""
        if self.process is None:
            return
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        await asyncio.wait_for(self.process.wait(), 20)
        self.process = None

    @property
    def log(self) -> str:
        """All it ever said."""
        return (self.folder / "worker.log").read_text("utf-8")


@dataclass
class System:
    """A running system and its address."""

    address: str
    nats: world.NatsServer
    worker: WorkerProcess
    reached: list[str] = field(repr=False)
    """Path of every request that reached the gateway."""

    @asynccontextmanager
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client without a proxy and with patience."""
        async with httpx.AsyncClient(base_url=self.address, timeout=60, trust_env=False) as client:
            yield client

    async def wait_until_ready(self, workers: int) -> None:
        """Return when the gateway has its bus and knows that many workers."""
        async with self.http() as client, asyncio.timeout(READY_SECONDS):
            while not await _is_ready(client, workers):  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.05)


async def _is_ready(client: httpx.AsyncClient, workers: int) -> bool:
    answer = await client.get("/healthz")
    return answer.status_code == httpx.codes.OK and answer.json()["workers"] >= workers


def _noting(app: ASGIApp, reached: list[str]) -> ASGIApp:
    async def noting(scope: Any, receive: Any, send: Any) -> None:
        if "path" in scope:
            reached.append(scope["path"])
        await app(scope, receive, send)

    return noting


@contextmanager
def worker_environ(folder: Path, nats: world.NatsServer, bundle: Path, gateway_key: str) -> Iterator[dict[str, str]]:
    """The settings of one worker."""
    yield {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LIKENESS_NATS_URL": nats.url,
        "LIKENESS_WORKER_KEY_FILE": str(folder / "worker.key"),
        "LIKENESS_GATEWAY_KEY": gateway_key,
        "LIKENESS_POOL": "company",
        "LIKENESS_REGION": "local",
        "LIKENESS_OPERATOR": "Example Ltd",
        "LIKENESS_BUNDLES": str(bundle),
        "LIKENESS_LICENCES": tiny_bundle.LICENCE,
        "LIKENESS_THREADS": "1",
    }


def write_key(path: Path) -> str:
    """A new Ed25519 key file; gives the key's thumbprint."""
    key = Ed25519PrivateKey.generate()
    path.write_text(key.private_bytes_raw().hex(), "ascii")
    path.chmod(0o600)
    return signing.thumbprint(key.public_key())


@asynccontextmanager
async def running(
    folder: Path,
    *,
    bundle: Path | None = None,
    steps: int = 4,
    burden: int = 0,
    start_worker: bool = True,
    **edits: Any,
) -> AsyncIterator[System]:
    """A whole system below ``folder`` that draws with ``bundle``, or with a tiny one; stopped afterwards."""
    if bundle is None:
        bundle = folder / "bundle"
        tiny_bundle.write_bundle(bundle, steps=steps, burden=burden, measure=not burden)
    worker_key = write_key(folder / "worker.key")
    (folder / "state").mkdir(mode=0o700)
    gateway_key = write_key(folder / "state" / "gateway.key")
    with world.nats_server(folder / "nats") as nats:
        chosen = world.settings(folder, nats, bundles=(bundle / "bundle.json",), workers=(worker_key,), **edits)
        reached: list[str] = []
        async with world.listening(_noting(gateway_program.build(chosen), reached)) as address:
            with worker_environ(folder, nats, bundle, gateway_key) as environ:
                system = System(address, nats, WorkerProcess(folder, environ), reached)
                if start_worker:
                    await system.worker.start()
                if "nats_url" not in edits:
                    await system.wait_until_ready(workers=int(start_worker))
                try:
                    yield system
                finally:
                    await system.worker.stop()
