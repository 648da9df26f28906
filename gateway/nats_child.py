"""A nats-server of our own: on loopback, in memory, with a password for each of its two users."""

import json
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.settings import TOP
from schemas import subjects
from schemas.errors import BusUnavailable

PLACES: Final = (str(TOP / ".build" / "bin"), "/usr/local/sbin", "/usr/sbin")
"""Where servers lie that are not in a user's PATH."""

LOG: Final = "nats.log"

CONFIG: Final = """\
host: 127.0.0.1
port: -1
max_payload: 256KB
log_file: {log}
jetstream {{ max_mem: 256MB, max_file: 0, store_dir: {store} }}
accounts {{
  LIKENESS {{
    jetstream: enabled
    users: [
      {{ user: gateway, password: {gateway} }}
      {{ user: worker, password: {worker}, permissions: {{
        publish: {publish}
        subscribe: {subscribe}
        allow_responses: true
      }} }}
    ]
  }}
}}
"""
"""Other accounts on this machine can reach loopback too; without a password they get nothing."""


@dataclass(frozen=True, slots=True)
class NatsFiles:
    """What a nats-server is started with, and how its users call it."""

    folder: Path
    gateway_password: str = field(repr=False)
    worker_password: str = field(repr=False)

    def command(self, program: str) -> list[str]:
        """How to start it."""
        return [program, "-c", str(self.folder / "nats.conf"), "--ports_file_dir", str(self.folder)]

    def gateway_url(self, address: str) -> str:
        """How the gateway calls it."""
        return f"nats://gateway:{self.gateway_password}@{address}"

    def worker_url(self, address: str) -> str:
        """How the worker calls it."""
        return f"nats://worker:{self.worker_password}@{address}"

    def last_words(self) -> str:
        """The end of its log."""
        log = self.folder / LOG
        return log.read_text("utf-8", "replace")[-500:] if log.exists() else "it said nothing"

    def address(self) -> str | None:
        """``host:port`` once it listens."""
        for file in self.folder.glob("*.ports"):
            try:
                url: str = json.loads(file.read_text("utf-8"))["nats"][0]
            except (ValueError, KeyError, IndexError, OSError):
                continue  # it is being written
            return url.removeprefix("nats://")
        return None


def find_nats_server() -> str:
    """Where the program is.

    Raises:
        BusUnavailable: nowhere that we look; says how to get it.
    """
    found = shutil.which("nats-server", path=os.pathsep.join((*os.get_exec_path(), *PLACES)))
    if found is None:
        raise BusUnavailable(
            "nats-server is not installed. Debian and Ubuntu: apt install nats-server. macOS: brew install "
            "nats-server. Elsewhere: the release page of nats-io/nats-server; put the program on the PATH."
        )
    return found


def write_config(folder: Path, worker: str) -> NatsFiles:
    """Write what a nats-server needs into ``folder``, for the one worker with the thumbprint ``worker``."""
    made = NatsFiles(folder=folder, gateway_password=secrets.token_hex(24), worker_password=secrets.token_hex(24))
    stream = subjects.OFFERS_STREAM
    publish = [
        subjects.ENROL,
        subjects.claim("*"),
        subjects.event("*"),
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*",
        f"$JS.ACK.{stream}.>",
    ]
    text = CONFIG.format(
        log=json.dumps(str(folder / LOG)),
        store=json.dumps(str(folder / "jetstream")),
        gateway=json.dumps(made.gateway_password),
        worker=json.dumps(made.worker_password),
        publish=json.dumps(publish),
        subscribe=json.dumps(["_INBOX.>", subjects.seal(worker, "*"), subjects.cancel("*")]),
    )
    file = folder / "nats.conf"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as config:
        config.write(text)
    return made
