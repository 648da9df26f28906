"""A TPM through tpm2-tools: a real one in software (swtpm)."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.attestation import Quote, check_quote, quote_binding
from schemas.errors import QuoteInvalid, SettingInvalid
from schemas.scalars import digest, from_b64u
from tests import swtpm
from tests.statements import SOFTWARE, seed
from worker import attest
from worker.attest import Tpm

pytestmark = pytest.mark.anyio

BINDING = quote_binding(bytes(1216), seed("offer"))
OTHER = quote_binding(bytes(1216), seed("another offer"))


@pytest.fixture
def tcti(tmp_path: Path) -> Iterator[str]:
    """A new TPM."""
    (tmp_path / "tpm").mkdir()
    with swtpm.running(tmp_path / "tpm") as where:
        yield where


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The worker's own."""
    (tmp_path / "worker").mkdir()
    return tmp_path / "worker"


def tool(tcti: str, folder: Path, *words: str) -> int:
    """What one command of tpm2-tools ends with."""
    env = {"PATH": "/usr/bin:/bin:/usr/local/bin", "TPM2TOOLS_TCTI": tcti}
    return subprocess.run(["tpm2", *words], cwd=folder, env=env, capture_output=True, check=False).returncode


async def test_a_quote_is_about_its_key_offer_and_program(tcti: str, folder: Path) -> None:
    tpm = Tpm(tcti, folder)
    key = await tpm.make_key()
    await tpm.measure(SOFTWARE)
    quote = await tpm.quote(BINDING)
    check_quote(quote, key, binding=BINDING, software=SOFTWARE)
    for binding, software in ((OTHER, SOFTWARE), (BINDING, digest(b"another program"))):
        with pytest.raises(QuoteInvalid):
            check_quote(quote, key, binding=binding, software=software)


async def test_a_program_that_we_did_not_write_agrees(tcti: str, folder: Path) -> None:
    tpm = Tpm(tcti, folder)
    await tpm.make_key()
    await tpm.measure(SOFTWARE)
    quote = await tpm.quote(BINDING)
    (folder / "message").write_bytes(from_b64u(quote.message))
    check = ("checkquote", "-u", "key.pem", "-m", "message", "-s", "quote.signature", "-g", "sha256")
    assert tool(tcti, folder, *check, "-q", BINDING.hex()) == 0
    assert tool(tcti, folder, *check, "-q", OTHER.hex()) != 0


async def test_quotes_asked_for_at_once_are_all_good(tcti: str, folder: Path) -> None:
    tpm = Tpm(tcti, folder)
    key = await tpm.make_key()
    await tpm.measure(SOFTWARE)
    bindings = [quote_binding(bytes(1216), bytes([i]) * 32) for i in range(6)]
    quotes = await asyncio.gather(*map(tpm.quote, bindings))
    for binding, quote in zip(bindings, quotes, strict=True):
        check_quote(quote, key, binding=binding, software=SOFTWARE)


async def test_a_register_that_another_program_changed_is_measured_again(tcti: str, folder: Path) -> None:
    tpm = Tpm(tcti, folder)
    key = await tpm.make_key()
    await tpm.measure(SOFTWARE)
    assert tool(tcti, folder, "pcrextend", f"23:sha256={SOFTWARE}") == 0
    check_quote(await tpm.quote(BINDING), key, binding=BINDING, software=SOFTWARE)


async def test_a_new_program_is_told_from_the_old(tcti: str, folder: Path) -> None:
    tpm = Tpm(tcti, folder)
    key = await tpm.make_key()
    await tpm.measure(SOFTWARE)
    await tpm.measure(digest(b"the next program"))
    quote = await tpm.quote(BINDING)
    check_quote(quote, key, binding=BINDING, software=digest(b"the next program"))
    with pytest.raises(QuoteInvalid):
        check_quote(quote, key, binding=BINDING, software=SOFTWARE)


