"""The pictures that a graph and its original runtime are both asked about.

`drawn` is a face made of ellipses, nobody's; `noise` reaches values that no picture has. Both come from rules in
whole numbers, so they are the same bytes everywhere, and every build is compared on them. `photo` is the official
portrait of the astronaut Eileen Collins, released by NASA into the public domain; it is read from scikit-image,
which a build does without, and compared in the tests. `python -m edge_export.probes FOLDER` writes all of them as
raw RGBA files, for a runtime in another language.
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

ALWAYS: Final = ("drawn", "noise")
"""What every build is compared on."""
NAMES: Final = (*ALWAYS, "photo")

_GRID: Final = 1000
"""The drawn face is laid out on a square of this many units."""

_BACKGROUND: Final = (196, 202, 210)
_SHAPES: Final = (
    # colour, centre (column, row), half axes: later shapes cover earlier ones
    ((40, 44, 66), (500, 1080), (400, 260)),  # shoulders
    ((196, 148, 122), (500, 860), (120, 190)),  # neck
    ((66, 44, 34), (500, 400), (320, 330)),  # hair
    ((224, 176, 148), (500, 500), (250, 330)),  # face
    ((60, 42, 34), (395, 395), (75, 14)),  # brows
    ((60, 42, 34), (605, 395), (75, 14)),
    ((246, 244, 240), (395, 455), (55, 26)),  # eyes
    ((246, 244, 240), (605, 455), (55, 26)),
    ((70, 50, 40), (395, 455), (24, 25)),  # irises
    ((70, 50, 40), (605, 455), (24, 25)),
    ((196, 144, 118), (500, 590), (45, 24)),  # nose
    ((232, 186, 158), (500, 540), (26, 70)),
    ((172, 84, 84), (500, 690), (95, 30)),  # mouth
    ((120, 50, 56), (500, 688), (80, 6)),
)

_FACE_CENTRE: Final = (115, 222)
"""Row and column of the face in the 512-pixel portrait."""


def probe(name: str, side: int) -> Rgba:
    """The picture `name` for an input of `side` pixels.

    Raises:
        SourceUnavailable: scikit-image, which holds the photo, is not installed.
        KeyError: no such picture.
    """
    colours = {"drawn": _drawn, "noise": _noise, "photo": _photo}[name](side)
    opaque = np.full((side, side, 1), 255, np.uint8)
    return np.concatenate([colours, opaque], axis=2)


def _drawn(side: int) -> Rgba:
    units = (2 * np.arange(side, dtype=np.int64) + 1) * _GRID // (2 * side)
    column, row = units[None, :], units[:, None]
    picture = np.empty((side, side, 3), np.uint8)
    picture[:] = _BACKGROUND
    for colour, (x, y), (half_width, half_height) in _SHAPES:
        across, down = (column - x) * half_height, (row - y) * half_width
        picture[across**2 + down**2 <= (half_width * half_height) ** 2] = colour
    light = 1024 - (column + row) // 8  # darker to the lower right
    return (picture * light[..., None] // 1024).astype(np.uint8)


def _photo(side: int) -> Rgba:
    """The face in the portrait; for the detector's 128 pixels every fourth pixel of the whole portrait."""
    try:
        from skimage import data  # noqa: PLC0415 - needed for this picture only
    except ImportError as error:
        raise SourceUnavailable("the comparison photo comes with scikit-image, which is not installed") from error
    portrait = np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]  # (512, 512, 3)
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
