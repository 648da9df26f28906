"""What this machine says of itself and of a process, read only: swap, the kernel's zeroing of freed memory, limits."""

import gzip
import platform
import re
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

PROC: Final = Path("/proc")
BOOT: Final = Path("/boot")

InitOnFree = Literal["on", "off", "unknown"]


CAP_IPC_LOCK: Final = 14
"""The bit of the right to lock any amount of memory (capabilities(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the kernel says of a process to others. None: it could not be read, or a limit is unlimited."""

    core_limit_bytes: int | None
    file_limit_bytes: int | None
    descriptor_limit: int | None
    """How many files, pipes and sockets it can have open at most."""
    filters: int | None
    """Filters of its system calls, without those that this process has and hence passes on (Linux 5.9)."""
    locked: bool | None
    """Whether all that it has in memory is kept out of swap areas."""


def look_at(pid: int, proc: Path = PROC) -> Outside:
    """The process as it is now."""
    status = _read(proc / str(pid) / "status")
    resident, locked = _number(status, "VmRSS"), _number(status, "VmLck")
    filters, inherited = (_number(text, "Seccomp_filters") for text in (status, _read(proc / "self" / "status")))
    return Outside(
        core_limit_bytes=limit_of(pid, "Max core file size", proc),
        file_limit_bytes=limit_of(pid, "Max file size", proc),
        descriptor_limit=limit_of(pid, "Max open files", proc),
        filters=None if filters is None or inherited is None else filters - inherited,
        locked=None if resident is None or locked is None else locked >= resident,
    )


def may_lock_memory(proc: Path = PROC) -> bool:
    """Whether this process, and what it starts, may keep all its memory out of swap areas."""
    rights = re.search(r"^CapEff:\s*([0-9a-f]+)", _read(proc / "self" / "status"), re.MULTILINE)
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return most == resource.RLIM_INFINITY or (rights is not None and bool(int(rights[1], 16) >> CAP_IPC_LOCK & 1))


def _number(status: str, name: str) -> int | None:
    found = re.search(rf"^{name}:\s*(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else None


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""


def swap_is_on(proc: Path = PROC) -> bool | None:
    """Whether any swap area is in use, one in compressed memory (zram) included; None where the machine is silent."""
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
    return _read(boot / f"config-{platform.release()}")


def limit_of(pid: int, name: str, proc: Path = PROC) -> int | None:
    """A process's hard limit, e.g. ``Max core file size`` in bytes; None when unlimited or not to be read."""
    limits = _read(proc / str(pid) / "limits")
    found = re.search(rf"^{re.escape(name)}\s+(\S+)\s+(\S+)", limits, re.MULTILINE)
    return int(found[2]) if found and found[2].isdecimal() else None


def process_exists(pid: int, proc: Path = PROC) -> bool | None:
    """Whether the kernel still lists ``pid``; None on a machine without /proc."""
    return (proc / str(pid)).exists() if proc.is_dir() and (proc / "self").exists() else None
