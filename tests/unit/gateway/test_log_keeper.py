"""The log at work: what comes is answered with a proof, together, once, and never lost on the way."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.http_client import HttpClient
from gateway.log_keeper import Beat, LogKeeper
from gateway.log_store import MAX_ENTRY_BYTES, LogStore
from gateway.witness_app import create_witness_app
from schemas.errors import LogUnavailable, ProofInvalid, TooLarge
from schemas.log_policy import Policy, Witness
from schemas.log_proof import read_proof
from schemas.merkle import leaf_hash
from tests.unit.gateway.log_place import BOTH, CALM, EITHER, FAST, NOBODY, LogPlace, size_of, until
from tests.unit.gateway.log_world import LOG, LOG_KEY, witness
from tests.world import listening

pytestmark = pytest.mark.anyio


@pytest.fixture
def place(tmp_path: Path) -> LogPlace:
    return LogPlace(tmp_path)


@pytest.mark.parametrize("believed", [NOBODY, EITHER, BOTH], ids=["nobody", "either", "both"])
async def test_an_entry_is_answered_with_a_proof_that_holds(place: LogPlace, believed: Policy) -> None:
    async with place.running(believed) as keeper:
        for number in range(5):
            entry = bytes([number]) * 32
            included = place.check(believed, await keeper.append(entry), entry)
            assert (included.index, included.size) == (number, number + 1)
            if believed is BOTH:
                assert (included.witnesses, included.at) == (("north", "south"), place.clock.now)
        assert keeper.health() == ""


async def test_what_comes_together_is_one_tree_and_one_round(place: LogPlace) -> None:
    async with place.running(BOTH, Beat(tick_seconds=0.2, look_seconds=600)) as keeper:
        await until(keeper.checkpoint)
        place.wire.asked.clear()
        entries = [number.to_bytes(32, "big") for number in range(257)]
        proofs = await asyncio.gather(*(keeper.append(entry) for entry in entries))
        assert len(place.wire.asked) <= 2 * 8
        for entry, proof in zip(entries, proofs, strict=True):
            place.check(BOTH, proof, entry)
        for index in (0, 1, 254, 255, 256):
            included = place.check(BOTH, await keeper.prove(entries[index]), entries[index])
            assert (included.index, included.size) == (index, 257)


async def test_an_entry_is_in_the_log_once_however_often_it_is_said(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        proofs = await asyncio.gather(*(keeper.append(b"again") for _ in range(5)))
        proofs.append(await keeper.append(b"again"))
        assert {place.check(BOTH, proof, b"again").index for proof in proofs} == {0}
        await keeper.append(b"other")
        assert size_of(keeper.checkpoint()) == 2


async def test_a_full_disk_refuses_and_recovers(place: LogPlace) -> None:
    async with place.running(NOBODY, CALM) as keeper:
        await keeper.append(b"one")
        (pages,) = keeper._store._db.execute("PRAGMA page_count").fetchone()
        keeper._store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LogUnavailable, match="full"):
            await keeper.append(bytes(60_000))
        assert keeper.health() == "log-unavailable"
        keeper._store._db.execute("PRAGMA max_page_count = 1000000")
        assert place.check(NOBODY, await keeper.append(bytes(60_000)), bytes(60_000)).index == 1


async def test_what_waits_when_the_log_stops_is_finished(place: LogPlace) -> None:
    keeper = place.keeper(BOTH, Beat(tick_seconds=30))
    await keeper.start()
    await until(keeper.checkpoint)
    entries = [bytes([number]) for number in range(20)]
    asked = [asyncio.create_task(keeper.append(entry)) for entry in entries]
    await until(lambda: len(keeper._waiting) == 20)
    await keeper.stop()
    for entry, task in zip(entries, asked, strict=True):
        place.check(BOTH, await task, entry)
    with pytest.raises(LogUnavailable):
        await keeper.append(b"late")
    assert keeper.health() == "log-unavailable"


async def test_what_cannot_be_finished_when_the_log_stops_is_refused(place: LogPlace) -> None:
    keeper = place.keeper(BOTH, CALM)
    await keeper.start()
    await until(keeper.checkpoint)
    place.wire.cut.add("north")
    asked = [asyncio.create_task(keeper.append(bytes([number]))) for number in range(20)]
    await asyncio.sleep(0)
    await keeper.stop()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LogUnavailable] * 20


async def test_whoever_has_gone_away_before_the_beat_has_nothing_logged(place: LogPlace) -> None:
    async with place.running(NOBODY, Beat(tick_seconds=0.05, look_seconds=600)) as keeper:
        await until(keeper.checkpoint)
        gone = asyncio.create_task(keeper.append(b"gone"))
        await until(lambda: keeper._waiting)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert place.check(NOBODY, await keeper.append(b"here"), b"here").size == 1


async def test_a_log_that_was_not_started_refuses(place: LogPlace) -> None:
    keeper = place.keeper(NOBODY)
    with pytest.raises(LogUnavailable):
        await keeper.append(b"one")
    assert keeper.health() == "log-unavailable"
    await keeper.stop()


async def test_what_is_not_logged_cannot_be_proved(place: LogPlace) -> None:
    async with place.running(BOTH) as keeper:
        with pytest.raises(ProofInvalid):
            await keeper.prove(b"never")
        assert await keeper.prove_leaf(bytes(32)) is None
        await keeper.append(b"one")
        proof = await keeper.prove_leaf(leaf_hash(b"one"))
        assert proof is not None
        assert read_proof(proof).index == 0
        with pytest.raises(TooLarge):
            await keeper.append(bytes(MAX_ENTRY_BYTES + 1))


async def test_tiles_and_entries_are_those_of_the_tree(place: LogPlace) -> None:
    async with place.running(NOBODY) as keeper:
        await keeper.append(b"one")
        assert keeper.tile(0, 0, 1) == leaf_hash(b"one")
        assert keeper.entries(0, 1) == b"\x00\x03one"
        assert (keeper.tile(0, 0, 2), keeper.entries(0, 2)) == (None, None)


async def test_over_http_with_two_real_witnesses(place: LogPlace) -> None:
    async with AsyncExitStack() as opened:
        witnesses = {}
        for name in ("north", "south"):
            program = witness(place.folder, name, place.clock)
            url = await opened.enter_async_context(listening(create_witness_app(program)))
            witnesses[name] = Witness(key=program.verifier, url=url)
        believed = Policy(log=LOG, witnesses=witnesses, groups=BOTH.groups, quorum=BOTH.quorum)
        store = LogStore(place.folder / "log")
        keeper = LogKeeper(store, believed, LOG_KEY, clock=place.clock, transport=HttpClient(), beat=FAST)
        await keeper.start()
        for number in range(5):
            proof = await keeper.append(bytes([number]))
            assert place.check(believed, proof, bytes([number])).witnesses == ("north", "south")
        await keeper.stop()
