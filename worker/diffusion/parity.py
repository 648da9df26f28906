"""Whether this machine draws what the bundle's maker drew: a public record, compared coarsely."""

from typing import Final

import numpy as np
import numpy.typing as npt

from schemas import embedding
from schemas.bundle_manifest import ParityVector
from worker.diffusion.portrait import Studio, draw

GRID: Final = 8


def grid_means(image: npt.NDArray[np.uint8]) -> list[float]:
    """Means over an 8 x 8 grid of ``image`` (H, W, 3), row by row, RGB: 192 numbers from 0 to 255.

    Cell i of n pixels reaches from i * n // 8 to (i + 1) * n // 8.
    """
    height, width, _ = image.shape
    rows = [i * height // GRID for i in range(GRID + 1)]
    columns = [i * width // GRID for i in range(GRID + 1)]
    return [
        float(mean)
        for i in range(GRID)
        for j in range(GRID)
        for mean in image[rows[i] : rows[i + 1], columns[j] : columns[j + 1]].mean(axis=(0, 1), dtype=np.float64)
    ]


def difference(studio: Studio, vector: ParityVector) -> float:
    """The largest difference between the vector's means and those of the same image drawn here (0..255)."""
    style = [entry.id for entry in studio.manifest.styles].index(vector.style)
    drawing = draw(studio, embedding.decode(bytes.fromhex(vector.record)), style=style, seed=vector.seed)
    while True:
        try:
            next(drawing)
        except StopIteration as finished:
            means = grid_means(finished.value)
            return max(abs(a - b) for a, b in zip(means, vector.image_mean, strict=True))
