"""Real nats-servers set up by our own configurations: the one of `likeness up`, and gateway/deploy/ word for word."""

import asyncio
import datetime as dt
import ipaddress
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from gateway.nats_child import find_nats_server
from tests.system.nats_attempts import CONSUMER

START_SECONDS: Final = 20
DEPLOY: Final = Path(__file__).parents[2] / "gateway" / "deploy"
ANYWHERE: Final = '"127.0.0.1:-1"'
PASSWORD: Final = "a-password-of-this-test"


@dataclass(frozen=True)
class Running:
    """A nats-server that listens."""

    folder: Path
    process: asyncio.subprocess.Process = field(repr=False)

    @property
    def log(self) -> str:
        """All it said, to us or into a file of its own."""
        return "".join(file.read_text("utf-8") for file in self.folder.glob("*.log"))

    async def clients_at(self) -> str:
        """``host:port`` for clients."""
        for file in self.folder.glob("*.ports"):
            url: str = json.loads(file.read_text("utf-8"))["nats"][0]
            return url.rpartition("/")[2]
        raise RuntimeError(self.log)

    async def leaves_at(self) -> tuple[str, int]:
        """Host and port for other servers."""
        found = re.search(r"Listening for leafnode connections on ([\d.]+):(\d+)", self.log)
        if found is None:
            raise RuntimeError(self.log)
        return found[1], int(found[2])


@asynccontextmanager
async def nats_server(folder: Path, config: str = "nats.conf") -> AsyncIterator[Running]:
    """The server of ``config`` in ``folder``; it is gone afterwards."""
    with (folder / "said.log").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            find_nats_server(), "-c", config, "--ports_file_dir", ".", cwd=folder, stdout=said, stderr=said
        )
    server = Running(folder, process)
    try:
        async with asyncio.timeout(START_SECONDS):
            while "Server is ready" not in server.log or not list(folder.glob("*.ports")):  # noqa: ASYNC240
                if process.returncode is not None:
                    raise RuntimeError(server.log)
                await asyncio.sleep(0.01)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def write_certificate(folder: Path) -> ssl.SSLContext:
    """A certificate of this machine into ``folder``; gives the context of a client that believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    here = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for file in ("server.pem", "hub-ca.pem"):
        (folder / file).write_bytes(pem)
    (folder / "server.key").write_bytes(secret)
    return ssl.create_default_context(cadata=pem.decode("ascii"))


def write_deployed(folder: Path, config: str, workers: dict[str, str], **secrets: str) -> None:
    """``config`` of gateway/deploy/ into ``folder``, with thumbprints in the places of the names in ``workers``."""
    text = (DEPLOY / config).read_text("utf-8").replace("company-BUNDLE_16", CONSUMER)
    for placeholder, worker in workers.items():
        # A variable keeps its name: what is between quotes, and the user's name, are what is filled in.
        text = re.sub(rf"(?<!\$){placeholder}(?!_PASSWORD)", worker, text)
    (folder / config).write_text(text, "utf-8")
    lines = [f"{name}: {value}" for name, value in secrets.items()]
    (folder / "secrets.conf").write_text("\n".join([*lines, ""]), "utf-8")
