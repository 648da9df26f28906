"""By which code something is refused."""

from collections.abc import Awaitable

import pytest

from schemas.errors import LikenessError


async def refusal(awaited: Awaitable[object]) -> str:
    """The code by which ``awaited`` is refused."""
    with pytest.raises(LikenessError) as refused:
        await awaited
    return refused.value.code
