"""Witnesses as processes of their own, for bench_log.py."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import httpx

from bench.machine import ROOT
from bench.servers import free_port
from gateway import keys
from gateway.witness_settings import PREFIX
from schemas.log_policy import Witness
from schemas.note import SignatureKind, VerifierKey
from tests.statements import seed, signing_key

START_SECONDS: Final = 20
PAUSE_SECONDS: Final = 0.02


@contextmanager
def witnesses(folder: Path, names: Sequence[str], log: VerifierKey) -> Iterator[dict[str, Witness]]:
    """`likeness witness` once for each name, watching ``log``, ready to be asked."""
    logs = folder / "logs.txt"
    logs.write_text(f"{log.text}\n", "utf-8")
    with ExitStack() as running:
        found = {}
        for name in names:
            port = free_port()
            _start(running, folder / name, name, {"LOGS": str(logs), "PORT": str(port)})
            public = signing_key(name).public_key()
            key = VerifierKey(name=f"witness.example/{name}", kind=SignatureKind.COSIGNATURE, key=public)
            found[name] = Witness(key=key, url=f"http://127.0.0.1:{port}")
        for witness in found.values():
            _until_ready(str(witness.url))
        yield found


def _start(running: ExitStack, state: Path, name: str, settings: dict[str, str]) -> None:
    keys.create(state / "witness.key", seed(name))
    settings |= {"STATE": str(state), "NAME": f"witness.example/{name}"}
    process = running.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "witness"],
            cwd=ROOT,
            env=os.environ | {PREFIX + variable: value for variable, value in settings.items()},
            stderr=subprocess.DEVNULL,
        )
    )
    running.callback(process.terminate)


def _until_ready(url: str) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:  # not listening yet
            pass
        time.sleep(PAUSE_SECONDS)
    raise TimeoutError("a witness is not ready")
