"""The scan is not blind: what was put somewhere is found there, in every form, in every kind of place."""

import base64
import hashlib
import json
import os
import resource
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from schemas import sealing
from tests import tiny_bundle
from tests.forensics import process, targets
from tests.forensics.face import Face, derive
from tests.forensics.scanner import Scanner
from tests.forensics.single_use_key import fish
from tests.forensics.targets import OVERLAP_BYTES, PIECE_BYTES, Files, Memory
from tests.forensics.windows import WINDOW_BYTES, Windows, is_telling, joined, of_bytes, of_numbers, spread
from tests.whole import TOP

pytestmark = pytest.mark.forensics
RNG: Final = np.random.default_rng(11)
SECRET: Final = RNG.bytes(200)
HOLDER: Final = "import sys; held = sys.stdin.buffer.read(int(sys.argv[1])); print(flush=True); sys.stdin.read()"
"""A process that holds what it was told until its input ends."""


KEY_HOLDER: Final = (
    "import sys; from schemas.sealing import worker_key;"
    "key = worker_key(sys.stdin.buffer.read(32)); print(flush=True); sys.stdin.read()"
)
"""A process that holds the single-use key of the seed it was told."""


@contextmanager
def holding(raw: bytes, program: str = HOLDER) -> Iterator[int]:
    """A process that holds ``raw``; gives its process id."""
    command = [sys.executable, "-c", program, str(len(raw))]
    with subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(raw)
        holder.stdin.flush()
        assert holder.stdout.readline() == b"\n"
        yield holder.pid
        holder.stdin.close()


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Windows:
    """All windows of a face and of what is made of it."""
    bundle = tmp_path_factory.mktemp("bundle")
    tiny_bundle.write_bundle(bundle, measure=False)
    face = Face.of_nobody(99)
    return joined((face.windows(), derive(face, bundle).windows(), of_bytes("key", SECRET[:32])))


@pytest.fixture(scope="module")
def canary(windows: Windows) -> bytes:
    """All of ``windows``, at addresses of every kind."""
    return b"|".join(window for name in sorted(windows) for window in sorted(windows[name]))


def test_there_is_enough_to_look_for(windows: Windows) -> None:
    forms = {name.rpartition(", ")[2] for name in windows}
    assert {"embedding f32", "embedding f16", "embedding bf16", "embedding f64", "embedding int8 raw"} <= forms
    assert {"record base64url+0", "record hex", "embedding json", "identity tokens f32", "png raw"} <= forms
    assert {"latents f32", "image rows f32", "image rows rgb", "key raw"} <= forms
    assert all(len(windows[name]) >= 24 for name in ("embedding f32", "embedding int8 raw", "identity tokens f32"))


@pytest.mark.usefixtures("may_look")
def test_a_live_process(windows: Windows, canary: bytes) -> None:
    scanner = Scanner(windows)
    with holding(canary) as pid:
        assert scanner.scan(Memory(pid)).found == windows
        assert scanner.scan(Memory(pid, writable=True)).found == windows
    with holding(b"nothing") as pid:
        seen = scanner.scan(Memory(pid))
        assert seen.scanned_bytes > 1_000_000
        assert seen.found == {}


def test_a_file(windows: Windows, canary: bytes, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "log").write_bytes(canary)
    assert Scanner(windows).scan(Files(targets.below(tmp_path))).found == windows
    assert Scanner(windows).scan(Files(targets.changed_in(tmp_path, time.time() - 5))).found == windows
    assert list(targets.changed_in(tmp_path, time.time() + 5)) == []


def test_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / SECRET[:60].hex()).touch()
    assert Scanner(of_bytes("secret", SECRET[:60])).scan(Files(targets.below(tmp_path))).hits["secret hex"] == 24


def test_shared_memory(windows: Windows, canary: bytes) -> None:
    file = Path(f"/dev/shm/forensics-{os.getpid()}")
    try:
        file.write_bytes(canary)
        assert Scanner(windows).scan(Files(targets.shared(time.time()))).found == windows
    finally:
        file.unlink()


def test_a_deleted_file_and_a_memory_file_that_are_held_open(windows: Windows, canary: bytes, tmp_path: Path) -> None:
    with (tmp_path / "deleted").open("w+b") as deleted:
        deleted.write(canary)
        deleted.flush()
        (tmp_path / "deleted").unlink()
        assert Scanner(windows).scan(Files(targets.held_open(os.getpid()))).found == windows
    descriptor = os.memfd_create("held")
    try:
        os.write(descriptor, canary)
        assert Scanner(windows).scan(Files(targets.held_open(os.getpid()))).found == windows
    finally:
        os.close(descriptor)


def test_a_database(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "log.sqlite")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE leaves (leaf BLOB)")
    database.execute("INSERT INTO leaves VALUES (?)", (SECRET,))
    database.commit()
    database.execute("DELETE FROM leaves")
    database.commit()
    assert Scanner(of_bytes("secret", SECRET)).scan(Files(targets.below(tmp_path))).hits == {"secret raw": 24}
    database.close()


