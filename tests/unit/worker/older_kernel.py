"""A kernel that lacks something, made of this one: the calls in question are answered as a kernel without them does.

``python -m tests.unit.worker.older_kernel LACKING BUNDLE_FOLDER``, LACKING names joined by commas, has a real child
draw one portrait on such a kernel and prints what became of it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Final

from schemas.errors import LikenessError
from tests import tiny_bundle
from tests.unit.worker.conftest import settings_for
from tests.unit.worker.person import Person
from worker import host, models, seccomp, system_calls
from worker.erasure import of_child
from worker.landlock import CREATE_RULESET
from worker.process import start_child
from worker.secret_memory import MEMFD_SECRET
from worker.shortfall import shortfalls
from worker.system_calls import Calls

PARTS: Final[dict[str, tuple[Calls, int]]] = {
    "landlock": ({"landlock_create_ruleset": (CREATE_RULESET, CREATE_RULESET)}, seccomp.UNKNOWN),
    "secret-memory": ({"memfd_secret": (MEMFD_SECRET, MEMFD_SECRET)}, seccomp.UNKNOWN),
    "locking": ({"mlock": (149, 228), "mlockall": (151, 230)}, seccomp.REFUSE),
    "filters": (system_calls.SECCOMP, seccomp.UNKNOWN),
}


def forget(*parts: str) -> None:
    """From now on, for this process and all it starts, the kernel lacks these parts."""
    rules = [step for part in parts for step in seccomp.steps(*PARTS[part])]
    assert seccomp.install([*rules, (seccomp.ANSWER, 0, 0, seccomp.ALLOW)])


async def one_life(folder: Path, accept_swap: str) -> dict[str, object]:
    """What a child on this machine says and does."""
    bundle = models.find_bundle(folder, frozenset({tiny_bundle.LICENCE}))
    person = Person(bundle=bundle.digest)
    settings = settings_for(bundle, person, LIKENESS_ACCEPT_SWAP=accept_swap)
    try:
        child = await start_child(settings, bundle, {})
    except LikenessError as error:
        return {"refused": error.code}
    try:
        await child.give(person.task(child.hpke_key))
        said = [kind.name async for kind, _ in child.messages()]
    finally:
        child.kill()
        await child.end()
    return {
        "failed": [check.name for check in of_child(child.outside, child.warm.held) if check.outcome == "failed"],
        "told": shortfalls(child.outside, child.warm.held),
        "memory": child.warm.held.memory,
        "locked": child.outside.locked,
        "last": said[-1],
    }


def _swap_is_on(proc: Path = Path("/proc")) -> bool:
    return proc.is_dir()


def main(lacking: str, folder: Path, accept_swap: str) -> None:
    """Start a child without these parts. With ``swap`` among them, the machine has swap."""
    parts = lacking.split(",")
    if "swap" in parts:
        parts.remove("swap")
        host.swap_is_on = _swap_is_on
    forget(*filter(None, parts))
    sys.stdout.write(json.dumps(asyncio.run(one_life(folder, accept_swap))))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
