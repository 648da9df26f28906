"""What must stand on the NATS server before a job can run, made and then read back (spec/subjects.md)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.kv import KeyValue

from gateway.nats_version import ADVICE, is_loopback, is_patched, read_version
from schemas import subjects
from schemas.errors import BusUnavailable, BusUnsuitable

log = logging.getLogger("likeness.gateway")

BUCKET_BYTES: Final = 32 * 1024 * 1024
OFFERS_BYTES: Final = 16 * 1024 * 1024
ACK_SECONDS: Final = 10
"""A worker that fetched an offer and did not say what became of it loses it to another after this time."""
NAME_TAKEN: Final = {10058, 10148, 10013}
"""Server error codes: a stream or consumer of this name exists with another configuration."""


@contextmanager
def reaching_nats() -> Iterator[None]:
    """Turn every error of the client into ``BusUnavailable``.

    Raises:
        BusUnavailable: the caller needs to know only that NATS is away; which socket or subject is for the log.
    """
    try:
        yield
    except (nats.errors.Error, TimeoutError, OSError) as error:
        log.info("nats: %s", type(error).__name__)
        raise BusUnavailable from error


def require_version(client: Client) -> str:
    """The server's version, when it is fit for where it stands.

    Raises:
        BusUnsuitable: it has known holes and is not on loopback.
    """
    version = read_version(str(client.connected_server_version))
    if version is None:
        raise BusUnsuitable("the NATS server does not say which version it is")
    address = client.connected_url
    if not is_patched(version) and (address is None or not is_loopback(address.hostname or "")):
        raise BusUnsuitable(ADVICE)
    return ".".join(map(str, version))


async def ensure_offers(stream: JetStreamContext, queues: Sequence[tuple[str, str]], offer_seconds: int) -> None:
    """Make the stream of offers and one consumer for each (pool, bundle) of ``queues``, where they are not there yet.

    Raises:
        BusUnsuitable: they exist, or were made, in another form.
    """
    wanted = api.StreamConfig(
        name=subjects.OFFERS_STREAM,
        subjects=[subjects.OFFERS_FILTER],
        retention=api.RetentionPolicy.WORK_QUEUE,
        storage=api.StorageType.MEMORY,
        discard=api.DiscardPolicy.NEW,
        max_age=offer_seconds,
        max_bytes=OFFERS_BYTES,
        max_msg_size=4096,
        duplicate_window=min(offer_seconds, 120),
        num_replicas=1,
    )
    try:
        made = (await stream.add_stream(wanted)).config
    except nats.js.errors.APIError as error:
        if error.err_code not in NAME_TAKEN:
            raise
        made = (await stream.stream_info(subjects.OFFERS_STREAM)).config
    compare(subjects.OFFERS_STREAM, wanted.as_dict(), made.as_dict())
    for pool, bundle in queues:
        await _ensure_consumer(stream, pool, bundle)


async def _ensure_consumer(stream: JetStreamContext, pool: str, bundle: str) -> None:
    wanted = api.ConsumerConfig(
        durable_name=subjects.consumer(pool, bundle),
        filter_subject=subjects.offer(pool, bundle),
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=ACK_SECONDS,
        mem_storage=True,
    )
    made = await stream.add_consumer(subjects.OFFERS_STREAM, wanted)
    compare(subjects.consumer(pool, bundle), wanted.as_dict(), made.config.as_dict())


async def ensure_bucket(stream: JetStreamContext, name: str, forget_after_seconds: int) -> KeyValue:
    """The bucket ``name``, made where it is not there yet.

    Raises:
        BusUnsuitable: it exists, or was made, in another form.
    """
    wanted = api.KeyValueConfig(
        bucket=name, history=1, ttl=forget_after_seconds, max_bytes=BUCKET_BYTES, storage=api.StorageType.MEMORY
    )
    try:
        await stream.create_key_value(wanted)
    except nats.js.errors.APIError as error:
        if error.err_code not in NAME_TAKEN:
            raise
    bucket = await stream.key_value(name)
    made = (await bucket.status()).stream_info.config
    asked = {"storage": wanted.storage, "max_age": wanted.ttl, "max_bytes": wanted.max_bytes, "max_msgs_per_subject": 1}
    compare(name, asked, {field: getattr(made, field) for field in asked})
    return bucket


def compare(name: str, wanted: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    """Return when ``made`` has every field that ``wanted`` gives a value.

    Raises:
        BusUnsuitable: names the fields that differ.
    """
    different = sorted(field for field, value in wanted.items() if value is not None and made.get(field) != value)
    if different:
        raise BusUnsuitable(f"{name} on the NATS server differs in {', '.join(different)}")
