"""How long does a job take that computes nothing, and how much of it is bare NATS?

Four processes: nats-server, the gateway, a worker that draws nothing, and a client that speaks the protocol
(tests/client.py). One image of 2 MiB comes back. The peer is bare NATS: the same process sends the same frames to the
same client, each as a request that waits for its answer, as the protocol does.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.machine import ROOT
from bench.notebook import Notebook
from bench.relay_worker import CHUNK, IMAGE, START
from bench.rounds import gather
from bench.servers import free_port, until_ready
from schemas import embedding, signing
from schemas.frames import Frame, FrameKind
from tests.client import Job, Person
from tests.statements import example_record, seed
from tests.unit.gateway.parts import YES, write_manifest
from tests.world import nats_server, nats_server_program

ROUNDS: Final = 25
PEER: Final = "bare NATS"
START_SECONDS: Final = 20


def bench_relay(benchmark: BenchmarkFixture, notebook: Notebook, tmp_path: Path) -> None:
    with _processes(tmp_path) as (gateway, nats), asyncio.Runner() as runner, ExitStack() as last:
        opened = AsyncExitStack()
        last.callback(lambda: runner.run(opened.aclose()))
        client = runner.run(_connect(opened, gateway, nats))
        samples = gather(benchmark, lambda: runner.run(client.one_round()), rounds=ROUNDS)
    notebook.versions = machine.versions("nats-py", "litestar", "uvicorn", "httpx") | {
        "nats-server": machine.program_version(nats_server_program(), "--version")
    }
    notebook.row("job posted, until a claim has come", "ms", samples["claim"])
    for what, name in (("first", "first image frame"), ("last", "last image frame")):
        bare = samples[f"bare {what}"]
        notebook.row(f"claim come, until the {name}", "ms", samples[what], peer=f"{PEER}, {name}", against=bare)
    whole = samples["bare last"]
    notebook.row("job posted, until portrait and receipt are checked", "ms", samples["whole"], peer=PEER, against=whole)
    notebook.note(
        "Between claim and first frame lie two signatures, one HPKE sealing and opening, and one HTTP request."
    )
    notebook.note("Not measured: a network between the processes, TLS, several jobs at once.")


@dataclass
class Timed(Job):
    """A job that notes when a kind of frame came first and last, in seconds of ``time.perf_counter``."""

    first: dict[FrameKind, float] = field(default_factory=dict)
    last: dict[FrameKind, float] = field(default_factory=dict)

    async def take(self, frame: Frame) -> None:
        """Note the time, then do as always."""
        self.last[frame.kind] = time.perf_counter()
        self.first.setdefault(frame.kind, self.last[frame.kind])
        await super().take(frame)


@dataclass
class Side:
    """The client's side of both contenders."""

    person: Person
    bare: Client
    record: bytes = field(default_factory=lambda: embedding.encode(example_record()), repr=False)

    async def one_round(self) -> dict[str, float]:
        """Seconds of one job and of the same bytes over bare NATS."""
        return await self._job() | await self._bare()

    async def _job(self) -> dict[str, float]:
        agreed = await self.person.consent()
        assert agreed.status_code == httpx.codes.CREATED
        facts = await self.person.facts()
        keys = tuple(map(signing.key_of, facts.keys))
        job = Timed(self.person, keys, self.record, "studio", seed=1, images=1)
        started = time.perf_counter()
        outcome = await job.run()
        ended = time.perf_counter()
        assert outcome.problem is None
        assert outcome.images == [IMAGE]
        claimed = job.first[FrameKind.CLAIM]
        return {
            "claim": claimed - started,
            "first": job.first[FrameKind.IMAGE] - claimed,
            "last": job.last[FrameKind.IMAGE] - claimed,
            "whole": ended - started,
        }

    async def _bare(self) -> dict[str, float]:
        times: list[float] = []

        async def hear(message: Msg) -> None:
            times.append(time.perf_counter())
            await message.respond(YES)

        heard = await self.bare.subscribe(CHUNK, cb=hear)
        await self.bare.flush()
        started = time.perf_counter()
        await self.bare.request(START, timeout=START_SECONDS)
        await heard.unsubscribe()
        return {"bare first": times[0] - started, "bare last": times[-1] - started}


async def _connect(opened: AsyncExitStack, gateway: str, nats: str) -> Side:
    """The client, once the gateway is ready."""
    http = await opened.enter_async_context(httpx.AsyncClient(base_url=gateway, timeout=START_SECONDS))
    bare = Client()
    await bare.connect(nats)
    opened.push_async_callback(bare.close)
    return Side(person=Person(http), bare=bare)


@contextmanager
def _processes(folder: Path) -> Iterator[tuple[str, str]]:
    """nats-server, gateway and worker, ready; the addresses of the first two."""
    bundle = write_manifest(folder / "bundle")
    key = Ed25519PrivateKey.from_private_bytes(seed("worker"))
    with nats_server(folder / "nats") as nats, ExitStack() as running:
        address = f"http://127.0.0.1:{free_port()}"
        settings = {
            "LIKENESS_PORT": address.rpartition(":")[2],
            "LIKENESS_NATS_URL": nats.url,
            "LIKENESS_STATE": str(folder / "state"),
            "LIKENESS_BUNDLES": str(folder / "bundle"),
            "LIKENESS_PAGE": str(folder / "no-page"),
            "LIKENESS_EDGE": str(folder / "no-models"),
            "LIKENESS_WORKERS": signing.thumbprint(key.public_key()),
        }
        _start(running, ["-m", "gateway"], settings)
        until_ready(address)
        worker = _start(running, ["-m", "bench.relay_worker", nats.url, bundle, seed("worker").hex()], {})
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        yield address, nats.url


def _start(running: ExitStack, arguments: list[str], settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """A Python program of this checkout, ended with ``running``."""
    process = running.enter_context(
        subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    )
    running.callback(process.terminate)
    return process
