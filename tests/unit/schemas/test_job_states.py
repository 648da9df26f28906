"""What the table of job states promises, whatever the order of events."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import OutOfOrder
from schemas.job_states import DISCLOSED_STATES, TRANSITIONS, Event, State, advance

UNDISCLOSED = frozenset({State.OFFERED, State.CLAIMED})
Step = tuple[State, Event, State]


def reachable(start: State, *, without: frozenset[Event] = frozenset()) -> set[State]:
    """Every state that some events, none of them in ``without``, lead to from ``start``."""
    found, todo = {start}, [start]
    while todo:
        following = {to for event, to in TRANSITIONS[todo.pop()].items() if event not in without} - found
        found |= following
        todo += following
    return found


def possible_after(state: State) -> set[Event]:
    """Every event that can happen in ``state`` or later."""
    return {event for each in reachable(state) for event in TRANSITIONS[each]}


def walked(events: list[Event]) -> list[Step]:
    """What becomes of a job when these events arrive; those out of order are refused and change nothing."""
    state, steps = State.OFFERED, []
    for event in events:
        try:
            following = advance(state, event)
        except OutOfOrder:
            continue
        steps.append((state, event, following))
        state = following
    return steps


walks = st.lists(st.sampled_from(Event), max_size=40).map(walked)


def test_every_state_can_end_and_only_the_end_is_final() -> None:
    for state in State:
        assert State.ENDED in reachable(state)
        assert (not TRANSITIONS[state]) is (state is State.ENDED)


def test_the_one_way_to_stay_is_another_claim() -> None:
    staying = [(state, event) for state in State for event, to in TRANSITIONS[state].items() if state in reachable(to)]
    assert staying == [(State.CLAIMED, Event.CLAIM)]


def test_what_was_disclosed_ends_through_a_receipt_or_its_loss() -> None:
    for state in DISCLOSED_STATES:
        assert State.ENDED not in reachable(state, without=frozenset({Event.RECEIPT, Event.LAPSE}))


def test_what_was_disclosed_is_offered_to_nobody_else() -> None:
    for state in DISCLOSED_STATES:
        assert not reachable(state) & UNDISCLOSED
        assert not possible_after(state) & {Event.CLAIM, Event.DISCLOSE}


def test_a_person_can_withdraw_until_the_work_is_over() -> None:
    revocable = {state for state in State if Event.REVOKE in TRANSITIONS[state]}
    assert revocable == {State.OFFERED, State.CLAIMED, State.DISCLOSED, State.RUNNING}


def test_a_withdrawal_ends_what_nobody_saw_and_waits_for_the_receipt_of_what_somebody_did() -> None:
    for state in UNDISCLOSED:
        assert advance(state, Event.REVOKE) is State.ENDED
    for state in (State.DISCLOSED, State.RUNNING):
        stopped = advance(state, Event.REVOKE)
        assert possible_after(stopped) == {Event.RECEIPT, Event.LAPSE}


@given(walks)
def test_a_job_is_disclosed_opened_and_returned_at_most_once_and_in_this_order(steps: list[Step]) -> None:
    events = [event for _, event, _ in steps]
    once = [event for event in events if event in {Event.DISCLOSE, Event.OPEN, Event.RETURN}]
    assert once == [Event.DISCLOSE, Event.OPEN, Event.RETURN][: len(once)]


@given(walks)
def test_a_job_that_ended_after_a_disclosure_has_a_receipt_or_misses_one(steps: list[Step]) -> None:
    events = [event for _, event, _ in steps]
    if Event.DISCLOSE in events and steps[-1][2] is State.ENDED:
        assert events[-1] in {Event.RECEIPT, Event.LAPSE}
        assert sum(event in {Event.RECEIPT, Event.LAPSE} for event in events) == 1


@given(walks)
def test_nobody_draws_after_a_withdrawal(steps: list[Step]) -> None:
    events = [event for _, event, _ in steps]
    if Event.REVOKE in events:
        later = set(events[events.index(Event.REVOKE) + 1 :])
        assert later <= {Event.RECEIPT, Event.LAPSE}


def test_whatever_the_table_does_not_list_is_refused() -> None:
    for state, event in itertools.product(State, Event):
        if event in TRANSITIONS[state]:
            assert advance(state, event) is TRANSITIONS[state][event]
        else:
            with pytest.raises(OutOfOrder):
                advance(state, event)
