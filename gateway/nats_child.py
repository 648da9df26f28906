"""A nats-server of our own: on loopback, in memory, with a password and the narrowest rights for each of its users."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway import nats_users
from gateway.nats_users import Queues
from gateway.settings import TOP
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
system_account: SYS
accounts {{
  SYS {{ users: [
    {{ user: {operator_name}, password: {operator_password}, permissions: {operator} }}
  ] }}
  LEDGER {{ jetstream: enabled, users: [ {{ user: ledger, password: {ledger_password} }} ] }}
  LIKENESS {{ jetstream: enabled, users: [
    {{ user: gateway, password: {gateway_password} }}
{workers}
  ] }}
}}
"""
"""Other accounts on this machine can reach loopback too; without a password they get nothing."""

WORKER: Final = "    {{ user: {name}, password: {password}, permissions: {permissions} }}"


@dataclass(frozen=True, slots=True)
class NatsFiles:
    """What a nats-server is started with, and how its users call it."""

    folder: Path
    gateway_password: str = field(repr=False)
    ledger_password: str = field(repr=False)
    operator_password: str = field(repr=False)
    worker_passwords: Mapping[str, str] = field(repr=False)
    """By the workers' thumbprints, which are their names as well."""

    def command(self, program: str) -> list[str]:
        """How to start it."""
        return [program, "-c", str(self.folder / "nats.conf"), "--ports_file_dir", str(self.folder)]

    def gateway_url(self, address: str) -> str:
        """How the gateway calls it."""
        return f"nats://gateway:{self.gateway_password}@{address}"

    def ledger_url(self, address: str) -> str:
        """How the gateway calls it for its ledger: an account in which no worker is (spec/subjects.md 6.2)."""
        return f"nats://ledger:{self.ledger_password}@{address}"

    def worker_url(self, address: str, worker: str) -> str:
        """How the worker with the thumbprint ``worker`` calls it."""
        return f"nats://{worker}:{self.worker_passwords[worker]}@{address}"

    def operator_url(self, address: str) -> str:
        """How somebody calls it who only wants to know whether it is well."""
        return f"nats://{nats_users.OPERATOR}:{self.operator_password}@{address}"

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


def write_config(folder: Path, workers: Mapping[str, Queues]) -> NatsFiles:
    """Write what a nats-server needs into ``folder``.

    ``workers`` says from which queues (pool and bundle) each of them pulls, by thumbprint.
    """
    made = NatsFiles(
        folder=folder,
        gateway_password=secrets.token_hex(24),
        ledger_password=secrets.token_hex(24),
        operator_password=secrets.token_hex(24),
        worker_passwords={worker: secrets.token_hex(24) for worker in workers},
    )
    text = CONFIG.format(
        log=json.dumps(str(folder / LOG)),
        store=json.dumps(str(folder / "jetstream")),
        operator_name=nats_users.OPERATOR,
        operator_password=json.dumps(made.operator_password),
        operator=nats_users.of_operator().text(),
        gateway_password=json.dumps(made.gateway_password),
        ledger_password=json.dumps(made.ledger_password),
        workers="\n".join(
            WORKER.format(
                name=json.dumps(worker),
                password=json.dumps(made.worker_passwords[worker]),
                permissions=nats_users.of_worker(worker, queues).text(),
            )
            for worker, queues in workers.items()
        ),
    )
    file = folder / "nats.conf"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as config:
        config.write(text)
    return made
