"""What a machine says of itself, on machines made of files."""

import gzip
import os
from pathlib import Path

import pytest

from worker import host

HEADING = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


@pytest.mark.parametrize(
    ("swaps", "is_on"), [(HEADING, False), (HEADING + "/dev/sda2 partition 1 0 -2\n", True), (None, None)]
)
def test_swap(tmp_path: Path, *, swaps: str | None, is_on: bool | None) -> None:
    if swaps is not None:
        (tmp_path / "swaps").write_text(swaps)
    assert host.swap_is_on(tmp_path) is is_on


@pytest.mark.parametrize(
    ("cmdline", "config", "answer"),
    [
        ("quiet init_on_free=1", "", "on"),
        ("init_on_free=0 quiet", "CONFIG_INIT_ON_FREE_DEFAULT_ON=y", "off"),
        ("quiet", "CONFIG_INIT_ON_FREE_DEFAULT_ON=y\n", "on"),
        ("quiet", "# CONFIG_INIT_ON_FREE_DEFAULT_ON is not set\n", "off"),
        ("quiet no_init_on_free=1", "", "unknown"),
        (None, "", "unknown"),
    ],
)
def test_what_the_kernel_does_with_freed_memory(tmp_path: Path, cmdline: str | None, config: str, answer: str) -> None:
    if cmdline is not None:
        (tmp_path / "cmdline").write_text(cmdline)
    if config:
        (tmp_path / "config.gz").write_bytes(gzip.compress(config.encode()))
    assert host.init_on_free(tmp_path, tmp_path / "boot") == answer


def test_the_kernels_build_may_stand_in_boot(tmp_path: Path) -> None:
    (tmp_path / "cmdline").write_text("quiet")
    (tmp_path / f"config-{os.uname().release}").write_text("CONFIG_INIT_ON_FREE_DEFAULT_ON=y")
    assert host.init_on_free(tmp_path, tmp_path) == "on"


def test_limits_of_a_process(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "limits").write_text(
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max file size             unlimited            unlimited            bytes     \n"
        "Max core file size        0                    0                    bytes     \n"
    )
    assert host.limit_of(7, "Max core file size", tmp_path) == 0
    assert host.limit_of(7, "Max file size", tmp_path) is None
    assert host.limit_of(8, "Max core file size", tmp_path) is None


def process(proc: Path, pid: str, status: str) -> None:
    (proc / pid).mkdir()
    (proc / pid / "status").write_text(status)


def test_what_the_kernel_says_of_a_process(tmp_path: Path) -> None:
    process(tmp_path, "self", "Seccomp:\t2\nSeccomp_filters:\t1\n")
    process(tmp_path, "7", "VmLck:\t     90 kB\nVmRSS:\t     80 kB\nSeccomp:\t2\nSeccomp_filters:\t3\n")
    (tmp_path / "7" / "limits").write_text(
        "Max open files            4                    5                    files\n"
    )
    seen = host.look_at(7, tmp_path)
    # A filter that this process has itself, as in a container, is none of the other's.
    assert (seen.filters, seen.locked, seen.descriptor_limit, seen.core_limit_bytes) == (2, True, 5, None)


def test_memory_that_is_locked_in_part_is_not_locked(tmp_path: Path) -> None:
    process(tmp_path, "7", "VmLck:\t     12 kB\nVmRSS:\t     80 kB\n")
    assert host.look_at(7, tmp_path).locked is False


def test_a_process_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    seen = host.look_at(8, tmp_path)
    assert (seen.filters, seen.locked, seen.core_limit_bytes) == (None, None, None)


@pytest.mark.parametrize(
    ("rights", "limit", "may"),
    [
        ("000001ffffffffff", 8192, True),
        ("0000000000004000", 8192, True),  # just this right
        ("00000000a80425fb", 8192, False),  # what Docker leaves to root
        ("0000000000000000", -1, True),
    ],
)
def test_who_may_lock_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rights: str, limit: int, *, may: bool
) -> None:
    process(tmp_path, "self", f"CapEff:\t{rights}\n")
    monkeypatch.setattr("resource.getrlimit", lambda _which: (limit, limit))
    assert host.may_lock_memory(tmp_path) is may


def test_this_process_exists() -> None:
    assert host.process_exists(os.getpid()) is True
    assert host.process_exists(2**30) is False


def test_a_machine_without_proc_does_not_say(tmp_path: Path) -> None:
    assert host.process_exists(1, tmp_path / "none") is None
