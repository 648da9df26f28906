"""A new key signs; the old one verifies for a day from the first start with the new one, and never again."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import keys
from gateway.key_ring import FORMER_SECONDS, Ring, former_file, load_ring, rotate
from schemas import signing
from schemas.errors import SettingInvalid

NOW = 1_800_000_000


def thumbprints(ring: Ring) -> list[str]:
    return [signing.thumbprint(key) for key in (ring.key.public_key(), *(former.key for former in ring.former))]


def seeded(path: Path, number: int = 1) -> Path:
    keys.create(path / "gateway.key", bytes([number]) * 32)
    return path / "gateway.key"


def name(number: int) -> str:
    ring = Ring(key=Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))
    return thumbprints(ring)[0]


def test_the_day_of_an_old_key_begins_with_the_first_start(tmp_path: Path) -> None:
    file = seeded(tmp_path)
    assert thumbprints(load_ring(file, b"", now=NOW)) == [name(1)]
    rotation = rotate(file, b"\2" * 32, now=NOW, drop_old=False)
    assert (rotation.old, rotation.new) == (name(1), name(2))
    week = NOW + 7 * 24 * 3600
    for start in (week, week + FORMER_SECONDS - 1):
        ring = load_ring(file, b"", now=start)
        assert thumbprints(ring) == [name(2), name(1)]
        assert [former.until for former in ring.former] == [week + FORMER_SECONDS]
    assert thumbprints(load_ring(file, b"", now=week + FORMER_SECONDS)) == [name(2)]


def test_only_the_public_half_of_an_old_key_is_kept(tmp_path: Path) -> None:
    file = seeded(tmp_path)
    rotate(file, b"\2" * 32, now=NOW, drop_old=False)
    load_ring(file, b"", now=NOW)
    assert {path.name for path in tmp_path.iterdir()} == {"gateway.key", "gateway.former.json"}
    assert all((b"\1" * 32).hex().encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_rotation_waits_until_the_first_is_over(tmp_path: Path) -> None:
    file = seeded(tmp_path)
    rotate(file, b"\2" * 32, now=NOW, drop_old=False)
    for now in (NOW, NOW + 10 * FORMER_SECONDS):
        with pytest.raises(SettingInvalid, match="started"):
            rotate(file, b"\3" * 32, now=now, drop_old=False)
    load_ring(file, b"", now=NOW)
    with pytest.raises(SettingInvalid, match="minutes"):
        rotate(file, b"\3" * 32, now=NOW + FORMER_SECONDS - 1, drop_old=False)
    assert thumbprints(load_ring(file, b"", now=NOW)) == [name(2), name(1)]
    rotate(file, b"\3" * 32, now=NOW + FORMER_SECONDS, drop_old=False)
    assert thumbprints(load_ring(file, b"", now=NOW + FORMER_SECONDS)) == [name(3), name(2)]


def test_a_key_that_leaked_verifies_nothing_any_more(tmp_path: Path) -> None:
    file = seeded(tmp_path)
    rotate(file, b"\2" * 32, now=NOW, drop_old=False)
    rotate(file, b"\3" * 32, now=NOW, drop_old=True)
    assert thumbprints(load_ring(file, b"", now=NOW)) == [name(3)]
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.key"]


def test_a_rotation_that_was_cut_off_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = seeded(tmp_path)
    replace = keys.replace

    def fail(path: Path, text: str) -> None:
        if path == file:
            raise OSError(28, "No space left on device")
        replace(path, text)

    monkeypatch.setattr(keys, "replace", fail)
    with pytest.raises(SettingInvalid, match="No space"):
        rotate(file, b"\2" * 32, now=NOW, drop_old=False)
    monkeypatch.undo()
    assert thumbprints(load_ring(file, b"", now=NOW)) == [name(1)]
    rotate(file, b"\2" * 32, now=NOW, drop_old=False)
    assert thumbprints(load_ring(file, b"", now=NOW)) == [name(2), name(1)]


def test_without_a_key_there_is_nothing_to_rotate(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid):
        rotate(tmp_path / "gateway.key", b"\2" * 32, now=NOW, drop_old=False)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named_and_not_passed_over(tmp_path: Path) -> None:
    file = seeded(tmp_path)
    former_file(file).write_text("{}")
    with pytest.raises(SettingInvalid, match=r"gateway\.former\.json"):
        load_ring(file, b"", now=NOW)
