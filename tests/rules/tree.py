"""The tree as the rules see it: every file that git tracks, or would after `git add`."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("schemas", "gateway", "worker", "edge_export")


@cache
def paths() -> tuple[str, ...]:
    """All files, relative to the top with forward slashes, sorted; ignored ones left out."""
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = sorted(name for name in set(listing.split("\0")) if name and (ROOT / name).is_file())
    assert len(found) > 20, "a rule over an empty tree is no rule"
    return tuple(found)


@cache
def texts() -> dict[str, str]:
    """What stands in each file that is text."""
    found = {}
    for path in paths():
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw:
            found[path] = raw.decode()
    return found


def python(*rooms: str) -> dict[str, str]:
    """The Python files of some rooms (of the whole tree when none is named)."""
    return {
        path: text
        for path, text in texts().items()
        if path.endswith(".py") and (not rooms or path.split("/", 1)[0] in rooms)
    }
