"""Which program this is: a digest over its own source files that anyone can recompute with two ordinary commands."""

import hashlib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
ROOMS: Final = ("schemas", "worker")


def software_digest(root: Path = ROOT) -> str:
    """SHA-256 over one line ``<sha256 as hex>  <path>`` a file, sorted by path, for every .py of the two rooms.

    At the top of a checkout: ``find schemas worker -name '*.py' | LC_ALL=C sort | xargs sha256sum | sha256sum``.
    It names the program a worker says it runs; it cannot show that the worker says the truth.
    """
    files = {path.relative_to(root).as_posix(): path for room in ROOMS for path in (root / room).rglob("*.py")}
    total = hashlib.sha256()
    for name, path in sorted(files.items()):
        total.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n".encode())
    return total.hexdigest()
