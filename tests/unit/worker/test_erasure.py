"""From facts to the statement."""

from dataclasses import replace

import pytest

from schemas import canonical
from schemas.erasure import ErasureReceipt
from schemas.scalars import digest
from tests.statements import World
from worker.erasure import GPU_NOT_MEASURED, About, Seen, receipt

GOOD = Seen(
    exit_kind="normal",
    exit_status=0,
    process_exists=False,
    core_limit_bytes=0,
    file_limit_bytes=0,
    undumpable=True,
    offline=True,
    frees_overwritten=True,
    leftovers=0,
    swap_is_on=False,
    init_on_free="on",
    provider="CPUExecutionProvider",
    opened_at=10,
    exited_at=12,
)
ABOUT = About(
    offer=digest(b"o"),
    claim=digest(b"c"),
    hpke_key=digest(b"k"),
    bundle=digest(b"b"),
    worker=World().claim().worker,
    software=digest(b"s"),
    images=1,
    result=digest(b"r"),
)


def outcomes(seen: Seen) -> dict[str, str]:
    return {check.name: check.outcome for check in receipt(ABOUT, seen).checks}


def test_a_good_end_passes_all_that_was_measured() -> None:
    assert set(outcomes(GOOD).values()) == {"passed", "not-measured"}
    assert [name for name, outcome in outcomes(GOOD).items() if outcome == "not-measured"] == ["gpu-memory"]


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
        ("not-dumpable", {"undumpable": False}, "failed"),
        ("offline", {"offline": False}, "failed"),
        ("folder-empty", {"leftovers": 1}, "failed"),
        ("folder-empty", {"leftovers": None}, "not-measured"),
        ("frees-overwritten", {"frees_overwritten": False}, "failed"),
        ("swap-off", {"swap_is_on": True}, "failed"),
        ("swap-off", {"swap_is_on": None}, "not-measured"),
    ],
)
def test_each_fact_decides_its_own_check(check: str, edit: dict[str, object], outcome: str) -> None:
    seen = replace(GOOD, **edit)  # type: ignore[arg-type]
    assert {name for name, now in outcomes(seen).items() if now != outcomes(GOOD)[name]} == {check}
    assert outcomes(seen)[check] == outcome


def test_gpu_memory_is_never_claimed() -> None:
    seen = replace(GOOD, provider="CUDAExecutionProvider")
    (check,) = [check for check in receipt(ABOUT, seen).checks if check.name == "gpu-memory"]
    assert (check.outcome, check.detail) == ("not-measured", GPU_NOT_MEASURED)


def test_the_statement_is_a_statement() -> None:
    statement = receipt(ABOUT, GOOD)
    assert canonical.decode(ErasureReceipt, canonical.encode(statement)) == statement
