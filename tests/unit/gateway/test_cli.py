"""The command line: help worth reading, clear refusals, and the offline check of files."""

import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main, parser
from gateway.cli_doctor import (
    bundles,
    core_dumps,
    examine,
    init_on_free,
    key,
    landlock,
    models,
    nats_server,
    page,
    port,
    python,
    swap,
    witnesses,
)
from gateway.cli_up import free_port, gateway_environment, worker_environment
from gateway.cli_verify import PNG, source_types
from gateway.nats_child import NatsFiles
from gateway.settings import Settings
from schemas import canonical
from schemas.errors import SettingInvalid
from schemas.log_policy import read_policy, write_policy
from tests.log_world import LogWorld
from tests.statements import World
from tests.unit.gateway.parts import write_manifest
from tests.vector_cases import proofs
from tests.vector_cases.kept import consent_file_of, receipt_file_of

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def receipt_file(**edits: Any) -> bytes:
    return canonical.encode(receipt_file_of(World(), **edits))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    packed = (struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks)
    return PNG + b"".join(packed)


def xmp(text: str) -> tuple[bytes, bytes]:
    return b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text.encode()


def test_a_valid_receipt_is_told_step_by_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "receipt.json").write_bytes(receipt_file())
    assert main(["verify", str(tmp_path / "receipt.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("✓") for line in lines) == 10


def test_a_valid_consent_is_told_step_by_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "consent.json").write_bytes(canonical.encode(consent_file_of(World())))
    assert main(["verify", str(tmp_path / "consent.json")]) == 0
    out = capsys.readouterr().out
    assert out.count("✓") == 4
    assert "--policy" in out


def test_a_file_under_another_policy_than_the_one_given_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    believed, other = tmp_path / "policy.txt", tmp_path / "other.txt"
    believed.write_text(write_policy(read_policy(proofs.policy())), "utf-8")
    other.write_text(LogWorld(witnesses={}).policy_text.replace("all-of-them", "none").replace("group", "#"), "utf-8")
    for made in (consent_file_of(World()), receipt_file_of(World())):
        (tmp_path / "kept.json").write_bytes(canonical.encode(made))
        assert main(["verify", str(tmp_path / "kept.json"), "--policy", str(believed)]) == 0
        assert main(["verify", str(tmp_path / "kept.json"), "--policy", str(other)]) == 1
        assert "policy-invalid" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "kept.json"), "--policy", str(tmp_path / "none")]) == 1


def test_an_altered_receipt_is_told_up_to_where_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "receipt.json").write_bytes(receipt_file(receipt=World().receipt_jws(claim="0" * 64)))
    assert main(["verify", str(tmp_path / "receipt.json")]) == 1
    out = capsys.readouterr().out
    assert "receipt-mismatch" in out
    assert out.count("✓") == 8


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b"GIF89a", receipt_file()[:-1], receipt_file() + b"\n"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "file").write_bytes(body)
    assert main(["verify", str(tmp_path / "file")]) == 1


def test_a_missing_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "none")]) == 1
    assert "cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("image", "status"),
    [
        (png((b"IHDR", b""), xmp(f'x="{GENERATED}"'), (b"IEND", b"")), 0),
        (png((b"IHDR", b""), (b"IEND", b"")), 1),
        (png(xmp('x="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"')), 1),
        (png(xmp(GENERATED))[:-20], 1),
        (PNG, 1),
        (PNG + b"\xff\xff\xff\xffiTXt", 1),
    ],
)
def test_the_mark_of_a_picture_is_said_plainly(tmp_path: Path, image: bytes, status: int) -> None:
    (tmp_path / "portrait.png").write_bytes(image)
    assert main(["verify", str(tmp_path / "portrait.png")]) == status


def test_a_mark_outside_the_xmp_packet_does_not_count() -> None:
    assert source_types(png((b"tEXt", b"Comment\0" + GENERATED.encode()))) == []


@pytest.mark.parametrize("command", ["up", "gateway", "verify", "doctor", "rotate-key", "company"])
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 150


