"""What does not hold of a warm child, in words for whoever runs its machine."""

from typing import Final

from worker.erasure import of_child
from worker.host import Outside
from worker.pipe import Held

FILTERS: Final = "the kernel needs CONFIG_SECCOMP_FILTER, and a container around the worker must allow seccomp(2)"
ADVICE: Final = {
    "descriptor-limit": "children on a graphics card are held by less (worker/README.md)",
    "system-calls": FILTERS,
    "offline": FILTERS,
    "narrow-view": "the kernel needs Landlock: Linux 5.13, with landlock in the list lsm= it was started with",
    "no-writing": FILTERS,
    "no-new-process": FILTERS,
    "frees-overwritten": "the C library needs to be glibc 2.26 or newer",
    "secret-memory": "the kernel needs memfd_secret(2): Linux 6.5, or from 5.14 on started with secretmem.enable=1",
}
"""By check: what an operator can do."""
ELSE: Final = "worker/README.md says what it takes (What holds a child)"


def shortfalls(outside: Outside, held: Held) -> list[str]:
    """A line for each check that will fail in the receipts of such a child."""
    failed = [check.name for check in of_child(outside, held) if check.outcome == "failed"]
    return [f"{name} fails in every receipt: {ADVICE.get(name, ELSE)}" for name in failed]
