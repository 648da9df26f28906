"""How a job ended, in the words of the receipt, of the table of states and of the person's problem. Pure."""

from typing import Final, Literal

from schemas.codes import all_codes, from_code
from schemas.erasure import ExitKind
from schemas.errors import JobCancelled, JobTimeout, LikenessError, TokenRevoked, WorkerFailed
from schemas.job import Problem
from schemas.job_states import Event

Reason = Literal["cancelled", "not-chosen", "revoked", "timeout"]
"""Why the gateway ends a job (``schemas.job.Stop``)."""

STOPPED: Final[dict[Reason, ExitKind]] = {
    "cancelled": "cancelled",
    "not-chosen": "cancelled",
    "revoked": "revoked",
    "timeout": "timeout",
}
"""How a child ends that was given a task, when the gateway ends the job."""

BY_KIND: Final[dict[ExitKind, type[LikenessError]]] = {
    "timeout": JobTimeout,
    "cancelled": JobCancelled,
    "revoked": TokenRevoked,
    "killed": WorkerFailed,
    "exception": WorkerFailed,
}
"""What a person is told where the child gave no reason of its own."""

EVENTS: Final[dict[ExitKind, Event]] = {
    "normal": Event.RETURN,
    "cancelled": Event.CANCEL,
    "revoked": Event.REVOKE,
}
"""What an end means to the job; every other one is a failure."""


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


def unused(reason: Reason | None) -> tuple[ExitKind, Event]:
    """The end of a child that was given nothing, because of ``reason`` or because its lease is over."""
    if reason == "revoked":
        return "revoked", Event.REVOKE
    return "unused", Event.LAPSE if reason is None else Event.CANCEL


def problem(kind: ExitKind, code: str | None) -> Problem:
    """What the person is told; the texts are fixed ones."""
    error = BY_KIND[kind]() if kind in BY_KIND else from_code(code) if code in all_codes() else WorkerFailed()
    return Problem(code=error.code, detail=error.meaning)
