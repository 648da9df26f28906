"""Which nats-server may face a network."""

import pytest

from gateway.nats_version import is_loopback, is_patched, read_version


@pytest.mark.parametrize("version", [(2, 11, 15), (2, 11, 16), (2, 12, 6), (2, 13, 0), (2, 15, 0), (3, 0, 0)])
def test_patched(version: tuple[int, int, int]) -> None:
    assert is_patched(version)


@pytest.mark.parametrize("version", [(2, 9, 10), (2, 10, 27), (2, 11, 14), (2, 12, 0), (2, 12, 5), (1, 99, 99)])
def test_not_patched(version: tuple[int, int, int]) -> None:
    assert not is_patched(version)


@pytest.mark.parametrize(
    ("text", "version"),
    [("nats-server: v2.9.10", (2, 9, 10)), ("2.12.6-RC.1", (2, 12, 6)), ("v20.20.2\n", (20, 20, 2)), ("unknown", None)],
)
def test_a_version_is_read(text: str, version: tuple[int, int, int] | None) -> None:
    assert read_version(text) == version


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("nats", False),
    ],
)
def test_loopback(host: str, is_here: bool) -> None:  # noqa: FBT001 - a column of a table
    assert is_loopback(host) is is_here
