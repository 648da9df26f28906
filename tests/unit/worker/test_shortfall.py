"""What an operator is told."""

import msgspec

from tests.unit.worker.test_erasure import HELD, OUTSIDE
from worker.erasure import of_child
from worker.shortfall import ADVICE, ELSE, shortfalls


def test_of_a_child_that_is_held_by_all_nothing_is_told() -> None:
    assert shortfalls(OUTSIDE, HELD) == []


def test_each_check_that_fails_is_named_with_what_helps() -> None:
    held = msgspec.structs.replace(HELD, narrow_view=False, silent=False, memory="locked")
    view, words, memory = shortfalls(OUTSIDE, held)
    assert view.startswith("narrow-view fails in every receipt: ")
    assert "Landlock" in view
    assert words == f"silent fails in every receipt: {ELSE}"
    assert "secretmem.enable=1" in memory


def test_advice_is_about_checks_that_there_are() -> None:
    assert set(ADVICE) <= {check.name for check in of_child(OUTSIDE, HELD)}
