"""A round of the log: nothing is proved that too few witnesses saw, and nothing is added to a tree they do not know."""

import shutil
import threading
from pathlib import Path

import pytest

from gateway.http_client import Answer
from gateway.log_keeper import Beat, LogKeeper
from gateway.log_rounds import REFRESH_SECONDS
from gateway.log_store import LogStore
from schemas.errors import LogUnavailable, PolicyInvalid
from schemas.log_policy import MAX_CHECKPOINT_AGE_SECONDS, Policy, open_checkpoint
from schemas.note import SignatureKind, VerifierKey
from tests.statements import signing_key
from tests.unit.gateway.log_place import BOTH, CALM, EITHER, NOBODY, LogPlace, size_of, until
from tests.unit.gateway.log_world import LOG_KEY, ORIGIN, witness

pytestmark = pytest.mark.anyio


@pytest.fixture
def place(tmp_path: Path) -> LogPlace:
    return LogPlace(tmp_path)


async def test_with_too_few_witnesses_nothing_is_proved_and_nothing_is_lost(place: LogPlace) -> None:
    async with place.running(BOTH, CALM) as keeper:
        await until(keeper.checkpoint)
        place.wire.cut.add("south")
        with pytest.raises(LogUnavailable, match="south"):
            await keeper.append(b"one")
        assert keeper.health() == "log-unavailable"
        assert size_of(keeper.checkpoint()) == 0
        with pytest.raises(LogUnavailable):
            await keeper.prove(b"one")
        place.wire.cut.clear()
        assert place.check(BOTH, await keeper.append(b"two"), b"two").index == 1
        assert place.check(BOTH, await keeper.append(b"one"), b"one").index == 0
        assert keeper.health() == ""


