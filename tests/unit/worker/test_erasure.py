"""From facts to the statement."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from schemas import canonical, signing
from schemas.erasure import ErasureReceipt
from schemas.scalars import digest
from tests.statements import World, seed
from worker.erasure import GPU_NOT_MEASURED, About, Seen, receipt
from worker.host import Outside
from worker.pipe import PIPES, Held

OUTSIDE = Outside(core_limit_bytes=0, file_limit_bytes=0, descriptor_limit=PIPES, filters=2, locked=True)
HELD = Held(
    undumpable=True,
    offline=True,
    narrow_view=True,
    no_writing=True,
    no_reading=True,
    no_new_process=True,
    no_other_process=True,
    no_new_code=True,
    silent=True,
    frees_overwritten=True,
    memory="secret",
)
GOOD = Seen(
    exit_kind="normal",
    exit_status=0,
    process_exists=False,
    outside=OUTSIDE,
    held=HELD,
    leftovers=0,
    swap_is_on=False,
    init_on_free="on",
    provider="CPUExecutionProvider",
    opened_at=10,
    exited_at=12,
)
MAX_JWS_CHARS = 4096
"""What schemas/scalars.py lets a signed statement have."""
ABOUT = About(
    offer=digest(b"o"),
    claim=digest(b"c"),
    hpke_key=digest(b"k"),
    bundle=digest(b"b"),
    worker=World().claim().worker,
    software=digest(b"s"),
    images=1,
    result=digest(b"r"),
    salt=seed("salt"),
)


def outcomes(seen: Seen) -> dict[str, str]:
    return {check.name: check.outcome for check in receipt(ABOUT, seen).checks}


def edited(seen: Seen, edit: dict[str, Any]) -> Seen:
    """With other facts, wherever they stand."""
    (name,) = edit
    if name in Held.__struct_fields__:
        return replace(seen, held=msgspec.structs.replace(seen.held, **edit))
    if hasattr(seen.outside, name):
        return replace(seen, outside=replace(seen.outside, **edit))
    return replace(seen, **edit)


def test_a_good_end_passes_all_that_was_measured() -> None:
    assert set(outcomes(GOOD).values()) == {"passed", "not-measured"}
    unmeasured = [name for name, outcome in outcomes(GOOD).items() if outcome == "not-measured"]
    assert unmeasured == ["memory-locked", "gpu-memory"]


@pytest.mark.parametrize(
    ("check", "edit", "outcome"),
    [
        ("exit", {"exit_status": -9}, "failed"),
        ("exit", {"exit_status": None}, "failed"),
        ("process-gone", {"process_exists": True}, "failed"),
        ("process-gone", {"process_exists": None}, "not-measured"),
        ("core-limit", {"core_limit_bytes": 1}, "failed"),
        ("core-limit", {"core_limit_bytes": None}, "not-measured"),
        ("file-limit", {"file_limit_bytes": 4096}, "failed"),
        ("descriptor-limit", {"descriptor_limit": 1024}, "failed"),
        ("descriptor-limit", {"descriptor_limit": None}, "not-measured"),
        ("system-calls", {"filters": 0}, "failed"),
        ("system-calls", {"filters": None}, "not-measured"),
        ("not-dumpable", {"undumpable": False}, "failed"),
        ("offline", {"offline": False}, "failed"),
        ("narrow-view", {"narrow_view": False}, "failed"),
        ("no-writing", {"no_writing": False}, "failed"),
        ("no-reading", {"no_reading": False}, "failed"),
        ("no-new-process", {"no_new_process": False}, "failed"),
        ("no-other-process", {"no_other_process": False}, "failed"),
        ("no-new-code", {"no_new_code": False}, "failed"),
        ("silent", {"silent": False}, "failed"),
        ("frees-overwritten", {"frees_overwritten": False}, "failed"),
        ("secret-memory", {"memory": "locked"}, "failed"),
        ("secret-memory", {"memory": "plain"}, "failed"),
        ("folder-empty", {"leftovers": 1}, "failed"),
        ("folder-empty", {"leftovers": None}, "not-measured"),
    ],
)
def test_each_fact_decides_its_own_check(check: str, edit: dict[str, Any], outcome: str) -> None:
    seen = edited(GOOD, edit)
    assert {name for name, now in outcomes(seen).items() if now != outcomes(GOOD)[name]} == {check}
    assert outcomes(seen)[check] == outcome


@pytest.mark.parametrize(
    ("swap_is_on", "locked", "swap_off", "memory_locked"),
    [
        (False, False, "passed", "not-measured"),  # there was no need
        (True, True, "failed", "passed"),
        (True, False, "failed", "failed"),
        (None, True, "not-measured", "passed"),
        (None, None, "not-measured", "not-measured"),
    ],
)
def test_where_there_is_swap_locked_memory_counts(
    *, swap_is_on: bool | None, locked: bool | None, swap_off: str, memory_locked: str
) -> None:
    found = outcomes(replace(edited(GOOD, {"locked": locked}), swap_is_on=swap_is_on))
    assert (found["swap-off"], found["memory-locked"]) == (swap_off, memory_locked)


def test_gpu_memory_is_never_claimed() -> None:
    seen = replace(GOOD, provider="CUDAExecutionProvider")
    (check,) = [check for check in receipt(ABOUT, seen).checks if check.name == "gpu-memory"]
    assert (check.outcome, check.detail) == ("not-measured", GPU_NOT_MEASURED)


def test_the_statement_is_a_statement() -> None:
    statement = receipt(ABOUT, GOOD)
    assert canonical.decode(ErasureReceipt, canonical.encode(statement)) == statement


def test_the_longest_receipt_fits_into_a_receipt_file() -> None:
    said = receipt(ABOUT, replace(GOOD, provider="CUDAExecutionProvider"))
    checks = [msgspec.structs.replace(check, outcome="not-measured") for check in said.checks]
    longest = msgspec.structs.replace(said, checks=checks, exit_kind="exception")
    assert len(signing.sign(longest, World().worker)) <= MAX_JWS_CHARS
