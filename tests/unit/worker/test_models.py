"""Bundles on disk."""

import shutil
from pathlib import Path

import msgspec
import pytest

from schemas import embedding
from schemas.errors import BundleDamaged, BundleRefused
from schemas.scalars import Part
from tests import tiny_bundle
from worker import models
from worker.models import Bundle

ALLOWED = frozenset({tiny_bundle.LICENCE})


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(bundle.folder, tmp_path / "copy"))


def test_a_bundle_is_named_by_its_manifest(bundle: Bundle, folder: Path) -> None:
    assert models.find_bundle(folder, ALLOWED).digest == bundle.digest
    assert set(models.read_graphs(bundle)) == set(models.GRAPHS)


def test_a_licence_nobody_allowed_is_refused(folder: Path) -> None:
    with pytest.raises(BundleRefused):
        models.find_bundle(folder, frozenset({"MIT"}))


@pytest.mark.parametrize("name", models.GRAPHS)
def test_one_altered_byte_is_seen(folder: Path, name: str) -> None:
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(BundleDamaged):
        models.read_graphs(models.find_bundle(folder, ALLOWED))


@pytest.mark.parametrize("name", models.GRAPHS)
def test_a_missing_file_is_seen(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleDamaged):
        models.read_graphs(models.find_bundle(folder, ALLOWED))


@pytest.mark.parametrize("raw", [None, b"", b"{}", b"\xff"])
def test_what_is_no_manifest_is_refused(folder: Path, raw: bytes | None) -> None:
    (folder / "bundle.json").unlink()
    if raw is not None:
        (folder / "bundle.json").write_bytes(raw)
    with pytest.raises(BundleDamaged):
        models.find_bundle(folder, ALLOWED)


@pytest.mark.parametrize(
    ("version", "provider", "fits"),
    [
        ("1.20.0", "CPUExecutionProvider", True),
        ("1.31.1", "CPUExecutionProvider", True),
        ("1.9.9", "CPUExecutionProvider", False),
        ("1.31.1", "CUDAExecutionProvider", False),
    ],
)
def test_the_runtime_must_be_new_enough_and_checked(bundle: Bundle, version: str, provider: str, *, fits: bool) -> None:
    if fits:
        models.require_runtime(bundle.manifest, version, provider)
    else:
        with pytest.raises(BundleRefused):
            models.require_runtime(bundle.manifest, version, provider)


@pytest.mark.parametrize("needed", [["geometry"], ["embedding"], ["geometry", "look", "embedding"]])
def test_the_decoy_has_the_parts_that_the_bundle_knows(bundle: Bundle, needed: list[Part]) -> None:
    manifest = msgspec.structs.replace(bundle.manifest, needed=needed, optional=[], parity=[])
    record = models.decoy_record(manifest)
    assert record.parts == set(needed)
    assert embedding.decode(embedding.encode(record)) == record


def test_the_decoy_is_the_public_record_where_there_is_one(bundle: Bundle) -> None:
    assert models.decoy_record(bundle.manifest) == tiny_bundle.public_record()
