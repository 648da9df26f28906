"""Archives made in memory, fetched by a function instead of a network."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from edge_export import sources
from edge_export.recipes import RECIPES, Package, SourceFile
from schemas.errors import SourceDigestMismatch, SourceUnavailable
from tests.unit.edge_export.conftest import no_network

FILES = {"package/net.bin": b"weights", "package/net.json": b"manifest"}


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def tarball() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return buffer.getvalue()


TARBALL = tarball()
PACKAGE = Package(client="npm", name="@x/net", version="1", archive="net.tgz", sha256=digest(TARBALL), licence="MIT")
RECIPE = replace(
    RECIPES[-1],
    package=PACKAGE,
    weights=SourceFile(path="package/net.bin", sha256=digest(b"weights")),
    manifest=SourceFile(path="package/net.json", sha256=digest(b"manifest")),
)


def delivering(*contents: bytes) -> sources.Fetch:
    def fetch(_: Package, folder: Path) -> None:
        for i, content in enumerate(contents):
            (folder / f"any-name-{i}").write_bytes(content)

    return fetch


def test_a_good_archive_is_kept_and_needs_no_second_fetch(tmp_path: Path) -> None:
    kept = sources.archive(PACKAGE, tmp_path / "cache", delivering(TARBALL))
    assert kept.read_bytes() == TARBALL
    assert sources.archive(PACKAGE, tmp_path / "cache", no_network) == kept
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["net.tgz"]


def test_a_damaged_archive_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(SourceDigestMismatch):
        sources.archive(PACKAGE, tmp_path, delivering(TARBALL[:-1] + bytes([TARBALL[-1] ^ 1])))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("contents", [(), (TARBALL, TARBALL)], ids=["none", "two"])
def test_anything_but_one_file_is_refused(tmp_path: Path, contents: tuple[bytes, ...]) -> None:
    with pytest.raises(SourceUnavailable):
        sources.archive(PACKAGE, tmp_path, delivering(*contents))
    assert list(tmp_path.iterdir()) == []


def test_a_fetch_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def fetch(package: Package, folder: Path) -> None:
        (folder / "half").write_bytes(TARBALL[:10])
        no_network(package, folder)

    with pytest.raises(SourceUnavailable):
        sources.archive(PACKAGE, tmp_path, fetch)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_went_bad_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "net.tgz").write_bytes(b"bit rot")
    assert sources.archive(PACKAGE, tmp_path, delivering(TARBALL)).read_bytes() == TARBALL


@pytest.mark.parametrize("raw", [TARBALL, wheel()], ids=["tar", "zip"])
def test_the_files_of_a_recipe_are_taken_from_either_kind(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "archive"
    path.write_bytes(raw)
    source = sources.load(RECIPE, path)
    assert (source.weights, source.manifest) == (b"weights", b"manifest")


@pytest.mark.parametrize("raw", [TARBALL, wheel()], ids=["tar", "zip"])
@pytest.mark.parametrize(
    "weights",
    [
        SourceFile(path="package/net.bin", sha256=digest(b"other weights")),
        SourceFile(path="package/gone.bin", sha256=digest(b"weights")),
    ],
    ids=["changed", "missing"],
)
def test_a_changed_or_missing_file_is_refused(tmp_path: Path, raw: bytes, weights: SourceFile) -> None:
    path = tmp_path / "archive"
    path.write_bytes(raw)
    with pytest.raises(SourceDigestMismatch):
        sources.load(replace(RECIPE, weights=weights), path)


class Commands:
    """Stands in for `subprocess.run`: knows one command, and what it says."""

    def __init__(self, known: str, *, fails: bool) -> None:
        self.known, self.fails = known, fails
        self.asked: list[list[str]] = []

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        """Answer as the known command would, and as nothing else does."""
        self.asked.append(command)
        if command[0] != self.known:
            raise FileNotFoundError(command[0])
        if self.fails and "--version" not in command:
            raise subprocess.CalledProcessError(1, command, stderr="noise\nno such version\n")
        return subprocess.CompletedProcess(command, 0)


def machine(monkeypatch: pytest.MonkeyPatch, *programs: str, known: str = "", fails: bool = False) -> Commands:
    """A machine on which only `programs` are on the path and only `known` runs."""
    commands = Commands(known, fails=fails)
    monkeypatch.setattr("shutil.which", lambda name: name if name in programs else None)
    monkeypatch.setattr("subprocess.run", commands)
    return commands


WHEEL = replace(PACKAGE, client="pypi", name="net", platform="manylinux_2_28_x86_64")


def test_npm_packs_exactly_the_pinned_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = machine(monkeypatch, "npm", known="npm")
    sources.download(PACKAGE, tmp_path)
    assert commands.asked == [["npm", "pack", "@x/net@1", "--ignore-scripts", "--silent"]]


@pytest.mark.parametrize("known", [sys.executable, "python3", "pip3", "uv"])
def test_any_pip_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: str) -> None:
    commands = machine(monkeypatch, "python3", "pip3", "uv", known=known)
    sources.download(WHEEL, tmp_path)
    last = commands.asked[-1]
    assert last[0] == known
    assert last[-1] == "net==1"
    assert {"download", "--no-deps", "--only-binary=:all:", "manylinux_2_28_x86_64"} <= set(last)


@pytest.mark.parametrize("package", [PACKAGE, WHEEL])
def test_a_missing_client_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: Package) -> None:
    machine(monkeypatch)
    with pytest.raises(SourceUnavailable):
        sources.download(package, tmp_path)


def test_what_the_client_said_last_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, "npm", known="npm", fails=True)
    with pytest.raises(SourceUnavailable) as refusal:
        sources.download(PACKAGE, tmp_path)
    assert "no such version" in refusal.value.detail
    assert "noise" not in refusal.value.detail
