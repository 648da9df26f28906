"""The key file."""

import stat
from pathlib import Path

import pytest

from schemas.errors import SettingInvalid
from worker.identity import identity_key


def test_a_missing_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "state" / "worker.key"
    first = identity_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert identity_key(file).private_bytes_raw() == first.private_bytes_raw()
    assert bytes.fromhex(file.read_text()) == first.private_bytes_raw()


def test_two_workers_have_two_keys(tmp_path: Path) -> None:
    assert identity_key(tmp_path / "a").private_bytes_raw() != identity_key(tmp_path / "b").private_bytes_raw()


@pytest.mark.parametrize(("mode", "text"), [(0o644, "ab" * 32), (0o600, "ab" * 31), (0o600, "not hex")])
def test_an_open_or_broken_key_file_is_refused(tmp_path: Path, mode: int, text: str) -> None:
    file = tmp_path / "worker.key"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(SettingInvalid) as refused:
        identity_key(file)
    assert text not in refused.value.detail


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingInvalid):
        identity_key(tmp_path / "file" / "worker.key")
