"""What must stand on the server is made, read back, and refused where it is something else."""

import pytest
from nats.js import api

from gateway.dispatch_ledger import BUCKETS
from gateway.dispatch_setup import compare, ensure_bucket, ensure_offers
from schemas import subjects
from schemas.errors import BusUnsuitable
from tests.statements import BUNDLE
from tests.unit.gateway.on_nats import BUCKET, connected, peer, until
from tests.world import NatsServer

pytestmark = pytest.mark.anyio


async def test_what_is_made_is_in_memory_and_ends(nats: NatsServer) -> None:
    async with connected(nats) as bus, peer(nats) as client:
        assert bus.health().server_version
        stream = client.jetstream()
        offers = (await stream.stream_info(subjects.OFFERS_STREAM)).config
        assert (offers.storage, offers.retention) == (api.StorageType.MEMORY, api.RetentionPolicy.WORK_QUEUE)
        assert offers.max_age == 60
        consumer = await stream.consumer_info(subjects.OFFERS_STREAM, subjects.consumer("company", BUNDLE))
        assert consumer.config.filter_subject == subjects.offer("company", BUNDLE)
        for bucket in BUCKETS:
            config = (await stream.stream_info(f"KV_{bucket}")).config
            assert config.storage == api.StorageType.MEMORY
            assert config.max_age is not None
            assert config.max_age >= 900


async def test_a_stream_that_keeps_offers_otherwise_is_refused(nats: NatsServer) -> None:
    async with peer(nats) as client:
        stream = client.jetstream()
        await stream.add_stream(name=subjects.OFFERS_STREAM, subjects=[subjects.OFFERS_FILTER], storage="memory")
        async with connected(nats, wait=False) as bus:
            await until(lambda: bus.health().problem == BusUnsuitable.code)
            with pytest.raises(BusUnsuitable):
                await bus.read(BUCKET, "key")
            await stream.delete_stream(subjects.OFFERS_STREAM)
            await until(lambda: bus.health().ready)


async def test_a_bucket_that_never_forgets_is_refused(nats: NatsServer) -> None:
    async with peer(nats) as client:
        stream = client.jetstream()
        await stream.create_key_value(api.KeyValueConfig(bucket=BUCKET, storage=api.StorageType.MEMORY))
        with pytest.raises(BusUnsuitable, match="max_age"):
            await ensure_bucket(stream, BUCKET, 60)
        await ensure_offers(stream, [("company", BUNDLE)], 60)
        await ensure_offers(stream, [("company", BUNDLE)], 60)


def test_what_was_asked_for_is_compared_with_what_was_made() -> None:
    compare("it", {"a": 1, "b": None}, {"a": 1, "b": 2, "c": 3})
    with pytest.raises(BusUnsuitable, match=r"a, b$"):
        compare("it", {"a": 1, "b": 2}, {"a": 2})