@pytest.mark.parametrize("shift", range(WINDOW_BYTES + 1))
def test_a_window_is_found_wherever_it_lies(shift: int) -> None:
    (window,) = spread(SECRET[:WINDOW_BYTES])
    piece = b"\0" * (100 + shift) + window
    assert Scanner({"window": [window]}).scan([piece]).hits == {"window": 1}
    assert Scanner({"window": [window]}).scan([piece[:-1], piece[1:-1] + b"\0"]).hits == {}


def test_a_window_across_two_pieces_of_a_file_is_found(tmp_path: Path) -> None:
    for at in range(PIECE_BYTES - WINDOW_BYTES - 1, PIECE_BYTES + OVERLAP_BYTES, 7):
        (tmp_path / "large").write_bytes(b"\0" * at + SECRET[:WINDOW_BYTES])
        assert Scanner({"window": [SECRET[:WINDOW_BYTES]]}).scan(Files([tmp_path / "large"])).hits == {"window": 1}


def test_what_is_half_overwritten_is_found() -> None:
    left = b"\xa5" * 16 + SECRET[16:90] + b"\xa5" * 110
    assert Scanner(of_bytes("secret", SECRET)).scan([left]).hits["secret raw"] >= 6


@pytest.mark.parametrize("window", [bytes(16), b"\x00\x01" * 8, b"ABCDEFG" + bytes(9), b" " * 8 + SECRET[:8]])
def test_what_is_everywhere_is_not_looked_for(window: bytes) -> None:
    assert not is_telling(window)
    assert spread(window) == frozenset()


def test_bytes_are_found_as_programs_write_them() -> None:
    text = SECRET[:120]
    written = {
        "secret raw": text,
        "secret base64+0": base64.b64encode(text),
        "secret base64+2": base64.b64encode(b"x" + text),
        "secret base64url+1": base64.urlsafe_b64encode(b"xx" + text),
        "secret hex": f"leaf={text.hex()}".encode(),
        "secret repr": f"Order(record={text!r})".encode(),
        "secret decimal spaced": str(list(text)).encode(),
        "secret signed decimal": json.dumps(np.frombuffer(text, np.int8).tolist(), separators=(",", ":")).encode(),
    }
    scanner = Scanner(of_bytes("secret", text))
    for name, raw in written.items():
        assert scanner.scan([raw]).hits.get(name, 0) >= 20, name


def test_numbers_are_found_as_programs_write_them() -> None:
    values = RNG.standard_normal(128).astype(np.float32)
    written = {
        "vector f32": struct.pack("<128f", *values),
        "vector f32 big-endian": struct.pack(">128f", *values),
        "vector f16": struct.pack("<128e", *values),
        "vector f64": struct.pack("<128d", *values),
        "vector bf16 cut": b"".join(struct.pack("<f", value)[2:] for value in values),
        "vector json": json.dumps({"embedding": values.tolist()}).encode(),
        "vector json packed": json.dumps(values.tolist(), separators=(",", ":")).encode(),
    }
    scanner = Scanner(of_numbers("vector", values))
    for name, raw in written.items():
        assert scanner.scan([raw]).hits.get(name, 0) >= 23, name


def test_a_rounded_bfloat16_is_the_nearest() -> None:
    values = RNG.standard_normal(64).astype(np.float32)
    scanner = Scanner(of_numbers("vector", values))
    near = b"".join(
        min((bits for bits in (cut, cut + 1)), key=lambda bits: abs(_of_bfloat16(bits) - value)).to_bytes(2, "little")
        for value in values.tolist()
        for cut in (struct.unpack("<I", struct.pack("<f", value))[0] >> 16,)
    )
    assert scanner.scan([near]).hits["vector bf16"] >= 20


def _of_bfloat16(bits: int) -> float:
    (value,) = struct.unpack("<f", (bits << 16).to_bytes(4, "little"))
    return float(value)


@pytest.mark.usefixtures("may_look")
def test_a_single_use_key_is_fished_and_one_that_is_gone_is_not() -> None:
    seed = RNG.bytes(32)
    expanded = hashlib.shake_256(seed).digest(96)
    with holding(seed, KEY_HOLDER) as pid:
        fished = fish(Memory(pid, writable=True), sealing.worker_key(seed).public)
        assert (fished.mlkem_d, fished.mlkem_z, fished.x25519) == (expanded[:32], expanded[32:64], expanded[64:])
        assert fished.seed in {seed, None}
        with pytest.raises(LookupError):
            fish(Memory(pid, writable=True), sealing.worker_key(RNG.bytes(32)).public)


@pytest.mark.usefixtures("may_look")
def test_a_core_would_be_seen(tmp_path: Path) -> None:
    since = time.time()
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most == 0:
        pytest.skip("no process may dump core here, so there is nothing to be seen")
    program = f"import resource; resource.setrlimit(resource.RLIMIT_CORE, ({most}, {most})); {HOLDER}"
    with subprocess.Popen(
        [sys.executable, "-c", program, "0"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"\n"
        process.stop(victim.pid)
        death = process.end_by(victim.pid, signal.SIGSEGV)
        assert death.memory == b""
    if not death.dumped:
        pytest.skip("this machine makes no core, so there is nothing to be seen")
    pattern = Path("/proc/sys/kernel/core_pattern").read_text("utf-8")
    assert pattern.startswith("|") or list(targets.cores(since, tmp_path)), pattern
