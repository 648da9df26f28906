"""A read-only view of the file system (Landlock, Linux 5.13): what is not named is not there for this process.

Rights as in the kernel's include/uapi/linux/landlock.h. What a kernel cannot withhold yet is left out, by its ABI.
"""

import os
import struct
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISDIR
from typing import Final

from worker import libc

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the calls, the same on every machine."""
ASK_FOR_ABI: Final = 1
PATH_BENEATH: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38

READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
WRITE_FILE: Final = 1 << 1
IOCTL_DEVICE: Final = 1 << 15
FILE_RIGHTS_BY_ABI: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, IOCTL_DEVICE))
"""From which ABI on: execute, write, read, list, remove and make; then moving between folders, truncating, devices."""
TCP_ABI: Final = 4
TCP_RIGHTS: Final = 0b11
"""Bind and connect."""
SCOPE_ABI: Final = 6
SCOPES: Final = 0b11
"""Abstract sockets of others, and signals to them."""


def abi() -> int:
    """The kernel's version of Landlock; 0 where it has none or it is switched off."""
    try:
        return libc.syscall(CREATE_RULESET, 0, 0, ASK_FOR_ABI)
    except OSError:
        return 0


def narrow(readable: Iterable[Path], devices: Iterable[Path] = ()) -> bool:
    """From now on this thread, and every thread it starts, can read what lies in ``readable`` and nothing else.

    ``devices`` may be written to as well. Nothing can be made, removed, renamed or run, no TCP port be bound or
    connected to, no process outside be signalled, as far as the kernel's ABI goes. Whether the kernel obeys.
    """
    version = abi()
    if version == 0:
        return False
    handled = sum(rights for since, rights in FILE_RIGHTS_BY_ABI if version >= since)
    try:
        ruleset = _ruleset(version, handled)
        try:
            for path in readable:
                _allow(ruleset, path, READ_FILE | READ_DIR)
            for path in devices:
                _allow(ruleset, path, (READ_FILE | WRITE_FILE | IOCTL_DEVICE) & handled)
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1)
            libc.syscall(RESTRICT_SELF, ruleset, 0)
        finally:
            os.close(ruleset)
    except OSError:
        return False
    return True


def _ruleset(version: int, handled: int) -> int:
    fields = [handled]
    if version >= TCP_ABI:
        fields.append(TCP_RIGHTS)
    if version >= SCOPE_ABI:
        fields.append(SCOPES)
    wanted = libc.Buffer(struct.pack(f"{len(fields)}Q", *fields))
    return libc.syscall(CREATE_RULESET, wanted.address, 8 * len(fields), 0)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """``rights`` below ``path``; a path that is not there, or out of reach already, needs none."""
    try:
        place = os.open(path, os.O_PATH)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        if not S_ISDIR(os.fstat(place).st_mode):
            rights &= ~READ_DIR
        rule = libc.Buffer(struct.pack("=Qi", rights, place))
        libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule.address, 0)
    finally:
        os.close(place)
