"""Whole jobs: a client made from schemas/ alone, a real gateway and nats-server, and a worker that follows a script."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas import embedding
from schemas.receipt_file import check_receipt_file
from tests.client import Person
from tests.statements import example_record
from tests.unit.gateway.parts import ScriptedWorker, working, write_manifest
from tests.world import NatsServer, gateway, settings

pytestmark = pytest.mark.anyio

RECORD = embedding.encode(example_record())


async def until_ready(http: httpx.AsyncClient) -> None:
    while (await http.get("/healthz")).status_code != httpx.codes.OK:  # noqa: ASYNC110 - asked as anybody would
        await asyncio.sleep(0.02)


@asynccontextmanager
async def world(
    folder: Path, nats: NatsServer, worker: ScriptedWorker | None = None, **edits: Any
) -> AsyncIterator[Person]:
    """A gateway with one allowed worker (which is yours to start), and a person who has consented."""
    bundle = write_manifest(folder / "bundle")
    allowed = (worker.thumbprint,) if worker else ()
    chosen = settings(folder, nats, bundles=(folder / "bundle",), workers=allowed, **edits)
    async with gateway(chosen) as address, httpx.AsyncClient(base_url=address, timeout=30) as http:
        await until_ready(http)
        if worker:
            worker.url, worker.bundle = nats.url, bundle
        yield Person(http)


async def test_a_job_goes_well(tmp_path: Path, nats: NatsServer) -> None:
    worker = ScriptedWorker("", "")
    async with world(tmp_path, nats, worker) as person, working(worker):
        assert (await person.consent()).status_code == httpx.codes.CREATED
        outcome = await person.draw(RECORD, "studio")
    assert outcome.ended
    assert outcome.problem is None
    assert [len(image) for image in outcome.images] == [100_004]
    assert len(outcome.progress) == 2
    assert outcome.file is not None
    assert len(list(check_receipt_file(outcome.file))) == 10