async def test_when_witnesses_come_back_the_log_notices(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        await until(keeper.checkpoint)
        place.wire.cut.add("south")
        with pytest.raises(LogUnavailable):
            await keeper.append(b"one")
        place.wire.cut.clear()
        await until(lambda: size_of(keeper.checkpoint()) == 1 and keeper.health() == "")


async def test_one_witness_of_two_is_enough_where_the_policy_says_so(place: LogPlace) -> None:
    place.wire.cut.add("north")
    async with place.running(EITHER) as keeper:
        assert place.check(EITHER, await keeper.append(b"one"), b"one").witnesses == ("south",)
        assert keeper.health() == ""


async def test_a_witness_that_hangs_holds_up_only_itself(place: LogPlace) -> None:
    release, held = threading.Event(), threading.Event()

    def hang(_body: bytes) -> Answer:
        held.set()
        release.wait(20)
        return Answer(503, b"")

    place.wire.instead["north"] = hang
    async with place.running(EITHER) as keeper:
        for number in range(3):
            assert place.check(EITHER, await keeper.append(bytes([number])), bytes([number])).witnesses == ("south",)
        assert held.is_set()
        assert place.wire.asked.count("north") == 1
        release.set()


async def test_a_witness_that_hangs_is_waited_for_as_long_as_was_said(place: LogPlace) -> None:
    release = threading.Event()
    place.wire.instead["north"] = lambda _body: Answer(503, str(release.wait(20)).encode())
    async with place.running(BOTH, Beat(tick_seconds=0.001, quorum_seconds=0.05)) as keeper:
        with pytest.raises(LogUnavailable, match="north: no answer yet"):
            await keeper.append(b"one")
        release.set()


async def test_what_a_witness_says_late_still_counts(place: LogPlace) -> None:
    release = threading.Event()
    north = None

    def late(body: bytes) -> Answer:
        release.wait(20)
        outcome = place.wire.witnesses["north"].add_checkpoint(body)
        return Answer(200, getattr(outcome, "line", "").encode())

    async with place.running(EITHER, CALM) as keeper:
        await until(keeper.checkpoint)
        await until(lambda: place.wire.asked.count("north") == 1)
        north = place.wire.witnesses["north"]
        place.wire.instead["north"] = late
        assert place.check(EITHER, await keeper.append(b"one"), b"one").witnesses == ("south",)
        release.set()
        await until(lambda: len(open_now(place, EITHER, keeper)) == 2)
        assert place.check(EITHER, await keeper.prove(b"one"), b"one").witnesses == ("north", "south")
    assert north is not None


def open_now(place: LogPlace, believed: Policy, keeper: LogKeeper) -> tuple[str, ...]:
    note = keeper.checkpoint()
    return () if note is None else open_checkpoint(believed, note, now=place.clock.now).witnesses


async def test_an_old_checkpoint_is_witnessed_again_for_a_proof(place: LogPlace) -> None:
    async with place.running(BOTH, CALM) as keeper:
        first = await keeper.append(b"one")
        place.clock.now += REFRESH_SECONDS
        assert await keeper.prove(b"one") == first
        place.clock.now += 1
        again = place.check(BOTH, await keeper.prove(b"one"), b"one")
        assert (again.at, again.size) == (place.clock.now, 1)
        place.clock.now += MAX_CHECKPOINT_AGE_SECONDS + 1
        place.wire.cut.add("north")
        assert keeper.health() == "checkpoint-stale"
        with pytest.raises(LogUnavailable):
            await keeper.prove(b"one")


async def test_a_checkpoint_is_kept_fresh_when_nobody_asks(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        await keeper.append(b"one")
        for _ in range(2):
            place.clock.now += REFRESH_SECONDS + 1
            await until(lambda: open_now_at(place, keeper) == place.clock.now)
        assert size_of(keeper.checkpoint()) == 1


def open_now_at(place: LogPlace, keeper: LogKeeper) -> int | None:
    return open_checkpoint(BOTH, keeper.checkpoint() or "", now=place.clock.now).at


@pytest.mark.parametrize("seconds", [-MAX_CHECKPOINT_AGE_SECONDS - 1, 61])
async def test_a_witness_with_a_wrong_clock_does_not_count(place: LogPlace, seconds: int) -> None:
    place.wire.witnesses["north"] = witness(place.folder, "north", lambda: place.clock.now + seconds)
    async with place.running(BOTH) as keeper:
        with pytest.raises(LogUnavailable, match="checkpoint-stale"):
            await keeper.append(b"one")


async def test_a_log_that_comes_back_goes_on(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        await keeper.append(b"one")
        before = keeper.checkpoint()
    place.clock.now += 10
    place.wire.cut.update(("north", "south"))
    async with place.running(BOTH, CALM) as keeper:
        assert keeper.checkpoint() == before
    place.wire.cut.clear()
    async with place.running(BOTH) as keeper:
        assert place.check(BOTH, await keeper.append(b"two"), b"two").index == 1
        assert place.check(BOTH, await keeper.prove(b"one"), b"one").index == 0
        assert keeper.health() == ""


async def test_witnesses_that_come_back_go_on(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        await keeper.append(b"one")
        for name in ("north", "south"):
            place.wire.witnesses[name].state.close()
            place.wire.witnesses[name] = witness(place.folder, name, place.clock)
        assert place.check(BOTH, await keeper.append(b"two"), b"two").index == 1


async def test_what_was_not_witnessed_before_a_restart_is_after(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        await until(keeper.checkpoint)
        place.wire.cut.add("north")
        with pytest.raises(LogUnavailable):
            await keeper.append(b"one")
    place.wire.cut.clear()
    async with place.running(BOTH, CALM) as keeper:
        await until(lambda: size_of(keeper.checkpoint()) == 1)
        assert place.check(BOTH, await keeper.prove(b"one"), b"one").index == 0


async def test_a_log_that_was_put_back_to_an_older_copy_signs_nothing_new(place: LogPlace) -> None:
    log, copy = place.folder / "log", place.folder / "copy"
    async with place.running(BOTH) as keeper:
        await keeper.append(b"one")
    shutil.copytree(log, copy)
    async with place.running(BOTH) as keeper:
        await keeper.append(b"two")
    async with place.running(BOTH, folder=copy) as keeper:
        await until(lambda: keeper.health() == "proof-invalid")
        for _ in range(2):
            with pytest.raises(LogUnavailable):
                await keeper.append(b"another two")
    with LogStore(copy) as store:
        assert store.size == 1
    async with place.running(BOTH) as keeper:
        assert place.check(BOTH, await keeper.append(b"three"), b"three").index == 2


async def test_nothing_is_added_before_the_witnesses_have_known_the_tree_again(place: LogPlace) -> None:
    log, copy = place.folder / "log", place.folder / "copy"
    async with place.running(BOTH) as keeper:
        await keeper.append(b"one")
    shutil.copytree(log, copy)
    async with place.running(BOTH) as keeper:
        await keeper.append(b"two")
    # The older copy cannot learn that it is one.
    place.wire.cut.update(("north", "south"))
    async with place.running(BOTH, CALM, folder=copy) as keeper:
        with pytest.raises(LogUnavailable, match="RemoteDisconnected"):
            await keeper.append(b"another two")
        place.wire.cut.clear()
        with pytest.raises(LogUnavailable, match="larger"):
            await keeper.append(b"another two")
        assert keeper.health() == "proof-invalid"
    with LogStore(copy) as store:
        assert store.size == 1


async def test_a_second_log_under_the_same_name_is_a_fork(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        await keeper.append(b"one")
    async with place.running(BOTH, folder=place.folder / "fork") as keeper:
        with pytest.raises(LogUnavailable):
            await keeper.append(b"shown to one person")
        assert keeper.health() == "proof-invalid"
    with LogStore(place.folder / "fork") as store:
        assert store.size == 0


async def test_a_witness_that_disputes_is_told_of_even_where_the_others_are_enough(place: LogPlace) -> None:
    async with place.running(EITHER, CALM) as keeper:
        await keeper.append(b"one")
        place.wire.instead["south"] = lambda _body: Answer(409, b"1000\n")
        assert place.check(EITHER, await keeper.append(b"two"), b"two").index == 1
        await until(lambda: keeper.health() == "proof-invalid")
        assert place.check(EITHER, await keeper.append(b"three"), b"three").index == 2


async def test_a_defect_in_asking_ends_neither_the_lane_nor_the_log(
    place: LogPlace, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(body: bytes) -> Answer:
        raise ValueError(body)

    place.wire.instead["north"] = fail
    async with place.running(BOTH, CALM) as keeper:
        with pytest.raises(LogUnavailable):
            await keeper.append(b"one")
        place.wire.instead.clear()
        assert place.check(BOTH, await keeper.append(b"one"), b"one").index == 0
    assert "ValueError" in caplog.text
    assert ORIGIN not in caplog.text


def other_key() -> Policy:
    key = VerifierKey(name=ORIGIN, kind=SignatureKind.ED25519, key=signing_key("other").public_key())
    return Policy(log=key)


def other_name() -> Policy:
    return Policy(log=VerifierKey(name="log.example/2", kind=SignatureKind.ED25519, key=LOG_KEY.public_key()))


async def test_a_log_goes_on_only_under_its_own_name_and_key(place: LogPlace) -> None:
    async with place.running(NOBODY) as keeper:
        await keeper.append(b"one")
    for believed in (other_key(), other_name()):
        with LogStore(place.folder / "log") as store, pytest.raises(PolicyInvalid):
            LogKeeper(store, believed, LOG_KEY, clock=place.clock, transport=place.wire)


async def test_a_policy_that_changes_shows_only_what_it_accepts(place: LogPlace) -> None:
    async with place.running(NOBODY) as keeper:
        await keeper.append(b"one")
    place.wire.cut.add("north")
    async with place.running(BOTH, CALM) as keeper:
        assert keeper.checkpoint() is None
        await until(lambda: keeper.health() == "log-unavailable")
