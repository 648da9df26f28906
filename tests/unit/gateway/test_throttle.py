"""So many at once, and then as many as come with time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.throttle import Throttle


def test_a_minutes_worth_goes_through_at_once_and_the_next_waits() -> None:
    throttle = Throttle(3)
    assert [throttle.take(1000.0) for _ in range(4)] == [0.0, 0.0, 0.0, 20.0]
    assert throttle.take(1010.0) == pytest.approx(10.0)
    assert throttle.take(1020.0) == 0.0


@given(per_minute=st.integers(1, 50), pauses=st.lists(st.floats(0, 30), max_size=80))
def test_in_no_time_more_go_through_than_it_allows(per_minute: int, pauses: list[float]) -> None:
    throttle, now, through = Throttle(per_minute), 0.0, 0
    for pause in pauses:
        now += pause
        through += throttle.take(now) == 0.0
    assert through <= per_minute * (1 + now / 60) + 1e-6


@given(per_minute=st.integers(1, 1000), tries=st.integers(1, 60))
def test_whoever_waits_as_long_as_it_says_goes_through(per_minute: int, tries: int) -> None:
    throttle, now = Throttle(per_minute), 0.0
    for _ in range(tries):
        if wait := throttle.take(now):
            now += wait + 1e-9
            assert throttle.take(now) == 0.0
