"""All journeys run on asyncio."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The parts run on asyncio."""
    return "asyncio"
