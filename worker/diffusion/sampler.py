"""The denoising loop, a generator: whoever runs it decides about progress, stopping and what comes next."""

from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from schemas.errors import WorkerFailed
from worker.diffusion.schedule import Column, Steps
from worker.diffusion.sessions import Array, Graph


def denoise(
    step: Graph, x: npt.NDArray[np.float32], context: Array, steps: Steps, rng: np.random.Generator
) -> Generator[int, None, None]:
    """Turn the latents ``x`` (1, C, h, w), pure noise at first, into clean ones in place; yields the steps done.

    Ends early, with every buffer but ``x`` overwritten, when the generator is closed.

    Raises:
        WorkerFailed: the network gave a number that is not finite.
    """
    x_next, x0, x0_prev, noise = (np.zeros_like(x) for _ in range(4))
    row = np.zeros(len(Column), np.float32)
    try:
        for done, coefficients in enumerate(steps.rows, start=1):
            row[:] = coefficients
            if row[Column.D]:
                rng.standard_normal(dtype=np.float32, out=noise)
            feeds: dict[str, Array] = {
                "x": x,
                "x0_prev": x0_prev,
                "noise": noise,
                "row": row,
                "context": context,
            }
            step.run(feeds, {"x_next": x_next, "x0": x0})
            x[:] = x_next
            x0_prev[:] = x0
            yield done
        if not np.isfinite(x).all():
            raise WorkerFailed("the network gave a number that is not finite")
    finally:
        for scratch in (x_next, x0, x0_prev, noise, row):
            scratch.fill(0)
