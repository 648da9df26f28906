"""The log over HTTP: all that a stranger needs to check it, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from gateway.app import create_app
from gateway.log_keeper import LogKeeper
from gateway.site import read_site
from gateway.tiles import tiles_of
from schemas.log_policy import open_checkpoint, read_policy, write_policy
from schemas.log_proof import check_inclusion
from schemas.merkle import leaf_hash
from tests.unit.gateway import naive_tree
from tests.unit.gateway.doors import Scene
from tests.unit.gateway.log_place import BOTH, CALM, LogPlace, until

pytestmark = pytest.mark.anyio
ENTRIES = [f"entry {number}".encode() for number in range(300)]
TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"


@pytest.fixture
def place(tmp_path: Path) -> LogPlace:
    return LogPlace(tmp_path)


def client_of(keeper: LogKeeper | None, folder: Path) -> httpx.AsyncClient:
    app = create_app(Scene().door(), read_site(folder / "web", folder / "edge"), log=keeper)
    transport = httpx.ASGITransport(cast("Any", app))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


@asynccontextmanager
async def served(place: LogPlace) -> AsyncIterator[tuple[httpx.AsyncClient, LogKeeper]]:
    async with place.running(BOTH, CALM) as keeper, client_of(keeper, place.folder) as http:
        await until(keeper.checkpoint)
        yield http, keeper


async def test_the_checkpoint_and_the_policy_that_it_is_read_by(place: LogPlace) -> None:
    async with served(place) as (http, keeper):
        await keeper.append(ENTRIES[0])
        note = await http.get("/log/checkpoint")
        believed = await http.get("/log/policy")
        assert (note.headers["content-type"], note.headers["cache-control"]) == (TEXT, "no-store")
        assert believed.headers["content-type"] == TEXT
        assert believed.text == write_policy(BOTH, urls=False)
        assert "http" not in believed.text
        seen = open_checkpoint(read_policy(believed.text), note.text, now=place.clock.now)
        assert seen.checkpoint.size == 1


async def test_every_tile_and_every_entry_can_be_fetched(place: LogPlace) -> None:
    async with served(place) as (http, keeper):
        keeper._store.append(ENTRIES)
        leaves, bundles = b"", b""
        for path in tiles_of(300):
            answer = await http.get(f"/log/tile/{path}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, BINARY)
            assert "immutable" in answer.headers["cache-control"]
            assert len(answer.content) == path.width * 32
            if path.level == 0:
                leaves += answer.content
                bundles += (await http.get(f"/log/tile/entries/{str(path).removeprefix('0/')}")).content
        assert leaves == b"".join(leaf_hash(entry) for entry in ENTRIES)
        assert bundles == b"".join(len(entry).to_bytes(2, "big") + entry for entry in ENTRIES)
        top = (await http.get("/log/tile/1/000.p/1")).content
        assert top == naive_tree.root([leaf_hash(entry) for entry in ENTRIES[:256]])


@pytest.mark.parametrize(
    "path",
    [
        *("0/000", "0/000.p/6", "0/000.p/0", "0/001", "1/000.p/1", "64/000", "0/x001/000", "0/0", "00/000", "x"),
        *("entries/000", "entries/000.p/6", "entries/001.p/1", "entries", ""),
        *("0/%2e%2e/000", "0/999999999999999999999", "0/x999/x999/x999/x999/999"),
    ],
)
async def test_what_is_not_there_is_not_found(place: LogPlace, path: str) -> None:
    async with served(place) as (http, keeper):
        keeper._store.append(ENTRIES[:5])
        assert (await http.get("/log/tile/0/000.p/5")).status_code == 200
        answer = await http.get(f"/log/tile/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert answer.headers["cache-control"] == "no-store"


async def test_anybody_who_knows_a_leaf_gets_its_proof(place: LogPlace) -> None:
    async with served(place) as (http, keeper):
        await keeper.append(ENTRIES[0])
        await keeper.append(ENTRIES[1])
        answer = await http.get(f"/api/v1/log/proofs/{leaf_hash(ENTRIES[0]).hex()}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, TEXT)
        proved = check_inclusion(BOTH, answer.text, ENTRIES[0], now=place.clock.now)
        assert (proved.index, proved.witnesses) == (0, ("north", "south"))


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (leaf_hash(ENTRIES[9]).hex(), (404, "not-found")),
        (leaf_hash(ENTRIES[0]).hex().upper(), (400, "bad-field")),
        ("00", (400, "bad-field")),
        ("g" * 64, (400, "bad-field")),
    ],
)
async def test_a_leaf_that_is_not_there_has_no_proof(place: LogPlace, leaf: str, expected: tuple[int, str]) -> None:
    async with served(place) as (http, keeper):
        await keeper.append(ENTRIES[0])
        answer = await http.get(f"/api/v1/log/proofs/{leaf}")
        assert (answer.status_code, answer.json()["code"]) == expected


async def test_without_witnesses_there_is_no_checkpoint_to_show(place: LogPlace) -> None:
    place.wire.cut.update(("north", "south"))
    async with place.running(BOTH, CALM) as keeper, client_of(keeper, place.folder) as http:
        await until(lambda: keeper.health() == "log-unavailable")
        answer = await http.get("/log/checkpoint")
        assert (answer.status_code, answer.json()["code"]) == (503, "log-unavailable")
        assert (await http.get("/log/policy")).status_code == 200


@pytest.mark.parametrize("path", ["/log/checkpoint", "/log/policy", "/log/tile/0/000.p/1"])
async def test_other_pages_may_read_the_log_and_nothing_else(place: LogPlace, path: str) -> None:
    async with served(place) as (http, keeper):
        await keeper.append(ENTRIES[0])
        headers = (await http.get(path)).headers
        assert headers["access-control-allow-origin"] == "*"
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-origin" not in (await http.get("/api/v1/facts")).headers


async def test_a_gateway_without_a_log_has_none(tmp_path: Path) -> None:
    async with client_of(None, tmp_path) as http:
        assert (await http.get("/log/checkpoint")).status_code == 404
