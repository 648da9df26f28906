"""What does it cost to seal and open one request, and one image of 2 MiB?

A request is always 8192 bytes (spec/sealed-job.md 3.1). Its peer is the same HPKE with X25519 alone: the price of being
safe from a quantum computer, too. The image's peer is one bare AES-256-GCM call over the same bytes. The browser's side
runs in Node, from gateway/web/protocol itself.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.machine import ROOT
from bench.notebook import Notebook
from bench.rounds import Contender, Samples, race
from schemas import canonical, sealing
from tests.statements import World, seed

ROUNDS: Final = 40
CALLS: Final = 10
IMAGE_BYTES: Final = 2 * 1024 * 1024
WEB: Final = ROOT / "gateway" / "web"
PLAIN_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
NONCE: Final = bytes(12)


def bench_seal(benchmark: BenchmarkFixture, notebook: Notebook, tmp_path: Path) -> None:
    in_node = _race_in_node(tmp_path)
    samples = race(benchmark, _requests() | _images(), rounds=ROUNDS, calls=CALLS)
    notebook.versions = machine.versions("cryptography") | {"node": machine.program_version("node", "--version")}
    _write_down(notebook, samples, "Python")
    _write_down(notebook, in_node, "Node")
    notebook.note("Not measured: opening a request and sealing an image in Node. A browser does neither.")


def _requests() -> dict[str, Contender]:
    """A request sealed and opened, each beside its peer; the key pairs are made outside the timed part."""
    world = World()
    plaintext, info = canonical.encode(world.sealed_request()), world.context()
    ours, theirs = world.hpke(), X25519PrivateKey.from_private_bytes(seed("plain"))
    their_public = theirs.public_key().public_bytes_raw()

    def seal_plain() -> bytes:
        # From the bytes of a public key on, like seal_request.
        public = X25519PublicKey.from_public_bytes(their_public)
        return PLAIN_SUITE.encrypt(sealing.pad(plaintext, sealing.REQUEST_ROOM_BYTES), public, info)

    sealed, sealed_plain = sealing.seal_request(plaintext, ours.public, info), seal_plain()
    return {
        "make a single-use key": lambda: sealing.worker_key(seed("hpke")),
        "make a single-use key, plain": lambda: (
            X25519PrivateKey.from_private_bytes(seed("plain")).public_key().public_bytes_raw()
        ),
        "seal a request": lambda: sealing.seal_request(plaintext, ours.public, info),
        "seal a request, plain": seal_plain,
        "open a request": lambda: sealing.open_request(sealed, ours, info),
        "open a request, plain": lambda: sealing.unpad(PLAIN_SUITE.decrypt(sealed_plain, theirs, info)),
    }


def _images() -> dict[str, Contender]:
    """An image sealed and opened in chunks, each beside one call over the same bytes."""
    key = seed("reply")
    image = bytes(range(256)) * (IMAGE_BYTES // 256)
    box = AESGCM(key)
    chunks, whole = sealing.seal_image(image, key, 0), box.encrypt(NONCE, image, None)
    return {
        "seal an image": lambda: sealing.seal_image(image, key, 0),
        "seal an image, bare": lambda: box.encrypt(NONCE, image, None),
        "open an image": lambda: sealing.open_image(chunks, key, 0),
        "open an image, bare": lambda: box.decrypt(NONCE, whole, None),
    }


def _race_in_node(folder: Path) -> Samples:
    """The rounds of seal_node.mjs, which esbuild makes one file with the page's own protocol."""
    made = folder / "seal_node.mjs"
    subprocess.run(
        [
            str(WEB / "node_modules/.bin/esbuild"),
            str(Path(__file__).with_name("seal_node.mjs")),
            *("--bundle", "--format=esm", "--platform=node", "--log-level=warning", f"--outfile={made}"),
        ],
        env=os.environ | {"NODE_PATH": str(WEB / "node_modules")},
        check=True,
    )
    request_bytes = len(canonical.encode(World().sealed_request()))
    arguments = [str(number) for number in (ROUNDS, CALLS, request_bytes, IMAGE_BYTES)]
    said = subprocess.run(["node", str(made), *arguments], capture_output=True, text=True, check=True).stdout
    samples: Samples = json.loads(said)
    return samples


def _write_down(notebook: Notebook, samples: Samples, where: str) -> None:
    for what in ("make a single-use key", "seal a request", "open a request"):
        if what in samples:
            plain = samples[f"{what}, plain"]
            notebook.row(f"{what}, {where}", "µs", samples[what], peer="HPKE with X25519 alone", against=plain)
    for what in ("seal an image", "open an image"):
        if what in samples:
            bare = samples[f"{what}, bare"]
            notebook.row(f"{what} of 2 MiB, {where}", "ms", samples[what], peer="one AES-256-GCM call", against=bare)
