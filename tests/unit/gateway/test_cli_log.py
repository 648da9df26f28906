"""`likeness log check` against a gateway that really listens."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.cli import main
from gateway.log_keeper import LogKeeper
from gateway.site import read_site
from schemas.log_policy import Policy, open_checkpoint, write_policy
from tests.unit.gateway.doors import Scene
from tests.unit.gateway.log_place import BOTH, CALM, NOBODY, LogPlace, until
from tests.unit.gateway.log_world import LOG
from tests.world import listening

pytestmark = pytest.mark.anyio
FACT = b'{"kind":"likeness/public-fact/v1","what":"bundle"}'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogPlace:
    made = LogPlace(tmp_path)
    monkeypatch.setattr("time.time", lambda: made.clock.now)
    return made


@asynccontextmanager
async def served(place: LogPlace, believed: Policy, folder: str = "log") -> AsyncIterator[tuple[LogKeeper, str]]:
    async with place.running(believed, CALM, folder=place.folder / folder) as keeper:
        await until(keeper.checkpoint)
        site = read_site(place.folder / "web", place.folder / "edge")
        async with listening(create_app(Scene().door(), site, log=keeper)) as address:
            yield keeper, f"{address}/log"


async def check(*arguments: str | Path) -> int:
    return await asyncio.to_thread(main, ["log", "check", *map(str, arguments)])


async def test_a_log_is_checked_and_compared_with_the_last_visit(
    place: LogPlace, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, kept = place.folder / "policy.txt", place.folder / "kept.txt"
    policy.write_text(write_policy(BOTH), "utf-8")
    async with served(place, BOTH) as (keeper, url):
        await asyncio.gather(*(keeper.append(index.to_bytes(32, "big")) for index in range(5)), keeper.append(FACT))
        assert await check(url, "--policy", policy, "--kept", kept) == 0
        said = capsys.readouterr().out
        assert "signed for 6 entries" in said
        assert "by north, south" in said
        assert "5 commitments" in said
        assert 'likeness/public-fact/v1 what="bundle"' in said
        assert "\u2717" not in said
        assert "!" not in said
        assert open_checkpoint(BOTH, kept.read_text("utf-8"), now=None).checkpoint.size == 6

        await asyncio.gather(*(keeper.append(index.to_bytes(32, "big")) for index in range(5, 300)))
        assert await check(url, "--policy", policy, "--kept", kept) == 0
        said = capsys.readouterr().out
        assert "The first 6 are those" in said
        assert "1 public fact, 0 of them new" in said
        assert open_checkpoint(BOTH, kept.read_text("utf-8"), now=None).checkpoint.size == 301


async def test_a_policy_from_the_log_itself_is_said_to_be_one(
    place: LogPlace, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served(place, NOBODY) as (keeper, url):
        await keeper.append(FACT)
        assert await check(f"{url}/") == 0
        said = capsys.readouterr().out
        assert "! The policy came from the log itself" in said
        assert "! No witness is asked for" in said


async def test_a_fork_is_found_out_and_both_checkpoints_are_kept(
    place: LogPlace, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = place.folder / "kept.txt"
    async with served(place, NOBODY) as (keeper, url):
        await keeper.append(b"shown to one person")
        await check(url, "--kept", kept)
    before = kept.read_text("utf-8")
    async with served(place, NOBODY, "fork") as (keeper, url):
        await keeper.append(b"shown to another")
        await keeper.append(b"and one more")
        capsys.readouterr()
        assert await check(url, "--kept", kept) == 1
        assert "(proof-invalid)" in capsys.readouterr().out
        assert kept.read_text("utf-8") == before
        conflict = place.folder / "kept.txt.conflict"
        assert conflict.read_text("utf-8") == keeper.checkpoint()


async def test_a_log_that_was_put_back_is_found_out(place: LogPlace) -> None:
    kept = place.folder / "kept.txt"
    async with served(place, NOBODY) as (keeper, url):
        await keeper.append(b"one")
    shutil.copytree(place.folder / "log", place.folder / "copy")
    async with served(place, NOBODY) as (keeper, url):
        await keeper.append(b"two")
        assert await check(url, "--kept", kept) == 0
    async with served(place, NOBODY, "copy") as (_keeper, url):
        assert await check(url, "--kept", kept) == 1


async def test_another_policy_than_the_logs_is_not_satisfied(
    place: LogPlace, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = place.folder / "policy.txt"
    async with served(place, NOBODY) as (_keeper, url):
        policy.write_text(write_policy(BOTH), "utf-8")
        assert await check(url, "--policy", policy) == 1
        assert "(checkpoint-unwitnessed)" in capsys.readouterr().out
        policy.write_text(write_policy(Policy(log=LOG)), "utf-8")
        assert await check(url, "--policy", policy) == 0


async def test_what_cannot_be_read_or_reached_is_said(place: LogPlace, capsys: pytest.CaptureFixture[str]) -> None:
    unreadable = place.folder / "unreadable"
    unreadable.write_bytes(b"\xff")
    async with served(place, NOBODY) as (_keeper, url):
        for arguments, code in (
            ((url.removesuffix("/log"),), "log-unavailable"),
            ((url, "--policy", place.folder / "none"), "setting-invalid"),
            ((url, "--policy", unreadable), "note-malformed"),
            ((url, "--kept", unreadable), "note-malformed"),
            ((url, "--kept", place.folder / "none" / "kept"), "setting-invalid"),
            (("ftp://log.example",), "setting-invalid"),
        ):
            assert await check(*arguments) == 1
            assert f"({code})" in capsys.readouterr().out
    assert await check(url) == 1
    assert "cannot be reached" in capsys.readouterr().out


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["log", "check", "--help"])
    assert ended.value.code == 0
    assert "--kept" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["log"])
    assert ended.value.code == 2
