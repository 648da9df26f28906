"""One portrait: conditions, loop, pixels, in this order."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.bundle_manifest import BundleManifest
from schemas.embedding import LikenessRecord
from schemas.errors import BundleDamaged
from worker.diffusion.conditions import condition
from worker.diffusion.decode import decode
from worker.diffusion.sampler import denoise
from worker.diffusion.schedule import Steps, steps_of
from worker.diffusion.sessions import Graph
from worker.settings import Provider

SEEDS: Final = 2**32


@dataclass(frozen=True, slots=True)
class Studio:
    """The three graphs of a bundle, loaded and ready."""

    manifest: BundleManifest
    conditioner: Graph
    step: Graph
    decoder: Graph
    steps: Steps


def open_studio(manifest: BundleManifest, graphs: Mapping[str, bytes], *, provider: Provider, threads: int) -> Studio:
    """A studio on the graphs of a bundle.

    Raises:
        ProviderMissing: ``provider`` is not the one that would run.
        BundleDamaged: a graph cannot be loaded or does not fit the manifest.
    """
    conditioner, step, decoder = (
        Graph(graphs[f"{name}.onnx"], provider=provider, threads=threads) for name in ("conditioner", "step", "decoder")
    )
    if step.output("x_next").shape != (1, *manifest.latent_shape):
        raise BundleDamaged("the step's latents are not the shape that bundle.json says")
    return Studio(manifest=manifest, conditioner=conditioner, step=step, decoder=decoder, steps=steps_of(manifest))


def draw(
    studio: Studio, record: LikenessRecord, *, style: int, seed: int
) -> Generator[tuple[int, int], None, npt.NDArray[np.uint8]]:
    """Yields (steps done, steps) and returns the image (H, W, 3) uint8.

    ``style`` is the index in the bundle's catalogue. Noise is Philox(seed): on one provider the same record, style
    and seed give the same image. Every buffer of ours but the image is overwritten, also when the generator is closed
    early.
    """
    # Philox is the same on every machine, and what is drawn does not have to be unguessable.
    rng = np.random.Generator(np.random.Philox(seed % SEEDS))
    conditions = condition(record, style)
    del record  # the caller may have kept none; what is drawn from are the arrays
    context = studio.conditioner.output("context")
    x = rng.standard_normal((1, *studio.manifest.latent_shape), dtype=np.float32)
    x *= np.float32(studio.steps.init_sigma)
    total = len(studio.steps.rows)
    try:
        studio.conditioner.run(conditions, {"context": context})
        for array in conditions.values():
            array.fill(0)
        loop = denoise(studio.step, x, context, studio.steps, rng)
        try:
            for done in loop:
                yield done, total
        finally:
            loop.close()
        height, width = studio.manifest.image_height, studio.manifest.image_width
        return decode(studio.decoder, x, height=height, width=width)
    finally:
        for array in (*conditions.values(), context, x):
            array.fill(0)


def draw_decoy(studio: Studio, record: LikenessRecord) -> None:
    """One step and one decoding of a public ``record``.

    It warms the graphs before a job, and after it overwrites the scratch memory that kernels keep for themselves.
    """
    one_step = Steps(init_sigma=studio.steps.init_sigma, rows=studio.steps.rows[:1])
    short = replace(studio, steps=one_step)
    for _ in draw(short, record, style=0, seed=0):
        pass
