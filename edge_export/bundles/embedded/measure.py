"""From a picture to what is said about it: the Python twin of the browser's pipeline.

detect.onnx -> square of 1.5 x the long side of the box, turned upright by its eye points -> mesh.onnx -> ruler.onnx,
and the mesh points -> five-point alignment -> embed.onnx. Pixels are resampled by Pillow, in the browser by canvas:
the two differ by less than the photo's own noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from PIL import Image

from edge_export import ruler
from schemas import embedding as record_format

Array = npt.NDArray[np.float32]

DETECT_PX = 128
MESH_PX = 192
CHIP_PX = 150
CHIP_PADDING = 0.25
MIN_SCORE = 0.5
SAME_FACE = 0.3
"""Overlap (intersection over union) above which two boxes are one face."""
ROI_SCALE = 1.5
CHIP_POINTS = (263, 362, 33, 133, 2)
CHIP_TEMPLATE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750820789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135579, 0.6277975316475),
    ],
    np.float32,
)
"""Where the outer and inner eye corners and the nose's base belong in a chip, 0..1 before padding."""


class NoFaceFound(Exception):
    """The picture shows no face that the detector is sure of."""


@dataclass(frozen=True, slots=True)
class Face:
    """What the graphs measured on one picture."""

    geometry: npt.NDArray[np.int8] = field(repr=False)
    colours: npt.NDArray[np.int8] = field(repr=False)
    colours_given: npt.NDArray[np.uint8] = field(repr=False)
    embedding: Array = field(repr=False)
    points: Array = field(repr=False)
    """[468, 3] in pixels of the mesh crop."""
    presence: float = field(repr=False)
    """Logit of the mesh model's face flag."""


def warp(picture: Image.Image, to_square: Array, size: int) -> Image.Image:
    """The square of `size` pixels that `to_square` (2 x 3, picture pixels -> square pixels) takes from the picture.

    Shrinks in whole steps first, as a browser's high-quality smoothing does, so that no pixel is skipped.
    """
    scale = float(np.hypot(to_square[0, 0], to_square[1, 0]))
    step = max(1, int(1.0 / scale + 1e-6))
    if step > 1:
        picture = picture.reduce(step)
    inverse = np.linalg.inv(np.vstack([to_square, [0.0, 0.0, 1.0]]))[:2]
    # Pillow and canvas both count a pixel from its corner, so the step is all that changes.
    return picture.transform(
        (size, size), Image.Transform.AFFINE, tuple((inverse / step).ravel()), Image.Resampling.BILINEAR
    )


