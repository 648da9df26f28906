"""How a job ended."""

import pytest

from schemas.erasure import ExitKind
from schemas.errors import CannotOpen, JobCancelled, JobTimeout, TokenExpired, WorkerFailed
from worker.ending import exit_kind, problem


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
        ("killed", None, WorkerFailed),
        ("exception", "no code", WorkerFailed),
    ],
)
def test_what_the_person_is_told(kind: ExitKind, code: str | None, error: type[WorkerFailed]) -> None:
    told = problem(kind, code)
    assert (told.code, told.detail) == (error.code, error.meaning)