@pytest.mark.parametrize("arguments", [[], ["fly"], ["verify"], ["doctor", "--please"]])
def test_what_is_not_a_command_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_a_check_does_not_wait_for_a_web_framework() -> None:
    program = (
        "import sys; from gateway import cli, cli_verify; print([m for m in ('litestar', 'nats') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_wrong_setting_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIKENESS_PORT", "many")
    assert main(["up"]) == 1
    assert "LIKENESS_PORT" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingInvalid, match=str(taken.getsockname()[1])):
            free_port("127.0.0.1", taken.getsockname()[1])
    assert free_port("127.0.0.1", 0) > 0


def test_the_children_of_up_are_told_the_same(tmp_path: Path) -> None:
    settings = Settings(bundles=(tmp_path / "a" / "bundle.json", tmp_path), region="here", workers=("w" * 43,), port=1)
    (tmp_path / "a").mkdir()
    to_worker = worker_environment(settings, tmp_path / "key", "nats://w")
    files = NatsFiles(tmp_path, "g", "l", "o", {})
    to_gateway = gateway_environment(settings, ["v" * 43], files, "host:1", tmp_path / "policy.txt")
    assert to_worker["LIKENESS_BUNDLES"].split(":") == [str(tmp_path / "a"), str(tmp_path)]
    assert (to_worker["LIKENESS_REGION"], to_worker["LIKENESS_POOL"]) == ("here", "company")
    assert to_gateway["LIKENESS_WORKERS"] == f"{'w' * 43},{'v' * 43}"
    assert to_gateway["LIKENESS_NATS_URL"] == "nats://gateway:g@host:1"
    assert to_gateway["LIKENESS_LEDGER_URL"] == "nats://ledger:l@host:1"
    assert to_gateway["LIKENESS_POLICY"] == str(tmp_path / "policy.txt")


def test_the_doctor_looks_at_everything(tmp_path: Path) -> None:
    findings = list(examine({"LIKENESS_STATE": str(tmp_path)}))
    assert len(findings) >= 10
    assert all(finding.advice for finding in findings if finding.level == "fail")
    assert examine({"LIKENESS_PORT": "many"}) is not None
    assert [finding.level for finding in examine({"LIKENESS_PORT": "many"})][-1] == "fail"


def test_the_doctor_on_this_machine() -> None:
    assert python().level == "ok"
    assert nats_server().level in {"ok", "warn"}
    assert core_dumps().level in {"ok", "warn"}


def test_the_doctor_sees_swap(tmp_path: Path) -> None:
    header = "Filename Type Size Used Priority\n"
    (tmp_path / "off").write_text(header)
    (tmp_path / "on").write_text(header + "/swapfile file 1 0 -2\n")
    assert [swap(tmp_path / name).level for name in ("off", "on", "none")] == ["ok", "warn", "warn"]


def test_the_doctor_sees_what_is_missing_or_damaged(tmp_path: Path) -> None:
    write_manifest(tmp_path / "bundle")
    settings = Settings(
        bundles=(tmp_path / "bundle", tmp_path / "none"), edge=tmp_path, page=tmp_path, state=tmp_path, port=0
    )
    (tmp_path / "gateway.key").touch(mode=0o644)
    levels = [finding.level for look in (bundles, models, page, key, port) for finding in look(settings)]
    assert levels == ["fail", "fail", "fail", "fail", "fail", "ok"]


def test_the_doctor_sees_what_the_kernel_has(tmp_path: Path) -> None:
    (tmp_path / "with").write_text("quiet init_on_free=1\n")
    (tmp_path / "without").write_text("quiet init_on_free=0\n")
    assert [init_on_free(tmp_path / name).level for name in ("with", "without", "none")] == ["ok", "warn", "warn"]
    (tmp_path / "with").write_text("capability,landlock,yama")
    (tmp_path / "without").write_text("capability,yama")
    assert [landlock(tmp_path / name).level for name in ("with", "without", "none")] == ["ok", "warn", "warn"]


def test_the_doctor_asks_the_witnesses(tmp_path: Path) -> None:
    settings = Settings(bundles=(), policy=tmp_path / "policy.txt")
    assert [finding.level for finding in witnesses(settings)] == ["ok"]
    believed = read_policy(proofs.policy())
    settings.policy_file.write_text(write_policy(believed))
    assert [finding.level for finding in witnesses(settings)] == ["warn"]
    settings.policy_file.write_text("none")
    assert [finding.level for finding in witnesses(settings)] == ["fail"]
