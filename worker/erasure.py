"""From what was seen of a child's end to the signed statement about it. Pure: facts in, receipt out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from schemas.erasure import Check, ErasureReceipt, ExitKind
from schemas.scalars import to_b64u
from worker.host import InitOnFree, Outside
from worker.pipe import PIPES, Held
from worker.secret_memory import MemoryKind

Outcome = Literal["passed", "failed", "not-measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the supervisor saw of one child. None means that it could not look."""

    exit_kind: ExitKind
    exit_status: int | None
    """As of the operating system: below zero is the signal that ended it."""
    process_exists: bool | None
    """After the exit was collected."""
    outside: Outside
    """Read while the child was warm."""
    held: Held
    """What the child found when it was warm."""
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
    salt: bytes
    """32 fresh random bytes."""


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
        salt=to_b64u(about.salt),
    )


GPU_NOT_MEASURED: Final = "The context ended with the process; GPU memory was not read."
NO_GPU: Final = "No GPU was used."
NO_SWAP: Final = "Swap was off: nothing was locked."
LOCKED: Final = "No page of it could be swapped."


def _checks(seen: Seen) -> Iterator[Check]:
    """In this order: its end, what held of it, the machine. A detail is the statement that passed or did not."""
    yield from _end(seen)
    yield from of_child(seen.outside, seen.held)
    yield _check("swap-off", _not(seen.swap_is_on), "No swap area was in use.")
    unused = seen.swap_is_on is False
    yield _check("memory-locked", None if unused else seen.outside.locked, NO_SWAP if unused else LOCKED)
    gpu = NO_GPU if seen.provider == "CPUExecutionProvider" else GPU_NOT_MEASURED
    yield _check("gpu-memory", None, gpu)


def of_child(outside: Outside, held: Held) -> Iterator[Check]:
    """The checks of what holds a warm child: those seen from outside, then those it tried itself."""
    yield from _outside(outside)
    yield from _tried(held)


def _end(seen: Seen) -> Iterator[Check]:
    status = "none" if seen.exit_status is None else str(seen.exit_status)
    yield _check("exit", seen.exit_status == 0, f"Exit status {status}; below zero: the signal that ended it.")
    yield _check("process-gone", _not(seen.process_exists), "The system no longer lists the process.")
    yield _check("folder-empty", _is(seen.leftovers, 0), "Nothing was left in its folder.")


def _outside(outside: Outside) -> Iterator[Check]:
    yield _check("core-limit", _is(outside.core_limit_bytes, 0), "From outside: its limit of core files is 0.")
    yield _check("file-limit", _is(outside.file_limit_bytes, 0), "From outside: its limit of file sizes is 0.")
    only_pipes = _is(outside.descriptor_limit, PIPES)
    yield _check("descriptor-limit", only_pipes, "From outside: it can open nothing beside its pipes.")
    filtered = None if outside.filters is None else outside.filters > 0
    yield _check("system-calls", filtered, "From outside: filters of system calls stand.")


def _tried(held: Held) -> Iterator[Check]:
    yield _check("not-dumpable", held.undumpable, "The kernel says that it is never dumped.")
    yield _check("offline", held.offline, "By trial: sockets to a network are refused.")
    yield _check("narrow-view", held.narrow_view, "By trial: files not its own are out of sight.")
    yield _check("no-writing", held.no_writing, "By trial: making files is refused.")
    yield _check("no-reading", held.no_reading, "By trial: opening any file is refused.")
    yield _check("no-new-process", held.no_new_process, "By trial: starting processes is refused.")
    yield _check("no-other-process", held.no_other_process, "By trial: reaching the supervisor is refused.")
    yield _check("no-new-code", held.no_new_code, "By trial: memory that can be run is refused.")
    yield _check("silent", held.silent, "By trial: printing is refused.")
    yield _check("frees-overwritten", held.frees_overwritten, "By trial: freed memory is overwritten.")
    yield _check("secret-memory", held.memory == "secret", f"The record lay in {MEMORY[held.memory]}.")


MEMORY: Final[dict[MemoryKind, str]] = {
    "secret": "memory that the kernel itself does not map",
    "locked": "locked memory, left out of dumps",
    "plain": "memory, left out of dumps",
}


def _check(name: str, holds: bool | None, detail: str) -> Check:  # noqa: FBT001 - three-valued, and the point of it
    outcome: Outcome = "not-measured" if holds is None else "passed" if holds else "failed"
    return Check(name=name, outcome=outcome, detail=detail)


def _not(seen: bool | None) -> bool | None:  # noqa: FBT001 - as above
    return None if seen is None else not seen


def _is(seen: int | None, wanted: int) -> bool | None:
    return None if seen is None else seen == wanted
