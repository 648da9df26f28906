"""One portrait, end to end: real nats-server, real gateway, a real worker process, and a client from schemas/ alone."""

import io
import json
import subprocess
import sys
from pathlib import Path

import joserfc.jws
import nats
import pytest
from joserfc.jwk import OKPKey
from nats.aio.msg import Msg
from PIL import Image

from schemas import canonical, embedding, sealing, subjects
from schemas.receipt_file import check_receipt_file
from tests import tiny_bundle
from tests.client import Outcome, Person
from tests.whole import TOP, System, running

pytestmark = [pytest.mark.anyio, pytest.mark.system]
RECORD = embedding.encode(tiny_bundle.public_record())
STYLE = tiny_bundle.STYLES[0]


async def draw(system: System, record: bytes = RECORD, style: str = STYLE, seed: int = 1, images: int = 1) -> Outcome:
    """A new person's whole visit."""
    async with system.http() as http:
        person = Person(http)
        assert (await person.consent()).status_code == 201
        return await person.draw(record, style, seed=seed, images=images)


def verify(file: Path) -> int:
    """What ``likeness verify`` answers."""
    command = [sys.executable, "-m", "gateway.cli", "verify", str(file)]
    return subprocess.run(command, cwd=TOP, capture_output=True, check=False).returncode


def pixels(png: bytes) -> bytes:
    """The decoded picture."""
    return Image.open(io.BytesIO(png)).convert("RGB").tobytes()


async def test_a_person_gets_a_marked_portrait_and_a_receipt(tmp_path: Path) -> None:
    async with running(tmp_path) as system:
        outcome = await draw(system)
        assert outcome.ended
        assert outcome.problem is None
        (png,) = outcome.images
        picture = Image.open(io.BytesIO(png))
        assert (picture.format, picture.size) == ("PNG", (tiny_bundle.WIDTH, tiny_bundle.HEIGHT))
        assert "trainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]
        steps = [progress.step for progress in outcome.progress]
        assert steps == sorted(steps)
        assert outcome.receipt is not None
        assert (outcome.receipt.exit_kind, outcome.receipt.images) == ("normal", 1)
        assert not [check for check in outcome.receipt.checks if check.outcome == "failed"]


async def test_the_receipt_file_holds_offline_and_under_a_foreign_jose_library(tmp_path: Path) -> None:
    async with running(tmp_path) as system:
        outcome = await draw(system)
    assert outcome.file is not None
    assert len(list(check_receipt_file(outcome.file))) > 5
    worker = json.loads(joserfc.jws.extract_compact(outcome.file.roster.encode()).payload)
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": worker["key"]})
    opened = joserfc.jws.deserialize_compact(outcome.file.receipt, key, algorithms=["Ed25519"])
    assert json.loads(opened.payload)["exit_kind"] == "normal"
    file = tmp_path / "receipt.json"
    file.write_bytes(canonical.encode(outcome.file))
    assert verify(file) == 0
    file.write_bytes(file.read_bytes().replace(b'"region\\":\\"local', b'"region\\":\\"laser'))
    assert verify(file) != 0


async def test_the_same_face_twice_is_the_same_picture_and_another_face_is_another(tmp_path: Path) -> None:
    other = tiny_bundle.public_record()
    changed = embedding.encode(embedding.LikenessRecord(geometry=bytes(24), look=other.look, embedding=other.embedding))
    async with running(tmp_path) as system:
        first, again = await draw(system), await draw(system)
        different = await draw(system, record=changed)
        styled = await draw(system, style=tiny_bundle.STYLES[1])
    assert pixels(first.images[0]) == pixels(again.images[0])
    assert pixels(first.images[0]) != pixels(different.images[0])
    assert pixels(first.images[0]) != pixels(styled.images[0])


async def test_two_images_in_one_job(tmp_path: Path) -> None:
    async with running(tmp_path) as system:
        outcome = await draw(system, images=2)
    assert len(outcome.images) == 2
    assert pixels(outcome.images[0]) != pixels(outcome.images[1])


async def test_the_bus_sees_offers_and_sealed_bytes_of_one_size_and_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path) as system:
        seen: list[Msg] = []

        async def listen(message: Msg) -> None:
            seen.append(message)

        taps = [await nats.connect(url) for url in system.nats.gateway_places().values()]
        for tap in taps:
            await tap.subscribe(">", cb=listen)
            await tap.flush()
        outcome = await draw(system)
        for tap in taps:
            await tap.flush()
        streams = await taps[0].jetstream().streams_info()
        held = {info.config.name: info.state.messages for info in streams}
        for tap in taps:
            await tap.close()
    payloads = b"\0".join(message.data for message in seen)
    (png,) = outcome.images
    secrets = [RECORD[at : at + 8] for at in range(8, len(RECORD) - 8)] + [
        png[at : at + 16] for at in range(0, len(png) - 16, 97)
    ]
    assert not [window for window in secrets if window in payloads]
    sealed = {len(m.data) for m in seen if m.subject.startswith("likeness.event.") and len(m.data) > 10_000}
    assert sealed == {5 + 7 + sealing.SEALED_CHUNK_BYTES}
    heard = {name for name in ("likeness.offer.", "$KV.") if any(m.subject.startswith(name) for m in seen)}
    assert heard == {"likeness.offer.", "$KV."}, "the taps must see something in both accounts"
    assert held == {subjects.OFFERS_STREAM: 0}, "an offer that was taken is gone"
