"""From what was seen of a child's end to the signed statement about it. Pure: facts in, receipt out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from schemas.erasure import Check, ErasureReceipt, ExitKind

Outcome = Literal["passed", "failed", "not-measured"]
InitOnFree = Literal["on", "off", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the supervisor saw of one child. None means that it could not look."""

    exit_kind: ExitKind
    exit_status: int | None
    """As of the operating system: below zero is the signal that ended it."""
    process_exists: bool | None
    """After the exit was collected."""
    core_limit_bytes: int | None
    """Read from outside, while the child was warm."""
    file_limit_bytes: int | None
    """As above."""
    undumpable: bool | None
    """What the kernel told the child."""
    offline: bool | None
    """What the child saw when it tried to open a socket."""
    frees_overwritten: bool | None
    """What the child saw of its allocator when it was warm."""
    leftovers: int | None
    """Entries in the child's working and temporary folder."""
    swap_is_on: bool | None
    init_on_free: InitOnFree
    provider: str
    opened_at: int | None
    exited_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which job the statement is about; digests of what was said."""

    offer: str
    claim: str
    hpke_key: str
    bundle: str
    worker: str
    software: str
    images: int
    """Images handed over whole."""
    result: str | None
    """SHA-256 over their sealed chunks in the order sent."""


def receipt(about: About, seen: Seen) -> ErasureReceipt:
    """The statement, to be signed by the worker."""
    return ErasureReceipt(
        offer=about.offer,
        claim=about.claim,
        hpke_key=about.hpke_key,
        bundle=about.bundle,
        worker=about.worker,
        software=about.software,
        opened_at=seen.opened_at,
        exited_at=seen.exited_at,
        exit_kind=seen.exit_kind,
        checks=list(_checks(seen)),
        kernel_init_on_free=seen.init_on_free,
        images=about.images,
        result=about.result,
    )


GPU_NOT_MEASURED: Final = "The context ended with the process; GPU memory was not read."
NO_GPU: Final = "No GPU was used."


def _checks(seen: Seen) -> Iterator[Check]:
    status = "none" if seen.exit_status is None else str(seen.exit_status)
    yield _check(
        "exit", seen.exit_status == 0, f"Exit status {status}; below zero is the signal that ended the process."
    )
    yield _check("process-gone", _not(seen.process_exists), "Whether the system still lists the process.")
    yield _check("core-limit", _is_zero(seen.core_limit_bytes), "Its core file limit (0), read from outside.")
    yield _check("not-dumpable", seen.undumpable, "What the kernel told the process about being dumped.")
    yield _check(
        "file-limit", _is_zero(seen.file_limit_bytes), "Bytes it could write to a file (0), read from outside."
    )
    yield _check("offline", seen.offline, "Whether the kernel refused it a socket to the network, tried when warm.")
    yield _check("folder-empty", _is_zero(seen.leftovers), "What was in its working folder afterwards (nothing).")
    yield _check(
        "frees-overwritten", seen.frees_overwritten, "Whether its allocator overwrote freed memory, tried when warm."
    )
    yield _check("swap-off", _not(seen.swap_is_on), "Whether a swap area was in use.")
    gpu = NO_GPU if seen.provider == "CPUExecutionProvider" else GPU_NOT_MEASURED
    yield _check("gpu-memory", None, gpu)


def _check(name: str, holds: bool | None, detail: str) -> Check:  # noqa: FBT001 - three-valued, and the point of it
    outcome: Outcome = "not-measured" if holds is None else "passed" if holds else "failed"
    return Check(name=name, outcome=outcome, detail=detail)


def _not(seen: bool | None) -> bool | None:  # noqa: FBT001 - as above
    return None if seen is None else not seen


def _is_zero(seen: int | None) -> bool | None:
    return None if seen is None else seen == 0
