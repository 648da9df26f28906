"""Looking at what is left of a child and at the machine it ran on, at the moment of its end."""

from schemas.erasure import ExitKind
from worker import host
from worker.erasure import Seen
from worker.process import Child, Ended


def witness(child: Child, ended: Ended, kind: ExitKind, *, opened_at: int | None, now: int) -> Seen:
    """The facts for the receipt of a child that has just ``ended``. Times are unix seconds."""
    return Seen(
        exit_kind=kind,
        exit_status=ended.status,
        process_exists=ended.process_exists,
        outside=child.outside,
        held=child.warm.held,
        leftovers=ended.leftovers,
        swap_is_on=host.swap_is_on(),
        init_on_free=host.init_on_free(),
        provider=child.warm.provider,
        opened_at=opened_at,
        exited_at=now,
    )
