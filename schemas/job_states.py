"""The life of one job as a table (spec/sealed-job.md section 6). Everything that changes a job's state stands here.

Gateway and worker both walk it; neither side's code knows an order of its own.
"""

from enum import Enum
from typing import Final

from schemas.errors import OutOfOrder


class State(Enum):
    """Where a job is."""

    OFFERED = "offered"
    CLAIMED = "claimed"
    DISCLOSED = "disclosed"
    RUNNING = "running"
    RETURNED = "returned"
    ENDED = "ended"


class Event(Enum):
    """What can happen to a job."""

    CLAIM = "claim"
    DISCLOSE = "disclose"
    OPEN = "open"
    RETURN = "return"
    RECEIPT = "receipt"
    LAPSE = "lapse"
    FAIL = "fail"
    CANCEL = "cancel"
    REVOKE = "revoke"
    """The person withdrew the consent."""


TRANSITIONS: Final[dict[State, dict[Event, State]]] = {
    State.OFFERED: {
        Event.CLAIM: State.CLAIMED,
        Event.LAPSE: State.ENDED,
        Event.CANCEL: State.ENDED,
        Event.REVOKE: State.ENDED,
    },
    State.CLAIMED: {
        Event.CLAIM: State.CLAIMED,
        Event.REVOKE: State.ENDED,
        Event.DISCLOSE: State.DISCLOSED,
        Event.LAPSE: State.ENDED,
        Event.FAIL: State.ENDED,
        Event.CANCEL: State.ENDED,
    },
    State.DISCLOSED: {
        Event.OPEN: State.RUNNING,
        Event.RECEIPT: State.ENDED,
        Event.FAIL: State.RETURNED,
        Event.CANCEL: State.RETURNED,
        Event.REVOKE: State.RETURNED,
    },
    State.RUNNING: {
        Event.RETURN: State.RETURNED,
        Event.FAIL: State.RETURNED,
        Event.CANCEL: State.RETURNED,
        Event.REVOKE: State.RETURNED,
    },
    State.RETURNED: {Event.RECEIPT: State.ENDED, Event.LAPSE: State.ENDED},
    State.ENDED: {},
}
"""A job of several lots is claimed several times. From DISCLOSED on, ENDED is reached through a receipt, or through
its loss (LAPSE), which is shown as missing."""

DISCLOSED_STATES: Final = frozenset({State.DISCLOSED, State.RUNNING, State.RETURNED})
"""States in which a worker may have read the likeness record."""


def advance(state: State, event: Event) -> State:
    """The state after ``event``.

    Raises:
        OutOfOrder: ``event`` cannot happen in ``state``.
    """
    following = TRANSITIONS[state].get(event)
    if following is None:
        raise OutOfOrder
    return following
