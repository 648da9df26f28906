"""The plain yes and no that gateway and workers say to each other on NATS."""

from typing import Final

from schemas import canonical
from schemas.codes import from_code
from schemas.errors import LikenessError
from schemas.job import Accepted, Problem

YES: Final = canonical.encode(Accepted())


def problem(error: LikenessError) -> bytes:
    """``error`` as it travels."""
    return canonical.encode(Problem(code=error.code, detail=error.detail[:400]))


def check_answer(raw: bytes) -> None:
    """Return when ``raw`` is a worker's yes.

    Raises:
        LikenessError: the refusal that it is, or ``StatementError`` when it is neither.
    """
    if raw != YES:
        refusal = canonical.decode(Problem, raw)
        raise from_code(refusal.code, refusal.detail)
