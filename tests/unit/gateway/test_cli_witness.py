"""`likeness witness`: says its key, refuses to start without logs to watch, and serves as a process of its own."""

import os
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

import msgspec
import pytest

from gateway.cli import main
from gateway.cli_witness import build_witness
from gateway.cosigning import cosign
from gateway.http_client import HttpClient
from gateway.witness_settings import PREFIX, WitnessSettings, read_witness_settings
from schemas.checkpoint import cosigned_at
from schemas.errors import SettingInvalid
from schemas.log_policy import Witness
from schemas.note import SignatureKind, read_note, read_vkey
from tests.unit.gateway.log_world import LOG, Tree

TOP: Final = Path(__file__).parents[3]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    file = tmp_path / "logs.txt"
    file.write_text(f"# watched\n{LOG.text}\n", "utf-8")
    return file


def test_it_prints_its_key_the_same_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIKENESS_WITNESS_STATE", str(tmp_path))
    said = []
    for _ in range(2):
        assert main(["witness", "--vkey"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert read_vkey(said[0].strip()).kind is SignatureKind.COSIGNATURE
    assert stat.S_IMODE((tmp_path / "witness.key").stat().st_mode) == 0o600


def test_its_name_is_what_was_chosen_or_made_from_its_key(tmp_path: Path, logs: Path) -> None:
    settings = WitnessSettings(state=tmp_path, logs=logs)
    unnamed = build_witness(settings)
    named = build_witness(msgspec.structs.replace(settings, name="witness.example/north"))
    assert unnamed.name.startswith("likeness-witness/")
    assert (named.name, named.verifier.key) == ("witness.example/north", unnamed.verifier.key)
    for witness in (unnamed, named):
        witness.state.close()


@pytest.mark.parametrize("name", ["two words", "a+b", "\u2003", "line\nline"])
def test_a_name_that_cannot_sign_is_refused(tmp_path: Path, logs: Path, name: str) -> None:
    with pytest.raises(SettingInvalid, match="LIKENESS_WITNESS_NAME"):
        build_witness(WitnessSettings(state=tmp_path, logs=logs, name=name))


@pytest.mark.parametrize("content", [None, b"", b"# nobody\n", b"log.example\n", b"\xff\n"])
def test_it_does_not_start_without_logs_to_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "logs.txt").write_bytes(content)
    monkeypatch.setenv("LIKENESS_WITNESS_STATE", str(tmp_path))
    monkeypatch.setenv("LIKENESS_WITNESS_LOGS", str(tmp_path / "logs.txt"))
    assert main(["witness"]) == 1
    assert "setting-invalid" in capsys.readouterr().err
    assert not (tmp_path / "witness.sqlite").exists()


def test_settings_are_read_under_their_own_names() -> None:
    settings = read_witness_settings({"LIKENESS_WITNESS_PORT": "8010", "LIKENESS_PORT": "1", "LIKENESS_STATE": "s"})
    assert (settings.port, settings.logs) == (8010, None)
    with pytest.raises(SettingInvalid, match="LIKENESS_WITNESS_PORT"):
        read_witness_settings({"LIKENESS_WITNESS_PORT": "many"})


def test_every_setting_is_told() -> None:
    readme = (TOP / "gateway" / "README.md").read_text("utf-8")
    fields = [PREFIX + field.name.upper() for field in msgspec.structs.fields(WitnessSettings)]
    assert [name for name in fields if f"`{name}`" not in readme] == []


def test_as_a_process_it_cosigns_and_remembers(tmp_path: Path, logs: Path) -> None:
    tree = Tree()
    tree.grow(30)
    transport = HttpClient()
    for known, size in ((0, 20), (0, 30)):
        port = free_port()
        settings = {"STATE": str(tmp_path), "LOGS": str(logs), "PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "witness"],
            cwd=TOP,
            env=os.environ | {PREFIX + name: value for name, value in settings.items()},
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            vkey = next(line for line in about(port).splitlines() if "likeness-witness/" in line)
            north = Witness(key=read_vkey(vkey), url=f"http://127.0.0.1:{port}")
            line = cosign(transport, north, tree.checkpoint(size), known, tree.consistency)
            assert cosigned_at(read_note(tree.checkpoint(size) + line), north.key)
            transport.close()
            process.terminate()
            assert process.stderr is not None
            assert process.stderr.read() == f"witness: key {vkey}\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def about(port: int) -> str:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:  # not listening yet
            time.sleep(0.01)
    raise TimeoutError
