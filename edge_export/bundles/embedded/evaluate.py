"""How good is the bundle? Measured on people that training never saw, with the files a worker would load."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from edge_export.bundles.embedded import dataset
from edge_export.bundles.embedded.dataset import HELD_OUT_SHARD, Measured
from edge_export.bundles.embedded.export import Bundle
from edge_export.bundles.embedded.measure import Face, Measurer, NoFaceFound, to_record
from edge_export.bundles.embedded.people import ATTRIBUTES
from edge_export.bundles.embedded.styles import STYLES
from schemas.bundle_manifest import Schedule
from schemas.embedding import LikenessRecord

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over held-out people; 'other' compares with the next person in the same style."""

    people: int
    psnr_own_db: float
    psnr_other_db: float
    cosine_own: float
    cosine_other: float
    top_1: float
    top_5: float
    skin_delta_e: float
    skin_delta_e_by_tone: tuple[float, float, float]
    """Lightest, middle and darkest third."""
    lost: int
    """Drawings in which the detector found no face."""


def face_of(measured: Measured, row: int) -> Face:
    """What was measured on one picture, as `measure` would return it."""
    return Face(
        measured.geometry[row],
        measured.colours[row],
        measured.colours_given[row],
        measured.embedding[row],
        np.zeros((468, 3), np.float32),
        1.0,
    )


def _psnr(first: Picture, second: Picture) -> float:
    error = ((first.astype(np.float64) - second.astype(np.float64)) ** 2).mean()
    return float(10.0 * np.log10(255.0**2 / max(error, 1e-6)))


