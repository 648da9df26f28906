"""The company's word for a worker."""

from pathlib import Path

import pytest

from schemas import signing
from schemas.errors import SettingInvalid
from schemas.worker_key import ENDORSEMENT_SECONDS, check_endorsement
from tests.statements import World
from worker.endorsement import read_endorsement

WORLD = World()
WORKER = signing.thumbprint(WORLD.worker.public_key())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "endorsement.jws"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_word_of_the_company_is_what_a_browser_accepts(file: Path, end: str) -> None:
    file.write_text(WORLD.endorsement_jws() + end, "ascii")
    jws = read_endorsement(file, WORKER, WORLD.now)
    check_endorsement(WORLD.roster(endorsement=jws), WORLD.company.public_key(), now=WORLD.now)


@pytest.mark.parametrize(
    "edits",
    [
        {"worker": signing.thumbprint(WORLD.gateway.public_key())},
        {"not_after": WORLD.now},
        {"issued_at": WORLD.now + 120},
        {"not_after": WORLD.now + ENDORSEMENT_SECONDS + 1},
    ],
)
def test_what_a_browser_would_refuse_is_refused_here(file: Path, edits: dict[str, object]) -> None:
    file.write_text(WORLD.endorsement_jws(**edits), "ascii")
    with pytest.raises(SettingInvalid, match="LIKENESS_ENDORSEMENT"):
        read_endorsement(file, WORKER, WORLD.now)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a.b.c", WORLD.roster_jws().encode(), b"x" * 200_000])
def test_what_is_no_endorsement_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(SettingInvalid, match="LIKENESS_ENDORSEMENT"):
        read_endorsement(file, WORKER, WORLD.now)


def test_an_altered_word_is_refused(file: Path) -> None:
    head, payload, signature = WORLD.endorsement_jws().split(".")
    file.write_text(f"{head}.{payload}.{signature[:-4]}AAAA", "ascii")
    with pytest.raises(SettingInvalid):
        read_endorsement(file, WORKER, WORLD.now)


def test_a_file_that_is_not_there_is_named_by_its_setting(file: Path) -> None:
    with pytest.raises(SettingInvalid, match="LIKENESS_ENDORSEMENT"):
        read_endorsement(file, WORKER, WORLD.now)
    with pytest.raises(SettingInvalid, match="LIKENESS_ENDORSEMENT"):
        read_endorsement(file.parent, WORKER, WORLD.now)
