"""What must hold before a worker serves."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.errors import SettingInvalid, UnsafeHost
from tests import swtpm
from tests.statements import SOFTWARE
from tests.unit.worker.conftest import settings_for
from tests.unit.worker.person import Person
from worker import host
from worker.models import Bundle
from worker.startup import measured_tpm, require_safe_host, require_settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make this machine one with or without swap, where memory can be locked or not."""

    def be(*, swap: bool | None, locks: bool) -> None:
        monkeypatch.setattr(host, "swap_is_on", lambda: swap)
        monkeypatch.setattr(host, "may_lock_memory", lambda: locks)

    return be


@pytest.mark.parametrize("swap", [True, None])
def test_swap_must_be_accepted_by_name_where_memory_cannot_be_locked(
    bundle: Bundle,
    person: Person,
    machine: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    *,
    swap: bool | None,
) -> None:
    machine(swap=swap, locks=False)
    require_safe_host(settings_for(bundle, person, LIKENESS_ACCEPT_SWAP="yes"))
    assert "every receipt says so" in caplog.text
    with pytest.raises(UnsafeHost, match="--i-accept-swap"):
        require_safe_host(settings_for(bundle, person, LIKENESS_ACCEPT_SWAP="no"))


@pytest.mark.parametrize(("swap", "locks"), [(True, True), (None, True), (False, True), (False, False)])
def test_without_swap_or_with_locked_memory_nothing_must_be_accepted(
    bundle: Bundle, person: Person, machine: Callable[..., None], *, swap: bool | None, locks: bool
) -> None:
    machine(swap=swap, locks=locks)
    require_safe_host(settings_for(bundle, person, LIKENESS_ACCEPT_SWAP="no"))


@pytest.mark.parametrize(
    ("named", "more"),
    [
        ("LIKENESS_GATEWAY_KEY", {"LIKENESS_GATEWAY_KEY": ""}),
        ("LIKENESS_BUNDLES", {"LIKENESS_BUNDLES": ":"}),
        ("LIKENESS_TPM", {"LIKENESS_POOL": "attested"}),
        ("LIKENESS_ENDORSEMENT", {"LIKENESS_ENDORSEMENT": "word", "LIKENESS_POOL": "volunteer"}),
        ("LIKENESS_ENDORSEMENT", {"LIKENESS_ENDORSEMENT": "nowhere"}),
    ],
)
def test_what_is_missing_is_named(
    bundle: Bundle, person: Person, tmp_path: Path, named: str, more: dict[str, str]
) -> None:
    if "LIKENESS_ENDORSEMENT" in more:
        file = tmp_path / more["LIKENESS_ENDORSEMENT"]
        more = more | {"LIKENESS_ENDORSEMENT": str(file)}
        if file.name != "nowhere":
            file.write_text(person.world.endorsement_jws(), "ascii")
    worker = person.world.claim().worker
    with pytest.raises(SettingInvalid, match=named):
        require_settings(settings_for(bundle, person, **more), worker, person.world.now)


def test_a_worker_with_its_companys_word_may_start(bundle: Bundle, person: Person, tmp_path: Path) -> None:
    (tmp_path / "word").write_text(person.world.endorsement_jws(), "ascii")
    settings = settings_for(bundle, person, LIKENESS_ENDORSEMENT=str(tmp_path / "word"))
    require_settings(settings, person.world.claim().worker, person.world.now)


async def test_a_tpm_is_measured_before_anything_is_served_and_leaves_no_file(
    bundle: Bundle, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tpm").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with swtpm.running(tmp_path / "tpm") as where:
        async with measured_tpm(settings_for(bundle, person, LIKENESS_TPM=where), SOFTWARE) as found:
            assert found is not None
            tpm, _ = found
            await tpm.quote(bytes(32))
    assert list((tmp_path / "temporary").iterdir()) == []


async def test_without_a_tpm_there_is_none(bundle: Bundle, person: Person) -> None:
    async with measured_tpm(settings_for(bundle, person), SOFTWARE) as found:
        assert found is None
