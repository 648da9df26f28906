"""What the table of job states promises, whatever the order of events."""

import itertools

import pytest

from schemas.errors import OutOfOrder
from schemas.job_states import DISCLOSED_STATES, TRANSITIONS, Event, State, advance


def every_path() -> list[list[tuple[State, Event, State]]]:
    """All paths through the table; it has no cycles, so they are finitely many."""
    paths: list[list[tuple[State, Event, State]]] = []
    todo: list[tuple[State, list[tuple[State, Event, State]]]] = [(State.OFFERED, [])]
    while todo:
        state, path = todo.pop()
        assert len(path) <= len(State), "a cycle"
        if not TRANSITIONS[state]:
            paths.append(path)
        todo += [(to, [*path, (state, event, to)]) for event, to in TRANSITIONS[state].items()]
    return paths


def test_every_path_ends() -> None:
    assert all(path[-1][2] is State.ENDED for path in every_path())


def test_a_job_is_disclosed_at_most_once_and_returns_at_most_once() -> None:
    for path in every_path():
        events = [event for _, event, _ in path]
        assert events.count(Event.DISCLOSE) <= 1
        assert events.count(Event.RETURN) <= 1


def test_after_a_disclosure_a_receipt_follows_or_is_missed() -> None:
    for path in every_path():
        if any(state in DISCLOSED_STATES for state, _, _ in path):
            assert path[-1][1] in {Event.RECEIPT, Event.LAPSE}


def test_whatever_the_table_does_not_list_is_refused() -> None:
    for state, event in itertools.product(State, Event):
        if event in TRANSITIONS[state]:
            assert advance(state, event) is TRANSITIONS[state][event]
        else:
            with pytest.raises(OutOfOrder):
                advance(state, event)
