"""The nats-server of `likeness up`: passwords for everybody, and a worker that may do what a worker does."""

import asyncio
import json
import stat
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from gateway.nats_child import NatsFiles, find_nats_server, write_config
from schemas import subjects
from tests.statements import BUNDLE

pytestmark = pytest.mark.anyio
WORKER = "NlLqBCnUlNUVyU2ZUMuCmmuwyTI_NHrDVY5jIIbcuuA"


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[NatsFiles, str]]:
    files = write_config(folder, WORKER)
    process = await asyncio.create_subprocess_exec(
        *files.command(find_nats_server()), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while (address := files.address()) is None:
                assert process.returncode is None, files.last_words()
                await asyncio.sleep(0.005)
        yield files, address
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def user(url: str, errors: list[str] | None = None) -> AsyncIterator[Client]:
    async def note(error: Exception) -> None:
        if errors is not None:
            errors.append(str(error))

    client = await nats.connect(url, error_cb=note, allow_reconnect=False)
    try:
        yield client
    finally:
        await client.close()


async def answer(address: str, said: str) -> str:
    """What the server answers to the lines ``said``, after its greeting."""
    reader, writer = await asyncio.open_connection(*address.split(":"))
    try:
        await reader.readline()
        writer.write(said.encode())
        return (await reader.readline()).decode()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_nobody_gets_in_without_a_password(tmp_path: Path) -> None:
    async with running(tmp_path) as (files, address):
        for login in ("{}", '{"user":"gateway","pass":"guess"}'):
            assert "Authorization Violation" in await answer(address, f"CONNECT {login}\r\nPING\r\n")
        login = json.dumps({"user": "gateway", "pass": files.gateway_password, "verbose": False})
        assert "PONG" in await answer(address, f"CONNECT {login}\r\nPING\r\n")
        assert stat.S_IMODE((tmp_path / "nats.conf").stat().st_mode) == 0o600
        assert files.gateway_password not in repr(files)


async def test_a_worker_may_not_read_what_is_not_for_it(tmp_path: Path) -> None:
    errors: list[str] = []
    async with running(tmp_path) as (files, address):
        async with user(files.worker_url(address), errors) as worker, user(files.gateway_url(address)) as gateway:
            heard: list[str] = []

            async def hear(message: object) -> None:
                heard.append(str(message))

            for subject in (subjects.seal("another-worker", "*"), subjects.event("*"), subjects.claim("*"), ">"):
                await worker.subscribe(subject, cb=hear)
            for subject in (subjects.cancel("33" * 16), "$JS.API.STREAM.LIST", subjects.offer("company", BUNDLE)):
                await worker.publish(subject, b"")
            await worker.flush()
            await gateway.publish(subjects.seal("another-worker", "33" * 16), b"sealed")
            await gateway.flush()
            await worker.flush()
        assert heard == []
        assert len(errors) == 7
        assert all("permissions violation" in error.lower() for error in errors)
