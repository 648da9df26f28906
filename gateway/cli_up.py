"""``likeness up``: nats-server, a witness, gateway, workers: children of one process that ends when they do."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from gateway import keys
from gateway.catalogue import read_catalogue
from gateway.cli_witness import verifier, witness_key
from gateway.household import Household
from gateway.log_setup import log_vkey
from gateway.nats_child import NatsFiles, find_nats_server, write_config
from gateway.settings import Settings, read_settings
from gateway.witness_settings import WitnessSettings
from schemas import signing
from schemas.errors import BusUnavailable, SettingInvalid
from schemas.log_policy import Policy, Witness, write_policy
from schemas.pools import LOTS

LOOK_SECONDS: Final = 0.2
START_SECONDS: Final = 120
"""A worker that has not enrolled by then will not."""
FRESH_WITNESS: Final = {"LIKENESS_WITNESS_NAME": "", "LIKENESS_WITNESS_KEY_FILE": ""}
"""What is set for another witness is not for this one."""
WITNESS_HERE: Final = """\
likeness: the log's witness runs on this machine too. It shows how a browser checks it; it keeps nobody honest who has
          both in hand. Name others' witnesses in a policy of your own: LIKENESS_POLICY (gateway/README.md)."""


def run_up(*, port: int | None, accept_swap: bool) -> int:
    """Run everything until a signal comes or one of the children ends; the exit status.

    Raises:
        SettingInvalid: a setting is wrong, there is no bundle, or the port is taken.
        BusUnavailable: there is no nats-server to start.
    """
    environ = dict(os.environ)
    if port is not None:
        environ["LIKENESS_PORT"] = str(port)
    settings = read_settings(environ)
    if not settings.bundles:
        raise SettingInvalid("there is no bundle to draw with: LIKENESS_BUNDLES names none, and none came along")
    settings = msgspec.structs.replace(settings, port=free_port(settings.host, settings.port))
    program = find_nats_server()
    with tempfile.TemporaryDirectory(prefix="likeness-") as folder:
        flags = ["--i-accept-swap"] if accept_swap else []
        run = Run(settings=settings, environ=environ, folder=Path(folder), nats_server=program, worker_flags=flags)
        return asyncio.run(run.until_stopped())


