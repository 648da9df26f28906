"""The pictures that a graph and its original runtime are both asked about.

Two for each model: a face (the official portrait of the astronaut Eileen Collins, released by NASA into the
public domain; read from scikit-image, not copied here), and noise from a fixed rule, which reaches values
that no photo has. `python -m edge_export.probes FOLDER` writes them as raw RGBA files, so that a runtime in
another language can read them.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_export.recipes import RECIPES
from schemas.errors import SourceUnavailable

Rgba = npt.NDArray[np.uint8]
"""(side, side, 4), alpha always 255."""

NAMES: Final = ("photo", "noise")

_FACE_CENTRE: Final = (115, 222)
"""Row and column of the face in the 512-pixel portrait."""


def probe(name: str, side: int) -> Rgba:
    """The picture `name` for an input of `side` pixels.

    Raises:
        SourceUnavailable: scikit-image, which holds the photo, is not installed.
        KeyError: no such picture.
    """
    colours = {"photo": _photo, "noise": _noise}[name](side)
    opaque = np.full((side, side, 1), 255, np.uint8)
    return np.concatenate([colours, opaque], axis=2)


def _photo(side: int) -> Rgba:
    """The face in the portrait; for the detector's 128 pixels every fourth pixel of the whole portrait."""
    try:
        from skimage import data  # noqa: PLC0415 - needed for this picture only
    except ImportError as error:
        raise SourceUnavailable("the comparison photo comes with scikit-image, which is not installed") from error
    portrait = np.asarray(data.astronaut(), np.uint8)  # (512, 512, 3)
    if side * 4 == portrait.shape[0]:
        return portrait[::4, ::4]
    row, column = (centre - side // 2 for centre in _FACE_CENTRE)
    return portrait[row : row + side, column : column + side]


def _noise(side: int) -> Rgba:
    octets = hashlib.shake_256(f"likeness/parity/v1/{side}".encode()).digest(side * side * 3)
    return np.frombuffer(octets, np.uint8).reshape(side, side, 3)


def main() -> None:
    """Write every probe of every model to a folder."""
    parser = argparse.ArgumentParser(prog="python -m edge_export.probes", description="Write the probe pictures.")
    parser.add_argument("folder", type=Path, help="where <role>-<probe>.rgba files go (raw uint8, side x side x 4)")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        for name in NAMES:
            (folder / f"{recipe.role}-{name}.rgba").write_bytes(probe(name, recipe.size).tobytes())


if __name__ == "__main__":
    main()
