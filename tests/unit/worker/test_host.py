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


def test_this_process_exists() -> None:
    assert host.process_exists(os.getpid()) is True
    assert host.process_exists(2**30) is False


def test_a_machine_without_proc_does_not_say(tmp_path: Path) -> None:
    assert host.process_exists(1, tmp_path / "none") is None
