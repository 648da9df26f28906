"""A nats-server of our own: a password for everybody; tests/system/test_permissions.py tries the rights."""

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
from nats.aio.msg import Msg

from gateway.nats_child import NatsFiles, find_nats_server, write_config
from gateway.nats_users import HEALTH, OPERATOR_INBOX
from schemas import subjects
from tests.statements import BUNDLE

pytestmark = pytest.mark.anyio
WORKER = "NlLqBCnUlNUVyU2ZUMuCmmuwyTI_NHrDVY5jIIbcuuA"
OTHER = "-thumbprint_that_begins_like_an_option_0000"
JOB = "33" * 16
QUEUES = [("company", BUNDLE)]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[NatsFiles, str]]:
    files = write_config(folder, {WORKER: QUEUES, OTHER: QUEUES})
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
        for secret in (files.gateway_password, files.operator_password, *files.worker_passwords.values()):
            assert secret not in repr(files)


async def test_a_worker_may_do_what_is_its_own_and_nothing_else(tmp_path: Path) -> None:
    errors: list[str] = []
    async with running(tmp_path) as (files, address):
        async with (
            user(files.worker_url(address, WORKER), errors) as worker,
            user(files.worker_url(address, OTHER)) as other,
            user(files.gateway_url(address)) as gateway,
        ):
            heard: asyncio.Queue[Msg] = asyncio.Queue()
            for client in (worker, other):
                await client.subscribe(subjects.seal(WORKER, "*"), cb=heard.put)
                await client.flush()
            await gateway.publish(subjects.seal(WORKER, JOB), b"sealed")
            await gateway.flush()
            assert (await asyncio.wait_for(heard.get(), 5)).data == b"sealed"
            for client in (worker, other):
                await client.flush()
            assert heard.empty()
            assert errors == []
            await worker.publish(subjects.event(OTHER, JOB), b"")
            await worker.flush()
        assert len(errors) == 1
        assert "permissions violation" in errors[0].lower()


async def test_the_servers_health_is_told_to_the_operator_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as (files, address):
        for url, is_told in ((files.operator_url(address), True), (files.worker_url(address, WORKER), False)):
            client = await nats.connect(url, inbox_prefix=OPERATOR_INBOX, error_cb=ignore, allow_reconnect=False)
            try:
                answer = await client.request(HEALTH[0], b"", timeout=1 if is_told else 0.1)
                assert json.loads(answer.data)["data"]["status"] == "ok"
                assert is_told
            except nats.errors.Error:
                assert not is_told
            finally:
                await client.close()


async def ignore(_error: Exception) -> None: ...
