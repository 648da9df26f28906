"""Settings from the environment."""

import dataclasses
from pathlib import Path

import pytest

from schemas.errors import SettingInvalid
from worker.settings import READERS, Settings, read

HOME = {"HOME": "/home/somebody"}


def test_a_worker_on_its_own_machine_needs_a_gateway_key_only() -> None:
    settings = read(HOME)
    assert settings.gateway_key == ()
    assert (settings.nats_url, settings.pool, settings.provider) == ("nats://127.0.0.1:4222", "company", "cpu")
    assert (settings.lease_seconds, settings.job_seconds, settings.accept_swap) == (30, 120, False)
    assert settings.worker_key_file == Path("/home/somebody/.local/state/likeness/worker.key")
    assert settings.licences == {"Apache-2.0"}
    assert settings.bundles[0].parts[-3:] == ("worker", "bundles", "embedded")


def test_a_tpm_is_named_as_tpm2_tools_write_it() -> None:
    assert read(HOME).tpm is None
    for where in (
        "device:/dev/tpmrm0",
        "swtpm:host=127.0.0.1,port=2321",
        "mssim:",
        "tabrmd:bus_name=com.example.Tabrmd",
    ):
        assert read(HOME | {"LIKENESS_TPM": where}).tpm == where


def test_a_gateway_that_changes_its_key_has_two() -> None:
    old, new = "a" * 43, "-" + "b" * 42
    assert read(HOME | {"LIKENESS_GATEWAY_KEY": old}).gateway_key == (old,)
    assert read(HOME | {"LIKENESS_GATEWAY_KEY": f"{old}, {new}"}).gateway_key == (old, new)


def test_an_endorsement_is_a_file_or_nothing() -> None:
    assert read(HOME).endorsement is None
    assert read(HOME | {"LIKENESS_ENDORSEMENT": "/etc/word.jws"}).endorsement == Path("/etc/word.jws")


def test_every_field_has_a_reader() -> None:
    assert set(READERS) == {field.name for field in dataclasses.fields(Settings)}


def test_lists_are_cut_at_their_separators() -> None:
    settings = read(HOME | {"LIKENESS_BUNDLES": "/a:/b", "LIKENESS_LICENCES": "MIT, Apache-2.0,"})
    assert settings.bundles == (Path("/a"), Path("/b"))
    assert settings.licences == {"MIT", "Apache-2.0"}


def test_the_state_folder_is_the_desktop_standards() -> None:
    assert read({"XDG_STATE_HOME": "/state"}).worker_key_file == Path("/state/likeness/worker.key")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIKENESS_NATS_URL", "localhost"),
        ("LIKENESS_NATS_URL", "http://localhost"),
        ("LIKENESS_GATEWAY_KEY", "short"),
        ("LIKENESS_GATEWAY_KEY", f"{'a' * 43},short"),
        ("LIKENESS_GATEWAY_KEY", f"{'a' * 43} {'b' * 43}"),
        ("LIKENESS_POOL", "mine"),
        ("LIKENESS_REGION", "The North"),
        ("LIKENESS_OPERATOR", "x" * 121),
        ("LIKENESS_PROVIDER", "tpu"),
        ("LIKENESS_THREADS", "0"),
        ("LIKENESS_THREADS", "two"),
        ("LIKENESS_ACCEPT_SWAP", "maybe"),
        ("LIKENESS_TPM", "yes"),
        ("LIKENESS_TPM", "device:/dev/tpm0"),
        ("LIKENESS_TPM", "device:/dev/tpmrm0\n"),
        ("LIKENESS_TPM", "cmd:nc"),
        ("LIKENESS_TPM", "swtpm:host=a b"),
        ("LIKENESS_LEASE_SECONDS", "121"),
        ("LIKENESS_JOB_SECONDS", "-1"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=name) as refused:
        read(HOME | {name: value})
    assert value not in refused.value.detail.split()
