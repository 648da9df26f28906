"""From clean latents to pixels."""

import numpy as np
import numpy.typing as npt

from schemas.errors import BundleDamaged
from worker.diffusion.sessions import Graph


def decode(decoder: Graph, latents: npt.NDArray[np.float32], *, height: int, width: int) -> npt.NDArray[np.uint8]:
    """The image (height, width, 3) uint8 of ``latents`` (1, C, h, w).

    Raises:
        BundleDamaged: the decoder makes images of another shape or type.
    """
    image = decoder.output("image")
    if image.shape != (1, height, width, 3) or image.dtype != np.uint8:
        raise BundleDamaged("the decoder's image is not the size that bundle.json says")
    decoder.run({"latents": latents}, {"image": image})
    pixels: npt.NDArray[np.uint8] = image.view(np.uint8)[0]
    return pixels
