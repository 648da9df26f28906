"""The log's key and policy on disk: made on the first start, and never about another log."""

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.log_setup import load_policy, log_vkey, open_log
from gateway.log_store import LogStore
from gateway.settings import Settings
from schemas.errors import LogUnavailable, PolicyInvalid
from schemas.log_policy import Policy, read_policy, write_policy
from schemas.log_proof import check_inclusion
from schemas.note import SignatureKind, VerifierKey
from tests.statements import NOW, signing_key
from tests.unit.gateway.doors import Clock
from tests.unit.gateway.log_world import policy

pytestmark = pytest.mark.anyio


async def test_a_first_start_makes_a_log_without_witnesses_and_a_second_finds_it(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state", bundles=())
    for index in range(2):
        keeper = open_log(settings, Clock())
        await keeper.start()
        entry = bytes([index])
        believed = read_policy((tmp_path / "state" / "policy.txt").read_text("utf-8"))
        assert believed == keeper.policy == Policy(log=keeper.policy.log)
        assert check_inclusion(believed, await keeper.append(entry), entry, now=NOW).index == index
        await keeper.stop()
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"log", "log.key", "policy.txt"}


def test_each_file_may_lie_elsewhere(tmp_path: Path) -> None:
    settings = Settings(bundles=(), log=tmp_path / "a", log_key_file=tmp_path / "b", policy=tmp_path / "c")
    open_log(settings, Clock())._store.close()
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "c"}


def test_a_policy_may_name_the_log_and_its_witnesses(tmp_path: Path) -> None:
    file = tmp_path / "policy.txt"
    believed = policy("north", "south", quorum=2)
    file.write_text(write_policy(believed), "utf-8")
    assert load_policy(file, signing_key("log")) == believed


def test_a_policy_about_another_key_or_of_no_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.txt"
    for raw in (write_policy(Policy(log=log_vkey(signing_key("other")))).encode(), b"", b"quorum none\n", b"\xff\n"):
        file.write_bytes(raw)
        with pytest.raises(PolicyInvalid):
            load_policy(file, signing_key("log"))
    with pytest.raises(PolicyInvalid, match="policy"):
        load_policy(file / "policy.txt", signing_key("log"))


def test_a_log_that_cannot_be_opened_is_let_go_of(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, bundles=())
    open_log(settings, Clock())._store.close()
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex((tmp_path / "log.key").read_text()))
    with LogStore(settings.log_folder), pytest.raises(LogUnavailable):
        open_log(settings, Clock())
    renamed = VerifierKey(name="log.example/2", kind=SignatureKind.ED25519, key=key.public_key())
    bad_url = msgspec.structs.replace(settings, policy=tmp_path / "other.txt")
    witnesses = policy("north", quorum=1).witnesses
    text = write_policy(Policy(log=renamed, witnesses=witnesses)).replace("http://", "ftp://")
    (tmp_path / "other.txt").write_text(text, "utf-8")
    with pytest.raises(PolicyInvalid):
        open_log(bad_url, Clock())
    LogStore(settings.log_folder).close()


def test_a_logs_name_comes_from_its_key() -> None:
    one, other = log_vkey(signing_key("log")), log_vkey(signing_key("other"))
    assert one.name.startswith("likeness/")
    assert one.name != other.name
