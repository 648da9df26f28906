"""What the tests of the gateway share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import NatsServer, nats_server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as server:
        yield server