async def test_a_tpm_has_one_key_until_it_is_cleared_and_two_have_two(tcti: str, folder: Path, tmp_path: Path) -> None:
    first = await Tpm(tcti, folder).make_key()
    assert await Tpm(tcti, folder).make_key() == first
    (tmp_path / "other").mkdir()
    with swtpm.running(tmp_path / "other") as other:
        assert await Tpm(other, folder).make_key() != first
    assert tool(tcti, folder, "clear") == 0
    assert await Tpm(tcti, folder).make_key() != first


async def test_the_key_signs_nothing_that_looks_like_a_quote_but_is_none(tcti: str, folder: Path) -> None:
    tpm = Tpm(tcti, folder)
    await tpm.make_key()
    await tpm.measure(SOFTWARE)
    quote = await tpm.quote(BINDING)
    (folder / "letter").write_bytes(b"dear reader")
    (folder / "forged").write_bytes(from_b64u(quote.message).replace(BINDING, OTHER))
    outcomes = []
    for file in ("letter", "forged"):
        tool(tcti, folder, "flushcontext", "--transient-object")
        outcomes.append(tool(tcti, folder, "sign", "-c", "key.context", "-g", "sha256", "-o", "signature", file) == 0)
    assert outcomes == [True, False]


async def test_a_quote_of_another_tpm_is_refused(tcti: str, folder: Path, tmp_path: Path) -> None:
    ours, theirs = Tpm(tcti, folder), tmp_path / "other"
    key = await ours.make_key()
    theirs.mkdir()
    with swtpm.running(theirs) as where:
        other = Tpm(where, folder)
        await other.make_key()
        await other.measure(SOFTWARE)
        quote = await other.quote(BINDING)
    with pytest.raises(QuoteInvalid):
        check_quote(quote, key, binding=BINDING, software=SOFTWARE)


async def test_without_a_key_there_is_no_quote(tcti: str, folder: Path) -> None:
    with pytest.raises(SettingInvalid, match="LIKENESS_TPM"):
        await Tpm(tcti, folder).measure(SOFTWARE)
    with pytest.raises(QuoteInvalid):
        await Tpm(tcti, folder).quote(BINDING)


@pytest.mark.parametrize("where", ["swtpm:host=127.0.0.1,port=1", "device:/dev/null", "device:/nowhere"])
async def test_a_tpm_that_is_not_there_is_named_by_its_setting(where: str, folder: Path) -> None:
    with pytest.raises(SettingInvalid, match="LIKENESS_TPM"):
        await Tpm(where, folder).make_key()


async def test_an_owner_with_a_password_is_refused_by_the_setting(tcti: str, folder: Path) -> None:
    assert tool(tcti, folder, "changeauth", "-c", "owner", "secret") == 0
    with pytest.raises(SettingInvalid, match="LIKENESS_TPM"):
        await Tpm(tcti, folder).make_key()


async def test_missing_tools_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(SettingInvalid, match="tpm2-tools"):
        await Tpm("device:/dev/tpmrm0", folder).make_key()


async def test_a_tpm_that_does_not_answer_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attest, "TOOL_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(SettingInvalid, match="LIKENESS_TPM"):
            await Tpm(f"swtpm:host=127.0.0.1,port={port}", folder).make_key()


async def test_a_tpm_that_goes_away_ends_a_claim_and_no_worker(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "tpm").mkdir()
    with swtpm.running(tmp_path / "tpm") as where:
        tpm = Tpm(where, folder)
        await tpm.make_key()
        await tpm.measure(SOFTWARE)
        assert isinstance(await tpm.quote(BINDING), Quote)
    with pytest.raises(QuoteInvalid):
        await tpm.quote(BINDING)


async def test_a_claim_that_is_given_up_leaves_no_program_and_the_next_is_served(tcti: str, folder: Path) -> None:
    tpm = Tpm(tcti, folder)
    key = await tpm.make_key()
    await tpm.measure(SOFTWARE)
    before = children()
    for turns in range(12):
        given_up = asyncio.create_task(tpm.quote(OTHER))
        for _ in range(turns):
            await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert children() == before
    check_quote(await tpm.quote(BINDING), key, binding=BINDING, software=SOFTWARE)


def children() -> set[str]:
    """The process ids of what this process has started and not yet collected."""
    return {pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()}
