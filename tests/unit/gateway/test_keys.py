"""The signing key: made once, readable by its owner alone."""

import stat
from pathlib import Path

import pytest

from gateway import keys
from schemas.errors import SettingInvalid


def test_a_key_is_made_once_and_found_again(tmp_path: Path) -> None:
    file = tmp_path / "state" / "gateway.key"
    made = keys.load_or_create(file, b"\1" * 32)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert keys.load_or_create(file, b"\2" * 32).private_bytes_raw() == made.private_bytes_raw() == b"\1" * 32
    assert [path.name for path in file.parent.iterdir()] == ["gateway.key"]


def test_of_two_that_make_it_at_once_the_first_stays(tmp_path: Path) -> None:
    keys.create(tmp_path / "key", b"\1" * 32)
    keys.create(tmp_path / "key", b"\2" * 32)
    assert keys.load(tmp_path / "key").private_bytes_raw() == b"\1" * 32


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.create(tmp_path / "key", b"\1" * 32)
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(SettingInvalid):
        keys.load_or_create(tmp_path / "key", b"\2" * 32)


@pytest.mark.parametrize("text", ["", "not hex", "00" * 31, "00" * 33])
def test_a_file_without_a_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(SettingInvalid):
        keys.load_or_create(tmp_path / "key", b"\1" * 32)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingInvalid, match="key"):
        keys.load_or_create(tmp_path / "file" / "key", b"\1" * 32)