def free_port(host: str, port: int) -> int:
    """``port``, or any free one for 0.

    Raises:
        SettingInvalid: it is taken, or ``host`` is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingInvalid(f"port {port} on {host}: {error.strerror}; try `likeness up --port 0`") from error
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Run:
    """One run of everything, with what was found out before anything was started."""

    settings: Settings
    environ: dict[str, str] = field(repr=False)
    folder: Path
    """Temporary, ours alone: configuration, passwords, the worker's key for this run."""
    nats_server: str
    worker_flags: list[str]
    household: Household = field(default_factory=Household)

    async def until_stopped(self) -> int:
        """Run until a signal comes, or one of the children ends; none of them is left then. The exit status."""
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        asked = asyncio.create_task(stopping.wait())
        course = asyncio.create_task(self._course())
        try:
            await asyncio.wait({asked, course}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.is_set():
                print("likeness: stopping", file=sys.stderr)
                return 0
            return course.result()
        finally:
            for task in (asked, course):
                task.cancel()
            await asyncio.gather(asked, course, return_exceptions=True)
            await self.household.stop()

    async def _course(self) -> int:
        """Start everything, say so, and return when something has ended by itself."""
        pool = self.settings.pools[0]
        workers = self._make_workers(LOTS[pool])
        gateway_key = keys.load_or_create(self.settings.signing_key_file, os.urandom(32)).public_key()
        queues = [(pool, bundle) for bundle in read_catalogue(self.settings.bundles).bundles]
        files = write_config(self.folder, dict.fromkeys(workers, queues))
        await self.household.start("nats-server", files.command(self.nats_server), self.environ)
        policy_file = self.settings.policy or await self._start_witness()
        address = await self._listening(files)
        print("likeness: nats-server is up, on loopback and in memory", flush=True)
        to_gateway = gateway_environment(self.settings, workers, files, address, policy_file)
        await self._start_python("gateway", "gateway", [], to_gateway)
        # A worker that finds no gateway waits before it asks again, so it is started when there is one.
        if await self._until("nats", 1):
            for worker, key_file in workers.items():
                to_worker = worker_environment(self.settings, key_file, files.worker_url(address, worker))
                to_worker["LIKENESS_GATEWAY_KEY"] = signing.thumbprint(gateway_key)
                await self._start_python(key_file.stem, "worker", self.worker_flags, to_worker)
        if await self._until("workers", len(workers)):
            print(f"\n  Likeness is ready: {self.page}\n  Ctrl-C stops everything.\n", flush=True)
            await self.household.first_end()
        reason = f"{dead} has ended" if (dead := self.household.dead()) else "no worker enrolled in time"
        print(f"likeness: {reason}; stopping all", file=sys.stderr)
        return 1

    def _make_workers(self, count: int) -> dict[str, Path]:
        """Key files of so many workers, for this run alone, by thumbprint."""
        files = [self.folder / f"worker{number}.key" for number in range(1, count + 1)]
        for file in files:
            keys.create(file, os.urandom(32))
        return {signing.thumbprint(keys.load(file).public_key()): file for file in files}

    async def _start_witness(self) -> Path:
        """Start a witness of this gateway's log on loopback; the policy that asks for its cosignature."""
        witness = WitnessSettings(
            port=free_port("127.0.0.1", 0), logs=self.folder / "logs.txt", state=self.settings.state / "witness"
        )
        log_key = log_vkey(keys.load_or_create(self.settings.log_signing_key_file, os.urandom(32)))
        seen_as = verifier(witness, witness_key(witness))
        keys.create_file(self.folder / "logs.txt", f"{log_key.text}\n", mode=0o600)
        policy = Policy(
            log=log_key,
            witnesses={"here": Witness(key=seen_as, url=f"http://127.0.0.1:{witness.port}")},
            quorum="here",
        )
        keys.create_file(self.folder / "policy.txt", write_policy(policy), mode=0o600)
        chosen = {
            "LIKENESS_WITNESS_HOST": witness.host,
            "LIKENESS_WITNESS_PORT": str(witness.port),
            "LIKENESS_WITNESS_LOGS": str(witness.logs),
            "LIKENESS_WITNESS_STATE": str(witness.state),
        }
        await self.household.start(
            "witness", [sys.executable, "-m", "gateway.cli", "witness"], self.environ | FRESH_WITNESS | chosen
        )
        print(WITNESS_HERE, flush=True)
        return self.folder / "policy.txt"

    async def _start_python(self, name: str, room: str, flags: list[str], chosen: dict[str, str]) -> None:
        await self.household.start(name, [sys.executable, "-m", room, *flags], self.environ | chosen)

    async def _listening(self, files: NatsFiles) -> str:
        while self.household.dead() is None:
            if address := files.address():
                return address
            await asyncio.sleep(LOOK_SECONDS / 10)
        raise BusUnavailable(f"nats-server did not start: {files.last_words()}")

    async def _until(self, fact: Literal["nats", "workers"], count: int) -> bool:
        """Whether there came to be so many of ``fact`` in the gateway's health; False when a child ended first.

        Also False when it took too long.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while self.household.dead() is None:
                    health = await asyncio.to_thread(_health, self.page)
                    if (bool(health.get("nats")) if fact == "nats" else health.get("workers", 0)) >= count:
                        return True
                    await asyncio.sleep(LOOK_SECONDS)
        return False

    @property
    def page(self) -> str:
        """The address to open."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self.settings.port}"


def gateway_environment(
    settings: Settings, workers: Iterable[str], files: NatsFiles, address: str, policy_file: Path
) -> dict[str, str]:
    """What is chosen for the gateway; ``workers`` may enrol beside those already allowed."""
    return {
        "LIKENESS_NATS_URL": files.gateway_url(address),
        "LIKENESS_LEDGER_URL": files.ledger_url(address),
        "LIKENESS_PORT": str(settings.port),
        "LIKENESS_POLICY": str(policy_file),
        "LIKENESS_WORKERS": ",".join((*settings.workers, *workers)),
    }


def worker_environment(settings: Settings, key_file: Path, nats_url: str) -> dict[str, str]:
    """What is chosen for the worker: the gateway's pool, region, operator and bundles."""
    folders = (path if path.is_dir() else path.parent for path in settings.bundles)
    return {
        "LIKENESS_NATS_URL": nats_url,
        "LIKENESS_WORKER_KEY_FILE": str(key_file),
        "LIKENESS_POOL": settings.pools[0],
        "LIKENESS_REGION": settings.region,
        "LIKENESS_OPERATOR": settings.operator,
        "LIKENESS_BUNDLES": os.pathsep.join(map(str, folders)),
    }


def _health(page: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{page}/healthz", timeout=2) as answer:  # noqa: S310 - our own http address
            return dict(json.load(answer))
    except (OSError, ValueError, urllib.error.URLError):
        return {}


def become_worker(arguments: list[str]) -> int:
    """Turn this process into ``python -m worker``; the two rooms never meet in one program."""
    os.execv(sys.executable, [sys.executable, "-m", "worker", *arguments])  # noqa: S606 - our own program
