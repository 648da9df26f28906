"""Filters of system calls (seccomp(2), Linux 3.17): what the kernel refuses a child, in all its threads and for good.

Two of them. One stands from the start and names what is refused; the other comes once all is loaded, before there is
a key, and names what is left (spec/decisions/0006-child-sandbox.md). A refused call fails with EPERM and nothing dies.
"""

import errno
import mmap
import os
import platform
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from worker import libc, system_calls
from worker.settings import Provider
from worker.system_calls import Calls, numbers

PR_SET_NO_NEW_PRIVS: Final = 38
SET_MODE_FILTER: Final = 1
ALL_THREADS: Final = 1
ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32: Final = 0x40000000
"""On x86_64, numbers from here on are the same calls in another dress."""

LOAD, EQUALS, AT_LEAST, ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
CALL, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Where a filter finds the call's number, the machine, and the arguments of 8 bytes each."""
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000 | errno.EPERM
UNKNOWN: Final = 0x00050000 | errno.ENOSYS
"""As a kernel answers that does not have the call: the C library then takes the older one, which can be looked into."""

Step = tuple[int, int, int, int]
"""Code, steps to skip when true, steps to skip when false, operand."""

WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | (os.O_TMPFILE & ~os.O_DIRECTORY)
CLONE_THREAD: Final = 0x00010000


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """On one argument: the rule applies when ``test`` holds for it, or only when it does not."""

    argument: int
    test: int
    """``EQUALS`` or ``ANY_BIT``."""
    operand: int
    holds: bool = True


def steps(calls: Calls, answer: int, condition: Condition | None = None) -> Iterator[Step]:
    """The part of a filter that gives ``answer`` to these calls and lets others pass on; it expects the call loaded."""
    for number in numbers(calls):
        if condition is None:
            yield from ((EQUALS, 0, 1, number), (ANSWER, 0, 0, answer))
            continue
        yield (EQUALS, 0, 4, number)
        yield (LOAD, 0, 0, ARGUMENTS + 8 * condition.argument)  # both machines are little-endian: the low half
        yield (condition.test, *((0, 1) if condition.holds else (1, 0)), condition.operand)
        yield (ANSWER, 0, 0, answer)
        yield (LOAD, 0, 0, CALL)


def at_start(provider: Provider) -> Iterator[Step]:
    """What no child ever does, and what may be gone before a bundle is loaded."""
    for refused in (system_calls.RINGS, system_calls.PROCESSES, system_calls.KERNEL, system_calls.OUTLIVING):
        yield from steps(refused, REFUSE)
    threads_only = Condition(argument=0, test=ANY_BIT, operand=CLONE_THREAD, holds=False)
    yield from steps(system_calls.CLONE, REFUSE, threads_only)
    yield from steps(system_calls.CLONE3 | system_calls.OPENAT2, UNKNOWN)
    yield from steps(system_calls.FILES, REFUSE)
    if provider == "cpu":
        yield from steps(system_calls.SOCKETS, REFUSE)
        yield from steps(system_calls.OPEN, REFUSE, Condition(argument=1, test=ANY_BIT, operand=WRITING))
        yield from steps(system_calls.OPENAT, REFUSE, Condition(argument=2, test=ANY_BIT, operand=WRITING))
    else:  # a driver opens its devices for writing, and may ask a local daemon
        local_only = Condition(argument=0, test=EQUALS, operand=socket.AF_UNIX, holds=False)
        yield from steps(system_calls.SOCKET, REFUSE, local_only)
    yield (ANSWER, 0, 0, ALLOW)


def once_warm() -> Iterator[Step]:
    """All that drawing on the processor takes, and no more: nothing is opened, started or made executable."""
    code = Condition(argument=2, test=ANY_BIT, operand=mmap.PROT_EXEC)
    yield from steps(system_calls.MAPPING, REFUSE, code)
    yield from steps(system_calls.DRAWING | system_calls.MAPPING, ALLOW)
    yield (ANSWER, 0, 0, REFUSE)


def install(rules: Sequence[Step]) -> bool:
    """Have the kernel obey ``rules`` from now on, in all threads; whether it does."""
    refuse, ours = (ANSWER, 0, 0, REFUSE), ARCHITECTURES[platform.machine()]
    program = [(LOAD, 0, 0, ARCHITECTURE), (EQUALS, 1, 0, ours), refuse, (LOAD, 0, 0, CALL)]
    program += [(AT_LEAST, 0, 1, X32), refuse, *rules]
    code = libc.Buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    listing = libc.Buffer(struct.pack("HxxxxxxP", len(program), code.address))
    (seccomp,) = numbers(system_calls.SECCOMP)
    try:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1)
        # A positive answer is a thread that could not be brought under the filter.
        return libc.syscall(seccomp, SET_MODE_FILTER, ALL_THREADS, listing.address) == 0
    except OSError:
        return False
