"""Programs that listen: a port for them, and the moment from which they answer."""

import socket
import time
from typing import Final

import httpx

PAUSE_SECONDS: Final = 0.02


def free_port() -> int:
    """A TCP port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until_ready(gateway: str, *, within_seconds: float = 20) -> None:
    """Return when the gateway at this address says that it can serve.

    Raises:
        TimeoutError: it does not in time.
    """
    give_up = time.monotonic() + within_seconds
    with httpx.Client(base_url=gateway) as http:
        while time.monotonic() < give_up:
            try:
                if http.get("/healthz").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:  # not listening yet
                pass
            time.sleep(PAUSE_SECONDS)
    raise TimeoutError("the gateway is not ready")
