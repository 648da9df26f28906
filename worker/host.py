"""What this machine says of itself, read only: swap, the kernel's zeroing of freed memory, limits of a process."""

import gzip
import platform
import re
from pathlib import Path
from typing import Final, Literal

PROC: Final = Path("/proc")
BOOT: Final = Path("/boot")

InitOnFree = Literal["on", "off", "unknown"]


def swap_is_on(proc: Path = PROC) -> bool | None:
    """Whether any swap area is in use; None where the machine does not say."""
    try:
        lines = (proc / "swaps").read_text("utf-8").splitlines()
    except OSError:
        return None
    return len(lines) > 1  # the first line is the heading


def init_on_free(proc: Path = PROC, boot: Path = BOOT) -> InitOnFree:
    """Whether the kernel zeroes memory when a process gives it back (boot option, else the kernel's build)."""
    try:
        option = re.search(r"(?:^|\s)init_on_free=([01yn])", (proc / "cmdline").read_text("utf-8"))
    except OSError:
        return "unknown"
    if option:
        return "on" if option[1] in "1y" else "off"
    config = _kernel_config(proc, boot)
    if "CONFIG_INIT_ON_FREE_DEFAULT_ON=y" in config:
        return "on"
    return "off" if "CONFIG_INIT_ON_FREE_DEFAULT_ON is not set" in config else "unknown"


def _kernel_config(proc: Path, boot: Path) -> str:
    try:
        return gzip.decompress((proc / "config.gz").read_bytes()).decode("utf-8")
    except (OSError, EOFError):
        pass
    try:
        return (boot / f"config-{platform.release()}").read_text("utf-8")
    except OSError:
        return ""


def limit_of(pid: int, name: str, proc: Path = PROC) -> int | None:
    """A process's hard limit in bytes, e.g. ``Max core file size``; None when unlimited or not to be read."""
    try:
        text = (proc / str(pid) / "limits").read_text("utf-8")
    except OSError:
        return None
    found = re.search(rf"^{re.escape(name)}\s+(\S+)\s+(\S+)", text, re.MULTILINE)
    return int(found[2]) if found and found[2].isdecimal() else None


def process_exists(pid: int, proc: Path = PROC) -> bool | None:
    """Whether the kernel still lists ``pid``; None on a machine without /proc."""
    return (proc / str(pid)).exists() if proc.is_dir() and (proc / "self").exists() else None
