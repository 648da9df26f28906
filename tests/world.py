"""Real parts for tests: a nats-server of its own on a free port, and a gateway that really listens."""

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvicorn
from litestar.types import ASGIApp

from gateway import __main__ as gateway_program
from gateway.settings import Settings

START_SECONDS: Final = 20
PLACES: Final = (*os.get_exec_path(), ".build/bin", "/usr/local/sbin", "/usr/sbin")
"""Debian puts servers where a user's PATH does not look."""
CONFIG: Final = """
host: 127.0.0.1
port: {port}
jetstream {{ max_mem: 256MB, max_file: 0, store_dir: "{folder}/jetstream" }}
"""


def nats_server_program() -> str:
    """Where nats-server is.

    Raises:
        RuntimeError: nowhere; a test that needs it must not pass without it.
    """
    found = shutil.which("nats-server", path=os.pathsep.join(PLACES))
    if found is None:
        raise RuntimeError("nats-server is not installed (see the Makefile)")
    return found


@dataclass
class NatsServer:
    """A nats-server that keeps everything in memory. A restart takes the same port and remembers nothing."""

    folder: Path
    port: int = -1
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        """Its configuration, written anew."""
        file = self.folder / "nats.conf"
        file.write_text(CONFIG.format(port=self.port, folder=self.folder), "utf-8")
        return file

    def start(self) -> None:
        """Return when it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.config
        for stale in self.folder.glob("*.ports"):
            stale.unlink()
        with (self.folder / "nats.log").open("ab") as log:
            self.process = subprocess.Popen(
                [nats_server_program(), "-c", str(config), "--ports_file_dir", str(self.folder)], stderr=log, stdout=log
            )
        self.port = self._read_port()

    def _read_port(self) -> int:
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            for file in self.folder.glob("*.ports"):
                try:
                    address: str = json.loads(file.read_text("utf-8"))["nats"][0]
                except ValueError:
                    continue  # half written
                return int(address.rpartition(":")[2])
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise RuntimeError((self.folder / "nats.log").read_text("utf-8"))

    def stop(self, *, kill: bool = False) -> None:
        """Return when it is gone."""
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(START_SECONDS)
            self.process = None


@contextmanager
def nats_server(folder: Path) -> Iterator[NatsServer]:
    """A running server; it is gone afterwards."""
    server = NatsServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def settings(folder: Path, nats: NatsServer, **edits: Any) -> Settings:
    """Settings of a gateway whose files are all below ``folder``."""
    fields: dict[str, Any] = {
        "port": 0,
        "nats_url": nats.url,
        "state": folder / "state",
        "bundles": (),
        "page": folder / "web",
        "edge": folder / "edge",
        "operator": "Example Ltd",
    }
    return Settings(**(fields | edits))


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """``app`` behind a real web server; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, access_log=False, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
    )
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if serving.done():
                await serving
                raise RuntimeError("the gateway did not start")
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def gateway(chosen: Settings) -> AsyncIterator[str]:
    """A whole gateway on ``chosen``, as ``python -m gateway`` would build it; gives its address."""
    async with listening(gateway_program.build(chosen)) as address:
        yield address
