"""Which nats-server is fit for what: older ones have published holes and belong on loopback only."""

import ipaddress
import re
from typing import Final

PATCHED: Final = ((2, 11, 15), (2, 12, 6))
"""The first release of each line without the holes of CVE-2023-47090, CVE-2025-30215 and CVE-2026-33215 to 33249."""
ADVICE: Final = (
    "this nats-server has known vulnerabilities, fixed in 2.11.15 and 2.12.6: use it on this machine only (loopback)"
)


def read_version(text: str) -> tuple[int, int, int] | None:
    """The three numbers in ``text``, e.g. of ``nats-server: v2.9.10``."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def is_patched(version: tuple[int, int, int]) -> bool:
    """Whether ``version`` is at or above the patched release of its line."""
    line = [patched for patched in PATCHED if patched[:2] == version[:2]]
    return version >= (line[0] if line else max(PATCHED))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
