"""Drawn people on disk: shards of pictures and of what the browser's graphs measure on them.

A shard holds PEOPLE_A_SHARD adults, each drawn in two different styles, so that training can pair the record measured
on one picture with the other picture: the record must name the person, the style must not leak into it.
Shard k is a pure function of k. Files appear under their name only when complete, so every stage can be resumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import torch
from PIL import Image

from edge_export import ruler
from edge_export.bundles.embedded.measure import Measurer, NoFaceFound
from edge_export.bundles.embedded.people import People, sample
from edge_export.bundles.embedded.render import render
from edge_export.bundles.embedded.styles import STYLES

PEOPLE_A_SHARD = 500
PICTURES_A_PERSON = 2
IMAGE_PX = 256
FIRST_SEED = 710_000
HELD_OUT_SHARD = 999
"""Never trained on; its people have a seed of their own."""
DRAW_AT_ONCE = 4
"""Small batches stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row a picture, in the order of the shard's pictures: person 0 style a, person 0 style b, person 1 ..."""

    geometry: npt.NDArray[np.int8]
    colours: npt.NDArray[np.int8]
    colours_given: npt.NDArray[np.uint8]
    embedding: npt.NDArray[np.float32]
    attributes: npt.NDArray[np.int64]
    style: npt.NDArray[np.int64]
    found: npt.NDArray[np.bool_]
    """False where no face was found; such rows are not used."""


def cast_of(shard: int) -> tuple[People, torch.Tensor]:
    """(people, int64 [people, 2] styles) of a shard."""
    people = sample(PEOPLE_A_SHARD, FIRST_SEED + shard)
    rng = torch.Generator().manual_seed(FIRST_SEED * 2 + shard)
    first = torch.randint(0, len(STYLES), (PEOPLE_A_SHARD,), generator=rng)
    step = torch.randint(1, len(STYLES), (PEOPLE_A_SHARD,), generator=rng)
    return people, torch.stack([first, (first + step) % len(STYLES)], dim=1)


def pictures_path(folder: Path, shard: int) -> Path:
    """uint8 [1000, 256, 256, 3]"""
    return folder / f"pictures-{shard:03d}.npy"


def measured_path(folder: Path, shard: int) -> Path:
    """A Measured, as npz."""
    return folder / f"measured-{shard:03d}.npz"


def draw_shard(folder: Path, shard: int) -> None:
    """Draws the pictures of a shard, unless they are there."""
    path = pictures_path(folder, shard)
    if path.exists():
        return
    people, styles = cast_of(shard)
    pictures = np.empty((PEOPLE_A_SHARD * PICTURES_A_PERSON, IMAGE_PX, IMAGE_PX, 3), np.uint8)
    for start in range(0, PEOPLE_A_SHARD, DRAW_AT_ONCE):
        rows = torch.arange(start, min(start + DRAW_AT_ONCE, PEOPLE_A_SHARD))
        for which in range(PICTURES_A_PERSON):
            drawn = render(people.take(rows), styles[rows, which], IMAGE_PX)
            pictures[rows.numpy() * PICTURES_A_PERSON + which] = drawn.permute(0, 2, 3, 1).numpy()
    _keep(path, lambda part: np.save(part, pictures))


def measure_shard(folder: Path, shard: int, measurer: Measurer) -> None:
    """Measures the pictures of a shard, unless that is done."""
    path = measured_path(folder, shard)
    if path.exists():
        return
    pictures = np.load(pictures_path(folder, shard), mmap_mode="r")
    people, styles = cast_of(shard)
    count = len(pictures)
    rows = Measured(
        geometry=np.zeros((count, len(ruler.RATIOS)), np.int8),
        colours=np.zeros((count, len(ruler.SWATCHES), 3), np.int8),
        colours_given=np.zeros((count, len(ruler.SWATCHES)), np.uint8),
        embedding=np.zeros((count, 128), np.float32),
        attributes=people.attributes.numpy().repeat(PICTURES_A_PERSON, axis=0),
        style=styles.numpy().reshape(-1),
        found=np.zeros(count, np.bool_),
    )
    for row, picture in enumerate(pictures):
        try:
            face = measurer.measure(Image.fromarray(picture))
        except NoFaceFound:
            continue
        rows.found[row] = face.presence > 0
        rows.geometry[row], rows.colours[row], rows.colours_given[row] = face.geometry, face.colours, face.colours_given
        rows.embedding[row] = face.embedding
    _keep(path, lambda part: np.savez(part, **{name: getattr(rows, name) for name in Measured.__slots__}))


def make_table(folder: Path, shard: int, measurer: Measurer) -> dict[str, dict[str, float]]:
    """The ruler's table: median and robust scale of each ratio over one shard's pictures."""
    session = ort.InferenceSession(ruler.build_ratios().SerializeToString(), providers=["CPUExecutionProvider"])
    rows = []
    for picture in np.load(pictures_path(folder, shard), mmap_mode="r"):
        try:
            points = measurer.points(Image.fromarray(picture))
        except NoFaceFound:
            continue
        rows.append(session.run(["ratios"], {"points": points})[0])
    return ruler.table_of(np.array(rows))


def load_measured(folder: Path, shards: Sequence[int]) -> Measured:
    """The rows of several shards, one after another."""
    parts = [np.load(measured_path(folder, shard)) for shard in shards]
    return Measured(**{name: np.concatenate([part[name] for part in parts]) for name in Measured.__slots__})


def load_pictures(folder: Path, shards: Sequence[int]) -> Iterator[npt.NDArray[np.uint8]]:
    """Each shard's pictures, read from disk as they are touched."""
    for shard in shards:
        yield np.load(pictures_path(folder, shard), mmap_mode="r")


def training_shards(folder: Path) -> list[int]:
    """Shards that are drawn and measured, the held-out one apart."""
    numbers = (int(path.stem.rpartition("-")[2]) for path in folder.glob("measured-*.npz"))
    return sorted(number for number in numbers if number != HELD_OUT_SHARD)


def _keep(path: Path, write: object) -> None:
    part = path.with_name(f".{path.name}")
    assert callable(write)
    with part.open("wb") as file:
        write(file)
    part.rename(path)
