"""A door in memory around the fixed statements of tests/statements.py: its gateway's key, notice, bundle and clock."""

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.catalogue import Catalogue
from gateway.door import Door, Pace
from gateway.key_ring import FORMER_SECONDS, FormerKey
from gateway.settings import Settings
from schemas import signing
from schemas.bundle_manifest import BundleManifest, FileFact, Schedule, Style
from schemas.facts import Notice
from tests.statements import BUNDLE, NOTICE, NOW, World, signing_key
from tests.unit.gateway.memory_bus import MemoryBus
from tests.unit.gateway.memory_log import MemoryLog

WORKERS = ("worker", "worker two", "worker three", "worker four")
"""Names of the keys (tests/statements.py) of workers that may enrol."""
FAST = Pace(tick_seconds=0.01, gap_seconds=0.05, stall_seconds=5, hand_over_seconds=1)


def manifest() -> BundleManifest:
    """A bundle that offers the styles of the fixed grant."""
    return BundleManifest(
        name="scripted",
        version="1.0.0",
        title="No graphs",
        licence="Apache-2.0",
        model_card="MODEL_CARD.md",
        needed=["geometry"],
        optional=["embedding", "look"],
        ruler=1,
        embedder=1,
        latent_shape=[4, 8, 8],
        image_width=64,
        image_height=64,
        schedules={"flow": Schedule(init_sigma=1.0, rows=[[0.0] * 9])},
        default_schedule="flow",
        styles=[
            Style(id=id_, title=id_.title(), background="grey", attire="suit", light="soft", framing="head")
            for id_ in ("plain", "studio")
        ],
        precision="float32",
        providers=["CPUExecutionProvider"],
        min_onnxruntime="1.20.0",
        files={name: FileFact(sha256="0" * 64, bytes=1) for name in ("conditioner.onnx", "step.onnx", "decoder.onnx")},
        parity=[],
    )


@dataclass
class Clock:
    """A clock that a test turns."""

    now: int = NOW

    def __call__(self) -> int:
        """The time."""
        return self.now


@dataclass
class Dice:
    """Bytes that are fresh each time, and the same in each run."""

    thrown: int = 0

    def __call__(self, count: int) -> bytes:
        """So many bytes."""
        self.thrown += 1
        return self.thrown.to_bytes(count, "big")


@dataclass
class Scene:
    """A door, and what stands around it."""

    world: World = field(default_factory=World)
    bus: MemoryBus = field(default_factory=MemoryBus)
    log: MemoryLog = field(default_factory=MemoryLog)
    clock: Clock = field(default_factory=Clock)

    def door(
        self,
        *,
        pace: Pace = FAST,
        key: Ed25519PrivateKey | None = None,
        former_keys: signing.Keys = (),
        **edits: Any,
    ) -> Door:
        """A door with these settings changed. Welcome are ``WORKERS``, of whom the first is the world's."""
        allowed = tuple(signing.thumbprint(signing_key(name).public_key()) for name in WORKERS)
        return Door(
            settings=Settings(**({"workers": allowed, "bundles": (), "operator": "Example Ltd"} | edits)),
            key=key or self.world.gateway,
            catalogue=Catalogue(notice=Notice(digest=NOTICE, text="a notice"), bundles={BUNDLE: manifest()}),
            bus=self.bus,
            log=self.log,
            clock=self.clock,
            randomness=Dice(),
            former_keys=tuple(FormerKey(key=former, until=NOW + FORMER_SECONDS) for former in former_keys),
            pace=pace,
        )
