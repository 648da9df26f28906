"""Each guard of a child alone, so that a trial in a process of its own can put up just that one."""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final

from worker import guards, landlock, seccomp


def _no_more_files() -> None:
    most = os.dup(0)  # the first number that is free
    os.close(most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _no_more_words() -> None:
    os.dup2(os.open("/", os.O_RDONLY), 0)  # as little to be written to as the end of a pipe
    guards.forbid_words()


GUARDS: Final[dict[str, Callable[[], object]]] = {
    "traces": guards.forbid_traces,
    "filter at start": lambda: seccomp.install(list(seccomp.at_start("cpu"))),
    "filter at start, card": lambda: seccomp.install(list(seccomp.at_start("cuda"))),
    "filter once warm": lambda: seccomp.install(list(seccomp.once_warm())),
    "view": lambda: landlock.narrow([Path(), *guards.LIBRARIES]),
    "view with gaps": lambda: landlock.narrow([Path(), Path("nowhere"), Path("file/below"), *guards.LIBRARIES]),
    "view of a card": lambda: landlock.narrow([Path("/")], [Path("/dev/null")]),
    "words": _no_more_words,
    "descriptors": _no_more_files,
}
