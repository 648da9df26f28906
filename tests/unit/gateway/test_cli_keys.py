"""Keys from the command line: a rotation, a company's root, and its word for a worker."""

import stat
from pathlib import Path

import pytest

from gateway import keys
from gateway.cli import main
from gateway.cli_keys import endorsement
from schemas import signing
from schemas.errors import SettingInvalid
from schemas.worker_key import check_endorsement
from tests.statements import NOW, World, signing_key

WORKER = signing.thumbprint(signing_key("worker").public_key())


def test_a_company_vouches_for_a_worker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "company.key"
    assert main(["company", "new", str(file)]) == 0
    said = capsys.readouterr().out
    root = keys.load(file).public_key()
    assert f"#company={signing.jwk_of(root).x}" in said
    assert file.read_text().strip() not in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert main(["company", "endorse", str(file), WORKER]) == 0
    assert signing.thumbprint(root) in said
    assert capsys.readouterr().out.count(".") == 2


def test_an_endorsement_holds_for_its_days_and_its_worker() -> None:
    root, world = signing_key("root"), World()
    jws = endorsement(root, WORKER, days=30, now=NOW)
    entry = world.roster(endorsement=jws)
    assert check_endorsement(entry, root.public_key(), now=NOW).not_after == NOW + 30 * 24 * 3600


@pytest.mark.parametrize(("worker", "days"), [(WORKER, 0), (WORKER, 91), ("x" * 42, 30), ("", 30)])
def test_what_cannot_be_endorsed_is_refused(worker: str, days: int) -> None:
    with pytest.raises(SettingInvalid):
        endorsement(signing_key("root"), worker, days=days, now=NOW)


def test_a_root_key_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "company.key").write_text("precious")
    assert main(["company", "new", str(tmp_path / "company.key")]) == 1
    assert "never overwritten" in capsys.readouterr().err
    assert main(["company", "endorse", str(tmp_path / "none.key"), WORKER]) == 1
    assert (tmp_path / "company.key").read_text() == "precious"


def test_a_rotation_says_both_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIKENESS_STATE", str(tmp_path))
    assert main(["rotate-key"]) == 1
    assert "no key" in capsys.readouterr().err
    old = keys.load_or_create(tmp_path / "gateway.key", bytes(range(32))).public_key()
    assert main(["rotate-key"]) == 0
    out = capsys.readouterr().out
    new = keys.load(tmp_path / "gateway.key").public_key()
    assert signing.thumbprint(old) in out
    assert signing.thumbprint(new) in out
    assert "24 hours" in out
    assert main(["rotate-key", "--drop-old"]) == 0
    assert "dropped" in capsys.readouterr().out
