"""How a job ended."""

from typing import get_args

import pytest

from schemas.erasure import ExitKind
from schemas.errors import CannotOpen, JobCancelled, JobTimeout, TokenExpired, TokenRevoked, WorkerFailed
from schemas.job_states import Event, State, advance
from worker.ending import EVENTS, STOPPED, Reason, exit_kind, problem, unused


@pytest.mark.parametrize(
    ("finished", "status", "stopped", "code", "kind"),
    [
        (True, 0, None, None, "normal"),
        (True, 0, "cancelled", None, "normal"),
        (True, -9, None, None, "killed"),
        (False, 0, None, None, "exception"),
        (False, 3, None, "cannot-open", "refused"),
        (False, 3, None, "worker-failed", "exception"),
        (False, 4, None, "worker-failed", "exception"),
        (False, 4, None, "a code nobody knows", "exception"),
        (False, 1, None, None, "exception"),
        (False, -11, None, None, "killed"),
        (False, -9, "timeout", None, "timeout"),
        (False, -9, "cancelled", "cannot-open", "cancelled"),
        (False, -9, "killed", None, "killed"),
        (False, -9, "revoked", None, "revoked"),
        (True, 0, "revoked", None, "normal"),
    ],
)
def test_kinds_of_end(
    status: int, stopped: ExitKind | None, code: str | None, kind: ExitKind, *, finished: bool
) -> None:
    assert exit_kind(finished=finished, status=status, stopped=stopped, code=code) == kind


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [
        ("refused", "token-expired", TokenExpired),
        ("refused", "cannot-open", CannotOpen),
        ("timeout", None, JobTimeout),
        ("cancelled", "cannot-open", JobCancelled),
        ("revoked", None, TokenRevoked),
        ("killed", None, WorkerFailed),
        ("exception", "no code", WorkerFailed),
    ],
)
def test_what_the_person_is_told(kind: ExitKind, code: str | None, error: type[WorkerFailed]) -> None:
    told = problem(kind, code)
    assert (told.code, told.detail) == (error.code, error.meaning)


@pytest.mark.parametrize(
    ("reason", "kind", "event"),
    [
        (None, "unused", Event.LAPSE),
        ("not-chosen", "unused", Event.CANCEL),
        ("cancelled", "unused", Event.CANCEL),
        ("timeout", "unused", Event.CANCEL),
        ("revoked", "revoked", Event.REVOKE),
    ],
)
def test_the_end_of_a_child_that_was_given_nothing(reason: Reason | None, kind: ExitKind, event: Event) -> None:
    assert unused(reason) == (kind, event)
    assert advance(State.CLAIMED, event) is State.ENDED


@pytest.mark.parametrize("kind", get_args(ExitKind))
@pytest.mark.parametrize("state", [State.DISCLOSED, State.RUNNING])
def test_after_every_end_a_receipt_is_in_order(state: State, kind: ExitKind) -> None:
    if kind == "normal":
        state = State.RUNNING
    assert advance(advance(state, EVENTS.get(kind, Event.FAIL)), Event.RECEIPT) is State.ENDED


def test_only_a_withdrawal_is_called_one() -> None:
    assert [reason for reason, kind in STOPPED.items() if kind == "revoked"] == ["revoked"]
    assert [kind for kind, event in EVENTS.items() if event is Event.REVOKE] == ["revoked"]
