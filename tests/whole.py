"""A whole real system for tests: nats-server, witnesses, gateway, and worker processes with a tiny bundle."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar.types import ASGIApp

from gateway import __main__ as gateway_program
from gateway import keys
from gateway.cli_witness import build_witness
from gateway.nats_child import NatsFiles, write_config
from gateway.nats_users import Queues
from gateway.witness_app import create_witness_app
from gateway.witness_settings import WitnessSettings
from schemas import signing
from schemas.note import SignatureKind, VerifierKey
from schemas.scalars import digest
from tests import tiny_bundle, world

READY_SECONDS: Final = 60
ORIGIN: Final = "log.example/likeness"
TOP: Final = Path(__file__).parents[1]


@dataclass
class WorkerProcess:
    """``python -m worker`` as an operator would start it."""

    folder: Path
    environ: dict[str, str] = field(repr=False)
    name: str = "worker"
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Return when the process runs; it enrols on its own."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
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
        return (self.folder / f"{self.name}.log").read_text("utf-8")


@dataclass
class GuardedNats(world.NatsServer):
    """A nats-server with the accounts and rights that ``likeness up`` gives its users."""

    workers: Mapping[str, Queues] = field(default_factory=dict)
    """By thumbprint: the queues that each pulls from."""
    files: NatsFiles | None = field(default=None, repr=False)

    @property
    def config(self) -> Path:
        """The configuration, written at the first start; later starts take the same port and passwords."""
        file = self.folder / "nats.conf"
        if self.files is None:
            self.files = write_config(self.folder, self.workers)
        if self.port > 0:
            file.write_text(file.read_text("utf-8").replace("port: -1", f"port: {self.port}"), "utf-8")
        return file

    def called_by(self, user: Callable[[NatsFiles, str], str]) -> str:
        """The address with the name and password of one of its users."""
        assert self.files is not None
        return user(self.files, f"127.0.0.1:{self.port}")

    def gateway_places(self) -> dict[str, str]:
        """The settings by which a gateway finds it."""
        return {
            "nats_url": self.called_by(NatsFiles.gateway_url),
            "ledger_url": self.called_by(NatsFiles.ledger_url),
        }

    def worker_url(self, worker: str) -> str:
        """How this worker (thumbprint) calls it."""
        return self.called_by(lambda files, address: files.worker_url(address, worker))


@dataclass
class System:
    """A running system and its address."""

    address: str
    nats: GuardedNats
    workers: list[WorkerProcess]
    policy: str
    """The witness policy that its page pins."""
    reached: list[str] = field(repr=False)
    """Path of every request that reached the gateway."""

    @property
    def worker(self) -> WorkerProcess:
        """The first of its workers; most systems have one."""
        return self.workers[0]

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
def guarded_nats(folder: Path, workers: Mapping[str, Queues]) -> Iterator[GuardedNats]:
    """A running server; it is gone afterwards."""
    server = GuardedNats(folder, workers=workers)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def worker_environ(folder: Path, nats_url: str, bundle: Path, gateway_key: str, **own: str) -> dict[str, str]:
    """The settings of one worker; ``own`` are edits, named without their prefix."""
    chosen = {
        "nats_url": nats_url,
        "gateway_key": gateway_key,
        "pool": "company",
        "region": "local",
        "operator": "Example Ltd",
        "bundles": str(bundle),
        "licences": tiny_bundle.LICENCE,
        "threads": "1",
    } | own
    environ = {f"LIKENESS_{name.upper()}": value for name, value in chosen.items()}
    return {"PATH": os.environ["PATH"], "HOME": str(folder)} | environ


def write_key(path: Path) -> str:
    """A new Ed25519 key file; gives the key's thumbprint."""
    key = Ed25519PrivateKey.generate()
    path.write_text(key.private_bytes_raw().hex(), "ascii")
    path.chmod(0o600)
    return signing.thumbprint(key.public_key())


@asynccontextmanager
async def witnessed(state: Path, count: int) -> AsyncIterator[str]:
    """A log key in ``state``, and ``count`` witnesses that all must cosign; gives the policy."""
    write_key(state / "log.key")
    log = VerifierKey(ORIGIN, SignatureKind.ED25519, keys.load(state / "log.key").public_key())
    (state / "logs.txt").write_text(log.text, "utf-8")
    lines = [f"log {log.text}"]
    async with AsyncExitStack() as stack:
        for i in range(count):
            folder = state / f"witness{i}"
            folder.mkdir(mode=0o700)
            witness = build_witness(
                WitnessSettings(state=folder, logs=state / "logs.txt", name=f"witness.example/{i}", port=0)
            )
            stack.callback(witness.state.close)
            address = await stack.enter_async_context(world.listening(create_witness_app(witness)))
            lines.append(f"witness w{i} {witness.verifier.text} {address}")
        members = " ".join(f"w{i}" for i in range(count))
        lines += [f"group all-of-them all {members}", "quorum all-of-them"] if count else ["quorum none"]
        policy = "\n".join([*lines, ""])
        (state / "policy.txt").write_text(policy, "utf-8")
        yield policy


@asynccontextmanager
async def running(
    folder: Path,
    *,
    bundle: Path | None = None,
    steps: int = 4,
    burden: int = 0,
    start_worker: bool = True,
    workers: int = 1,
    witnesses: int = 2,
    worker_edits: Mapping[str, str] = MappingProxyType({}),
    **edits: Any,
) -> AsyncIterator[System]:
    """A whole system below ``folder`` that draws with ``bundle``, or with a tiny one; stopped afterwards."""
    if bundle is None:
        bundle = folder / "bundle"
        tiny_bundle.write_bundle(bundle, steps=steps, burden=burden, measure=not burden)
    names = ["worker", *(f"worker{i}" for i in range(1, workers))]
    worker_keys = tuple(write_key(folder / f"{name}.key") for name in names)
    state = folder / "state"
    state.mkdir(mode=0o700)
    gateway_key = write_key(state / "gateway.key")
    pool = edits.get("pools", ("company",))[0]
    queues = [(pool, digest((bundle / "bundle.json").read_bytes()))]
    with guarded_nats(folder / "nats", dict.fromkeys(worker_keys, queues)) as nats:
        chosen = world.settings(
            folder,
            nats,
            **{**nats.gateway_places(), "bundles": (bundle / "bundle.json",), "workers": worker_keys} | edits,
        )
        reached: list[str] = []
        async with (
            witnessed(state, witnesses) as policy,
            world.listening(_noting(gateway_program.build(chosen), reached)) as address,
            AsyncExitStack() as stack,
        ):
            processes = []
            for name, thumbprint in zip(names, worker_keys, strict=True):
                own = {"pool": pool, "worker_key_file": str(folder / f"{name}.key"), **worker_edits}
                environ = worker_environ(folder, nats.worker_url(thumbprint), bundle, gateway_key, **own)
                processes.append(WorkerProcess(folder, environ, name))
                stack.push_async_callback(processes[-1].stop)
            system = System(address, nats, processes, policy, reached)
            for process in processes if start_worker else ():
                await process.start()
            if "nats_url" not in edits:
                await system.wait_until_ready(workers=workers * start_worker)
            yield system
