"""Where and on what a figure was measured."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent


def describe() -> str:
    """Cores, processor, memory and system of this machine, in one line."""
    model = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"), re.MULTILINE)
    parts = [
        f"{len(os.sched_getaffinity(0))} cores",
        model[1] if model else platform.machine(),
        f"{round(int(memory[1]) / 2**20)} GiB" if memory else "memory unknown",
        f"{platform.system()} {platform.machine()}",
    ]
    return ", ".join(parts)


def load() -> float:
    """Processes that wanted a core over the last minute; on a quiet machine near 0 before a run."""
    return round(os.getloadavg()[0], 2)


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of installed packages."""
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def program_version(*command: str) -> str:
    """The first number with dots in what a program says of itself."""
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else "unknown"


def commit() -> str:
    """The commit that was measured, with a plus when files differ from it."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=+"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError:
        return ""
