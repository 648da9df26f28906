"""``likeness doctor``: what this machine has, what it lacks, and what to do about it."""

import hashlib
import os
import resource
import shutil
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal

import msgspec

from gateway.cli_up import free_port
from gateway.nats_child import find_nats_server
from gateway.nats_version import ADVICE, is_patched, read_version
from gateway.settings import TOP, Settings, read_settings
from schemas.bundle_manifest import EdgeManifest, read_bundle
from schemas.errors import LikenessError
from schemas.log_policy import NONE, read_policy

PYTHON: Final = (3, 11)
NODE: Final = 20
PATIENCE_SECONDS: Final = 3
MARKS: Final = {"ok": "✓", "warn": "!", "fail": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: Literal["ok", "warn", "fail"]
    what: str
    advice: str = ""


def run_doctor() -> int:
    """Print every finding; 1 when one of them must be put right."""
    worst = 0
    for finding in examine(dict(os.environ)):
        print(f"{MARKS[finding.level]} {finding.what}")
        if finding.advice:
            print(f"    {finding.advice}")
        worst = max(worst, finding.level == "fail")
    return worst


def examine(environ: dict[str, str]) -> Iterator[Finding]:
    """All findings, one after the other."""
    yield python()
    yield node()
    yield nats_server()
    yield swap(Path("/proc/swaps"))
    yield core_dumps()
    yield init_on_free(Path("/proc/cmdline"))
    yield landlock(Path("/sys/kernel/security/lsm"))
    try:
        settings = read_settings(environ)
    except LikenessError as error:
        yield Finding("fail", f"settings: {error.detail}", "gateway/README.md lists what each may be")
        return
    looks: list[Callable[[Settings], Iterator[Finding]]] = [bundles, models, page, key, witnesses, port]
    for look in looks:
        yield from look(settings)


def python() -> Finding:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        return Finding("fail", f"Python {version}", "Likeness needs Python 3.11 or newer")
    return Finding("ok", f"Python {version}")


def node() -> Finding:
    """Node.js, which only building the page needs."""
    program = shutil.which("node", path=os.pathsep.join((str(TOP / ".build" / "node" / "bin"), *os.get_exec_path())))
    version = read_version(_ask([program, "--version"])) if program else None
    if version is None:
        return Finding("warn", "Node.js is missing", "only building the page needs it; `make web` fetches it")
    if version[0] < NODE:
        return Finding(
            "warn", f"Node.js {version[0]}", f"building the page needs {NODE} or newer; `make web` fetches it"
        )
    return Finding("ok", f"Node.js {'.'.join(map(str, version))}")


def nats_server() -> Finding:
    """The server, and whether its version may face a network."""
    try:
        version = read_version(_ask([find_nats_server(), "--version"]))
    except LikenessError as error:
        return Finding("fail", "nats-server is missing", error.detail)
    if version is None:
        return Finding("fail", "nats-server does not say its version", "install it again")
    name = f"nats-server {'.'.join(map(str, version))}"
    return Finding("ok", name) if is_patched(version) else Finding("warn", name, ADVICE)


def swap(listing: Path) -> Finding:
    """Whether memory can reach a disk."""
    try:
        lines = listing.read_text("utf-8").splitlines()[1:]
    except OSError:
        return Finding("warn", "swap: this system does not say", "the worker starts with --i-accept-swap only")
    if lines:
        advice = (
            "the worker refuses to start: `swapoff -a`, or start with --i-accept-swap, which every receipt then says"
        )
        return Finding("warn", "swap is on: memory may be written to a disk", advice)
    return Finding("ok", "swap is off")


def core_dumps() -> Finding:
    """Whether a crash of some program here would write its memory to a disk."""
    if resource.getrlimit(resource.RLIMIT_CORE)[0]:
        return Finding(
            "warn", "core dumps are on in this shell", "the worker turns them off for itself; else `ulimit -c 0`"
        )
    return Finding("ok", "core dumps are off")


def init_on_free(command_line: Path) -> Finding:
    """Whether this kernel overwrites memory as soon as it is freed (admin-guide/kernel-parameters, init_on_free)."""
    try:
        words = command_line.read_text("utf-8").split()
    except OSError:
        words = []
    if "init_on_free=1" in words:
        return Finding("ok", "the kernel overwrites memory when it is freed")
    return Finding(
        "warn",
        "the kernel was not told to overwrite memory when it is freed",
        "on a worker's machine: boot with init_on_free=1; every receipt says what was found",
    )


def landlock(modules: Path) -> Finding:
    """Whether this kernel can keep a worker's child away from files (Landlock)."""
    try:
        has_it = "landlock" in modules.read_text("utf-8").split(",")
    except OSError:
        return Finding(
            "warn", "the kernel does not list its security modules", "every receipt says what a child could do"
        )
    if has_it:
        return Finding("ok", "the kernel has Landlock")
    return Finding("warn", "the kernel has no Landlock", "Linux 5.13 or newer has it, started with lsm=landlock,…")


def bundles(settings: Settings) -> Iterator[Finding]:
    """Every bundle, file by file."""
    if not settings.bundles:
        yield Finding("fail", "no bundle: there is nothing to draw with", "set LIKENESS_BUNDLES to a bundle's folder")
    for path in settings.bundles:
        file = path / "bundle.json" if path.is_dir() else path
        try:
            manifest, digest = read_bundle(file.read_bytes())
        except (LikenessError, OSError):
            yield Finding("fail", f"bundle {path.name}: its manifest is missing or damaged", "fetch it again")
            continue
        damaged = [name for name, fact in manifest.files.items() if _digest(file.parent / name) != fact.sha256]
        if damaged:
            yield Finding("fail", f"bundle {manifest.name}: damaged or missing: {', '.join(damaged)}", "fetch it again")
        else:
            yield Finding("ok", f"bundle {manifest.name} {manifest.version} ({digest[:16]})")


def models(settings: Settings) -> Iterator[Finding]:
    """The browser's models."""
    try:
        manifest = msgspec.json.decode((settings.edge / "manifest.json").read_bytes(), type=EdgeManifest)
    except (OSError, msgspec.MsgspecError):
        yield Finding("fail", "the browser's models are not there", "`make edge` makes them")
        return
    damaged = [model.file for model in manifest.models if _digest(settings.edge / model.file) != model.sha256]
    if damaged:
        yield Finding(
            "fail", f"browser models damaged or missing: {', '.join(damaged)}", "`make edge` makes them again"
        )
    else:
        yield Finding("ok", f"{len(manifest.models)} browser models")


def page(settings: Settings) -> Iterator[Finding]:
    """The built page."""
    if (settings.page / "index.html").is_file():
        yield Finding("ok", "the page is built")
    else:
        yield Finding("fail", "the page is not built", "`make web` builds it")


def key(settings: Settings) -> Iterator[Finding]:
    """The signing key."""
    file = settings.signing_key_file
    if not file.exists():
        yield Finding("ok", "no signing key yet; the first start makes one")
    elif stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield Finding("fail", "the signing key can be read by others", f"chmod 600 {file}, or better: make a new one")
    else:
        yield Finding("ok", "the signing key is readable by you alone")


def witnesses(settings: Settings) -> Iterator[Finding]:
    """Whom the log's policy names, and whether they answer."""
    file = settings.policy_file
    if not file.exists():
        yield Finding("ok", "no policy for the log yet; `likeness up` and the gateway's first start make one")
        return
    try:
        policy = read_policy(file.read_text("utf-8"))
    except (LikenessError, OSError, UnicodeDecodeError):
        yield Finding("fail", f"policy {file.name} cannot be read", "gateway/README.md shows one")
        return
    if policy.quorum == NONE:
        yield Finding("warn", "the log has no witness", "name witnesses in LIKENESS_POLICY (gateway/README.md)")
    silent = [name for name, one in policy.witnesses.items() if not _answers(one.url)]
    if silent:
        yield Finding(
            "warn", f"witnesses that do not answer: {', '.join(silent)}", "without a quorum nothing is logged"
        )
    elif policy.witnesses:
        yield Finding("ok", f"{len(policy.witnesses)} witnesses answer")


def port(settings: Settings) -> Iterator[Finding]:
    """The port of the page."""
    try:
        free_port(settings.host, settings.port)
    except LikenessError as error:
        yield Finding("warn", error.detail)
    else:
        yield Finding("ok", f"port {settings.port} is free")


def _ask(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603 - found by us
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _answers(url: str | None) -> bool:
    if url is None or not url.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - checked above
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, ValueError):
        return False


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
