"""The far side of bench_relay.py, in a process of its own: a worker that computes nothing, and a bare NATS sender.

``python -m bench.relay_worker NATS_URL BUNDLE SEED_HEX``; it ends when its standard input does.
"""

import asyncio
import sys
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.msg import Msg

from schemas import sealing
from schemas.frames import FrameKind, ImageChunk, encode_chunk, encode_frame
from tests.statements import seed
from tests.unit.gateway.parts import ScriptedWorker, Taken, working

IMAGE: Final = bytes(range(256)) * (2 * 1024 * 1024 // 256)
"""2 MiB."""
START: Final = "bench.start"
CHUNK: Final = "bench.chunk"


async def hand_over(taken: Taken) -> None:
    """A job without a drawing: opened, one image sealed and sent, a receipt."""
    taken.open()
    await taken.progress(1)
    await taken.send_image(IMAGE)
    await taken.say(FrameKind.RECEIPT, taken.receipt().encode())
    taken.result.clear()


def bare_frames() -> list[bytes]:
    """The frames that carry the image, sealed beforehand."""
    chunks = sealing.seal_image(IMAGE, seed("reply"), 0)
    return [
        encode_frame(
            FrameKind.IMAGE, encode_chunk(ImageChunk(image=0, chunk=i, last=i == len(chunks) - 1, sealed=part))
        )
        for i, part in enumerate(chunks)
    ]


async def serve(url: str, bundle: str, key: Ed25519PrivateKey) -> None:
    """Work until standard input ends."""
    frames = bare_frames()
    async with working(ScriptedWorker(url, bundle, script=hand_over, key=key)) as worker:

        async def send_bare(message: Msg) -> None:
            for frame in frames:
                await worker.ask(CHUNK, frame)
            await message.respond(b"")

        await worker.client.subscribe(START, cb=send_bare)
        await worker.client.flush()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sys.argv[3]))))
