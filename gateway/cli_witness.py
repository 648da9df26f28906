"""``likeness witness``: one witness, set up by its environment (gateway/README.md)."""

import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Final

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.keys import load_or_create
from gateway.witness import Witness, read_logs
from gateway.witness_app import create_witness_app
from gateway.witness_settings import WitnessSettings, read_witness_settings
from gateway.witness_state import WitnessState
from schemas import signing
from schemas.errors import NoteMalformed, SettingInvalid
from schemas.note import SignatureKind, VerifierKey, read_vkey

GOODBYE_SECONDS: Final = 5

log = logging.getLogger("likeness.witness")


def run_witness(*, vkey_only: bool) -> int:
    """Serve until told to stop, or only print the verifier key; the exit status.

    Raises:
        SettingInvalid: a setting is wrong.
        LogUnavailable: the witness's memory cannot be read or written.
    """
    settings = read_witness_settings(os.environ)
    if vkey_only:
        print(verifier(settings, witness_key(settings)).text)
        return 0
    logging.basicConfig(level=logging.INFO, format="witness: %(message)s", stream=sys.stderr)
    witness = build_witness(settings)
    log.info("key %s", witness.verifier.text)
    server = uvicorn.Server(
        uvicorn.Config(
            create_witness_app(witness),
            host=settings.host,
            port=settings.port,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_config=None,
            log_level=logging.WARNING,
            timeout_graceful_shutdown=GOODBYE_SECONDS,
        )
    )
    try:
        server.run()
    finally:
        witness.state.close()
    return 0


def build_witness(settings: WitnessSettings) -> Witness:
    """The witness of ``settings``, on the real clock and disk.

    Raises:
        SettingInvalid, LogUnavailable: see ``run_witness``.
    """
    logs = logs_to_watch(settings)
    key = witness_key(settings)
    return Witness(
        name=verifier(settings, key).name,
        key=key,
        logs=logs,
        state=WitnessState(settings.seen_file, lambda: int(time.time())),
    )


def witness_key(settings: WitnessSettings) -> Ed25519PrivateKey:
    """The key on disk, made where there was none."""
    return load_or_create(settings.signing_key_file, os.urandom(32))


def verifier(settings: WitnessSettings, key: Ed25519PrivateKey) -> VerifierKey:
    """The witness's key as others know it.

    Raises:
        SettingInvalid: the name cannot stand in a signature line.
    """
    public = key.public_key()
    name = settings.name or f"likeness-witness/{signing.thumbprint(public)}"
    found = VerifierKey(name=name, kind=SignatureKind.COSIGNATURE, key=public)
    try:
        read_vkey(found.text)
    except NoteMalformed as error:
        raise SettingInvalid("LIKENESS_WITNESS_NAME: a name has no spaces and no +") from error
    return found


def logs_to_watch(settings: WitnessSettings) -> Mapping[str, tuple[VerifierKey, ...]]:
    """The logs that ``settings`` name.

    Raises:
        SettingInvalid: they name none, or the file cannot be read.
    """
    if settings.logs is None:
        raise SettingInvalid("LIKENESS_WITNESS_LOGS: name a file with the verifier keys of the logs to watch")
    try:
        logs = read_logs(settings.logs.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingInvalid(f"LIKENESS_WITNESS_LOGS: {reason}") from error
    if not logs:
        raise SettingInvalid("LIKENESS_WITNESS_LOGS: the file names no log")
    return logs
