"""How a job ended, in the words of the receipt and of the person's problem. Pure."""

from typing import Final

from schemas.codes import all_codes, from_code
from schemas.erasure import ExitKind
from schemas.errors import JobCancelled, JobTimeout, LikenessError, WorkerFailed
from schemas.job import Problem

BY_KIND: Final[dict[ExitKind, type[LikenessError]]] = {
    "timeout": JobTimeout,
    "cancelled": JobCancelled,
    "killed": WorkerFailed,
    "exception": WorkerFailed,
}
"""What a person is told where the child gave no reason of its own."""


def exit_kind(*, finished: bool, status: int, stopped: ExitKind | None, code: str | None) -> ExitKind:
    """The kind of end of a child that was given a task.

    ``finished``: it said that everything was handed over. ``status``: of the operating system, below zero for a signal.
    ``stopped``: why the supervisor ended it, if it did. ``code``: the error it named, if it did.
    """
    if finished and status == 0:
        return "normal"
    if stopped is not None:
        return stopped
    if status < 0:
        return "killed"
    return "refused" if code in all_codes() and code != WorkerFailed.code else "exception"


def problem(kind: ExitKind, code: str | None) -> Problem:
    """What the person is told; the texts are fixed ones."""
    error = BY_KIND[kind]() if kind in BY_KIND else from_code(code) if code in all_codes() else WorkerFailed()
    return Problem(code=error.code, detail=error.meaning)