def _centred(vectors: npt.NDArray[np.float32], mean: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    apart = vectors - mean
    return np.asarray(apart / np.linalg.norm(apart, axis=1, keepdims=True), np.float32)


def _without_chips(record: LikenessRecord) -> LikenessRecord:
    assert record.look is not None
    return replace(record, look=replace(record.look, attributes=(0,) * len(ATTRIBUTES)))


def _without_colours(record: LikenessRecord) -> LikenessRecord:
    assert record.look is not None
    return replace(record, look=replace(record.look, colours=(None,) * len(record.look.colours)))


VARIANTS: dict[str, Callable[[LikenessRecord], LikenessRecord]] = {
    "complete": lambda record: record,
    "without the vector": lambda record: replace(record, embedding=None),
    "without chips": _without_chips,
    "without colours": _without_colours,
    "geometry of nobody": lambda record: replace(record, geometry=bytes(24)),
}
"""What a record may lack, to see what each part is worth."""


def score(
    bundle: Bundle,
    schedule: Schedule,
    folder: Path,
    measurer: Measurer,
    *,
    people: int,
    told: Callable[[LikenessRecord], LikenessRecord],
) -> Scores:
    """Draws held-out people in their second style from a record of their first picture, and compares.

    Args:
        bundle: the graphs.
        schedule: how to sample.
        folder: where the held-out shard is, drawn and measured.
        measurer: the browser's graphs.
        people: how many of the held-out shard to use.
        told: what is left of a complete record.
    """
    measured = dataset.load_measured(folder, [HELD_OUT_SHARD])
    pictures = np.load(dataset.pictures_path(folder, HELD_OUT_SHARD), mmap_mode="r")
    pairs: list[tuple[Picture, Picture]] = []
    seen: list[tuple[int, Face]] = []
    for person in range(people):
        source, truth = 2 * person, 2 * person + 1
        if not measured.found[source] or not measured.found[truth]:
            continue
        record = told(to_record(face_of(measured, source), measured.attributes[source]))
        image = bundle.draw(record, int(measured.style[truth]), person, schedule)
        pairs.append((image, np.asarray(pictures[truth])))
        with contextlib.suppress(NoFaceFound):
            seen.append((person, measurer.measure(Image.fromarray(image))))
    return _compare(pairs, seen, measured)


def _compare(pairs: list[tuple[Picture, Picture]], seen: list[tuple[int, Face]], measured: Measured) -> Scores:
    """Scores of (drawn, true) pictures, and of what was measured on the drawn ones, by person."""
    cast, _ = dataset.cast_of(HELD_OUT_SHARD)
    truth = np.array([2 * person + 1 for person, _ in seen])
    wanted = measured.embedding[truth]
    drawn = np.array([face.embedding for _, face in seen])
    mean = wanted.mean(axis=0)
    alike = _centred(drawn, mean) @ _centred(wanted, mean).T
    order, right = np.argsort(-alike, axis=1), np.arange(len(alike))[:, None]
    skins = np.array([face.colours[0] for _, face in seen]) - measured.colours[truth, 0].astype(np.float64)
    delta = np.linalg.norm(skins * [0.5, 1.0, 1.0], axis=1)
    third = np.digitize([float(cast.tone[person]) for person, _ in seen], [1 / 3, 2 / 3])
    light, middle, dark = (float(delta[third == index].mean()) for index in range(3))
    others = [true for _, true in pairs[1:] + pairs[:1]]
    return Scores(
        people=len(pairs),
        psnr_own_db=float(np.mean([_psnr(image, true) for image, true in pairs])),
        psnr_other_db=float(np.mean([_psnr(image, other) for (image, _), other in zip(pairs, others, strict=True)])),
        cosine_own=float(np.diag(alike).mean()),
        cosine_other=float((alike.sum() - np.trace(alike)) / (alike.size - len(alike))),
        top_1=float((order[:, :1] == right).any(axis=1).mean()),
        top_5=float((order[:, :5] == right).any(axis=1).mean()),
        skin_delta_e=float(delta.mean()),
        skin_delta_e_by_tone=(light, middle, dark),
        lost=len(pairs) - len(seen),
    )


def _paste(rows: list[list[Picture]], size_px: int) -> Image.Image:
    sheet = Image.new("RGB", (size_px * len(rows[0]), size_px * len(rows)))
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(
                Image.fromarray(picture).resize((size_px, size_px), Image.Resampling.LANCZOS),
                (x * size_px, y * size_px),
            )
    return sheet


def held_out_sheet(bundle: Bundle, schedule: Schedule, folder: Path, people: Sequence[int]) -> Image.Image:
    """Upper row: the true drawing; lower row: the bundle's, from a record of another picture of that person."""
    measured = dataset.load_measured(folder, [HELD_OUT_SHARD])
    pictures = np.load(dataset.pictures_path(folder, HELD_OUT_SHARD), mmap_mode="r")
    truth = [np.asarray(pictures[2 * person + 1]) for person in people]
    drawn = [
        bundle.draw(
            to_record(face_of(measured, 2 * p), measured.attributes[2 * p]), int(measured.style[2 * p + 1]), p, schedule
        )
        for p in people
    ]
    half = len(people) // 2
    return _paste([truth[:half], drawn[:half], truth[half : 2 * half], drawn[half : 2 * half]], 144)


def style_sheet(bundle: Bundle, schedule: Schedule, folder: Path, people: Sequence[int]) -> Image.Image:
    """One row a person, one column a style: clothes and room change, the person does not."""
    measured = dataset.load_measured(folder, [HELD_OUT_SHARD])
    sheet = [
        [
            bundle.draw(to_record(face_of(measured, 2 * p), measured.attributes[2 * p]), style, p, schedule)
            for style in range(len(STYLES))
        ]
        for p in people
    ]
    return _paste(sheet, 120)


def save_small(sheet: Image.Image, path: Path, most_bytes: int = 400_000) -> None:
    """Saves a PNG of at most `most_bytes`, with fewer colours if it must be."""
    for colours in (None, 256, 160, 96, 48):
        shown = sheet
        if colours is not None:  # Pillow dithers only towards a palette that it is given
            shown = sheet.quantize(palette=sheet.quantize(colours), dither=Image.Dither.FLOYDSTEINBERG)
        shown.save(path, optimize=True)
        if path.stat().st_size <= most_bytes:
            return


def census(shards: Sequence[int]) -> dict[str, dict[str, int]]:
    """How often each attribute was drawn, and skin tone in thirds: the distribution of the model card."""
    casts = [dataset.cast_of(shard)[0] for shard in shards]
    tone = torch.cat([cast.tone for cast in casts])
    counts = {
        "skin tone": {
            word: int(((tone * 3).long() == i).sum())
            for i, word in enumerate(("light third", "middle third", "dark third"))
        }
    }
    for name, words in ATTRIBUTES:
        codes = torch.cat([cast.attribute(name) for cast in casts])
        counts[name] = {word: int((codes == index + 1).sum()) for index, word in enumerate(words)}
    return counts
