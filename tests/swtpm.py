"""A TPM 2.0 in software (swtpm), for tests and benches: the real protocol and the real tools, without the chip."""

import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

ATTEMPTS: Final = 20
PATIENCE_SECONDS: Final = 20
GET_CAPABILITY: Final = struct.pack(">I", 1)
"""Command 1 of swtpm's control channel; its answer comes when the TPM serves."""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A new TPM with its state in ``folder``; where it is, as tpm2-tools write it.

    Raises:
        RuntimeError: swtpm or tpm2-tools are not installed, or no TPM could be started.
    """
    for program in ("swtpm", "tpm2"):
        if shutil.which(program) is None:
            raise RuntimeError(f"{program} is not installed (see the Makefile)")
    process, port = _started(folder)
    try:
        yield f"swtpm:host=127.0.0.1,port={port}"
    finally:
        process.kill()
        process.wait()


def _started(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    # tpm2-tools expect the control channel one port above the other, and swtpm opens the lower one itself: whether
    # that is free shows only when swtpm lives.
    for _ in range(ATTEMPTS):
        with socket.socket() as control:
            try:
                port = _free_port()
                control.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            control.listen()
            process = subprocess.Popen(
                [
                    *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}"),
                    *("--server", f"type=tcp,bindaddr=127.0.0.1,port={port}"),
                    *("--ctrl", f"type=tcp,fd={control.fileno()}", "--flags", "not-need-init,startup-clear"),
                ],
                pass_fds=[control.fileno()],
                stderr=subprocess.DEVNULL,
            )
        if _serves(port + 1):
            return process, port
        process.kill()
        process.wait()
    raise RuntimeError("no TPM could be started")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _serves(control_port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", control_port), timeout=PATIENCE_SECONDS) as channel:
        channel.sendall(GET_CAPABILITY)
        return len(channel.recv(1)) == 1
    return False