def _rgba(picture: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(picture.convert("RGBA"))


def anchors() -> Array:
    """float32 [896, 2]: the detector's anchor centres, 0..1."""
    rows = [
        ((x + 0.5) / side, (y + 0.5) / side)
        for side, each in ((16, 2), (8, 6))
        for y in range(side)
        for x in range(side)
        for _ in range(each)
    ]
    return np.array(rows, np.float32)


def similarity(source: Array, target: Array) -> Array:
    """float32 [2, 3]: the turn, scale and shift that bring `source` points nearest to `target` points."""
    from_mean, to_mean = source.mean(axis=0), target.mean(axis=0)
    s, t = source - from_mean, target - to_mean
    square = float((s * s).sum())
    a = float((s * t).sum()) / square
    b = float((s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum()) / square
    turn = np.array([[a, -b], [b, a]], np.float32)
    return np.hstack([turn, (to_mean - turn @ from_mean)[:, None]]).astype(np.float32)


def _overlap(box: Array, others: Array) -> Array:
    wide = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    high = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    shared = wide.clip(min=0) * high.clip(min=0)
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return np.asarray(shared / ((box[2] - box[0]) * (box[3] - box[1]) + areas - shared + 1e-9), np.float32)


class Measurer:
    """The browser's graphs, one thread each."""

    def __init__(self, models: Path) -> None:
        """Loads detect, mesh and embed from `models`; the ruler is built here."""
        self._detect, self._mesh, self._embed = (
            self._session((models / f"{role}.onnx").read_bytes()) for role in ("detect", "mesh", "embed")
        )
        self._ruler = self._session(ruler.build().SerializeToString()) if ruler.TABLE.exists() else None
        self._anchors = anchors()

    @staticmethod
    def _session(model: bytes) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def find(self, picture: Image.Image) -> tuple[Array, Array]:
        """(box [4] as x0 y0 x1 y1, key points [6, 2]) of the surest face, in picture pixels.

        Raises:
            NoFaceFound: no score reaches MIN_SCORE.
        """
        scale = DETECT_PX / max(picture.size)
        shift = [(DETECT_PX - round(side * scale)) // 2 for side in picture.size]
        to_square = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]], np.float32)
        outputs = self._detect.run(
            ["regressors", "classificators"], {"rgba": _rgba(warp(picture, to_square, DETECT_PX))}
        )
        raw, logits = outputs[0][0], outputs[1][0, :, 0]
        scores = 1.0 / (1.0 + np.exp(-logits.clip(-50, 50)))
        sure = np.flatnonzero(scores > MIN_SCORE)
        if sure.size == 0:
            raise NoFaceFound
        sure = sure[np.argsort(-scores[sure], kind="stable")]
        values = raw[sure].reshape(-1, 8, 2) / DETECT_PX
        values[:, [0, *range(2, 8)]] += self._anchors[sure, None]
        pixels = (values * DETECT_PX - np.array([shift])) / scale
        half = values[:, 1] * DETECT_PX / scale / 2.0
        boxes = np.hstack([pixels[:, 0] - half, pixels[:, 0] + half]).astype(np.float32)
        same = _overlap(boxes[0], boxes) > SAME_FACE
        weight = (scores[sure][same] / scores[sure][same].sum())[:, None]
        return (boxes[same] * weight).sum(0), (pixels[same, 2:] * weight[:, :, None]).sum(0).astype(np.float32)

    def mesh(self, picture: Image.Image, box: Array, keys: Array) -> tuple[Array, Array, npt.NDArray[np.uint8], float]:
        """(points [468, 3] in crop pixels, the same [468, 2] in picture pixels, the crop, presence logit)."""
        across = keys[1] - keys[0]
        angle = float(np.arctan2(across[1], across[0]))
        scale = MESH_PX / (ROI_SCALE * max(box[2] - box[0], box[3] - box[1]))
        turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        centre = np.array([(box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0])
        to_square = np.hstack([turn, (MESH_PX / 2.0 - turn @ centre)[:, None]]).astype(np.float32)
        crop = _rgba(warp(picture, to_square, MESH_PX))
        points, presence = self._mesh.run(["points", "presence"], {"rgba": crop})
        in_picture = (points[:, :2] - to_square[:, 2]) @ np.linalg.inv(to_square[:, :2]).T
        return points, in_picture.astype(np.float32), crop, float(presence[0])

    def embed(self, picture: Image.Image, in_picture: Array) -> Array:
        """float32 [128] of the aligned chip."""
        target = (CHIP_TEMPLATE + CHIP_PADDING) / (1.0 + 2.0 * CHIP_PADDING) * CHIP_PX
        chip = warp(picture, similarity(in_picture[list(CHIP_POINTS)], target.astype(np.float32)), CHIP_PX)
        result: Array = self._embed.run(["embedding"], {"rgba": _rgba(chip)})[0][0]
        return result

    def points(self, picture: Image.Image) -> Array:
        """Mesh points alone, for the ruler's table.

        Raises:
            NoFaceFound: as `find`.
        """
        return self.mesh(picture, *self.find(picture))[0]

    def measure(self, picture: Image.Image) -> Face:
        """All that a record can say about the surest face of an RGB picture.

        Raises:
            NoFaceFound: as `find`.
        """
        assert self._ruler is not None, "the ruler's table is missing: run the stage `table`"
        points, in_picture, crop, presence = self.mesh(picture, *self.find(picture))
        geometry, colours, given = self._ruler.run(
            ["geometry", "colours", "colours_given"], {"points": points, "rgba": crop}
        )
        return Face(geometry, colours, given, self.embed(picture, in_picture), points, presence)


def to_record(face: Face, attributes: Sequence[int]) -> record_format.LikenessRecord:
    """The record of a measured face and tapped attributes (16 or 14 codes, 0 = not given)."""
    codes = tuple(int(code) for code in attributes)[: len(record_format.ATTRIBUTES)]
    colours = tuple(
        (int(c[0]), int(c[1]), int(c[2])) if given else None
        for c, given in zip(face.colours, face.colours_given, strict=True)
    )
    return record_format.LikenessRecord(
        geometry=face.geometry.tobytes(),
        look=record_format.Look(colours=colours, attributes=codes),
        embedding=record_format.quantise([float(value) for value in face.embedding]),
    )
