"""The notice and the bundles are read from their files; what is wrong with one is said at the start."""

from pathlib import Path

import pytest

from gateway.catalogue import bundle_fact, read_catalogue
from schemas.errors import BundleDamaged
from schemas.scalars import digest
from tests.unit.gateway.parts import write_manifest


def test_a_folder_and_its_manifest_name_the_same_bundle(tmp_path: Path) -> None:
    name = write_manifest(tmp_path)
    for path in (tmp_path, tmp_path / "bundle.json"):
        catalogue = read_catalogue((path,))
        assert list(catalogue.bundles) == [name]
        assert catalogue.styles(name) == {"plain", "studio"}
        assert bundle_fact(name, catalogue.bundles[name]).digest == name


def test_the_notice_is_named_by_its_text() -> None:
    notice = read_catalogue(()).notice
    assert notice.digest == digest(notice.text.encode())


@pytest.mark.parametrize(
    "word", ["256 bytes", "biometric", "training", "Adults", "you trust its operator", "Who can read it", "Withdraw"]
)
def test_the_notice_says_what_it_must(word: str) -> None:
    assert word in read_catalogue(()).notice.text


def test_a_missing_or_damaged_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged):
        read_catalogue((tmp_path,))
    (tmp_path / "bundle.json").write_text("{}")
    with pytest.raises(BundleDamaged):
        read_catalogue((tmp_path,))
