"""The ruler: one ONNX graph that measures a face, on photos in the browser and on training renders alike.

Interface (spec: likeness record, parts geometry and look):
    points  float32 [468, 3]       face-mesh points in pixels of the mesh crop; z is not used
    rgba    uint8   [192, 192, 4]  that crop
 -> geometry       int8  [24]      robust z-scores x 32, clipped at +-80 (2.5 sigma of the drawn people)
    colours        int8  [5, 3]    skin, lips, brow, hair, iris as round(2 (L* - 50)), round(a*), round(b*)
    colours_given  uint8 [5]       0 where the crop does not show that colour well

Ratios divide by the distance of the outer eye corners, so that neither size nor place nor roll of the face matters.
The z-score table beside this file is made by `python -m edge_export.bundles.embedded table`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
CROP_PX = 192
CLIP_CODE = 80
CODES_PER_SIGMA = 32.0
TABLE = Path(__file__).with_name("ruler_table.json")

Pair = tuple[int, int]
Kind = Literal["length", "along", "up"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The mean over two mesh pairs of a length, or of its part along / up the line of the eyes."""

    name: str
    kind: Kind
    first: Pair
    second: Pair


def _both(name: str, kind: Kind, pair: Pair) -> Ratio:
    return Ratio(name, kind, pair, pair)


RATIOS: tuple[Ratio, ...] = (
    _both("face_width", "length", (234, 454)),
    _both("jaw_width", "length", (172, 397)),
    _both("chin_width", "length", (148, 377)),
    _both("face_height", "length", (10, 152)),
    _both("forehead_width", "length", (54, 284)),
    _both("cheek_width", "length", (123, 352)),
    _both("nose_width", "length", (129, 358)),
    _both("nose_base", "length", (98, 327)),
    _both("nose_length", "length", (168, 2)),
    _both("mouth_width", "length", (61, 291)),
    _both("upper_lip", "length", (0, 13)),
    _both("lower_lip", "length", (14, 17)),
    _both("lip_bow", "length", (37, 267)),
    _both("philtrum", "length", (2, 0)),
    _both("chin_height", "length", (17, 152)),
    Ratio("jaw_drop", "up", (172, 152), (397, 152)),
    Ratio("eye_width", "length", (33, 133), (362, 263)),
    Ratio("eye_opening", "length", (159, 145), (386, 374)),
    _both("eyes_apart", "length", (133, 362)),
    Ratio("eye_tilt", "up", (33, 133), (263, 362)),
    Ratio("brow_height", "up", (105, 159), (334, 386)),
    Ratio("brow_slope", "up", (70, 107), (300, 336)),
    _both("brows_apart", "length", (55, 285)),
    Ratio("mouth_corners", "up", (61, 13), (291, 13)),
)
EYE_CORNERS: Pair = (33, 263)

Blend = tuple[tuple[int, float], ...]
"""A place on the face: mesh points and their weights, which add up to 1."""


def _at(*points: int) -> Blend:
    return tuple((point, 1.0 / len(points)) for point in points)


def _above(top: int, middle: int, times: float) -> Blend:
    """Beyond `top`, on the line that comes from `middle`."""
    return ((top, 1.0 + times), (middle, -times))


LEFT_EYE, RIGHT_EYE = (33, 133, 159, 145), (362, 263, 386, 374)


@dataclass(frozen=True, slots=True)
class Swatch:
    """Where a colour is read, and which share of its pixels, sorted by brightness, counts."""

    places: tuple[Blend, ...]
    spread_px: float
    share: tuple[float, float]


def _iris(eye: tuple[int, ...], corner: int) -> Blend:
    """Between pupil and rim: a third of the way from the eye's middle to a corner."""
    return (*((point, 0.68 / len(eye)) for point in eye), (corner, 0.32))


_CHEEKS = (50, 280, 205, 425, 117, 346, 36, 266, 101, 330, 187, 411)
SWATCHES: dict[str, Swatch] = {
    "skin": Swatch(tuple(_at(p) for p in (*_CHEEKS, 151, 108, 337)), 2.0, (0.25, 0.75)),
    "lips": Swatch(
        tuple(_at(a, b) for a, b in ((14, 17), (87, 84), (317, 314), (0, 13), (88, 91), (318, 321))), 1.0, (0.2, 0.7)
    ),
    "brow": Swatch(
        tuple(_at(a, b) for a, b in ((105, 52), (66, 65), (63, 53), (334, 282), (296, 295), (293, 283))),
        1.0,
        (0.1, 0.5),
    ),
    "hair": Swatch(
        tuple(_above(top, 168, times) for top in (10, 109, 338, 67, 297) for times in (0.22, 0.32, 0.42))
        + tuple(_above(side, 168, times) for side in (54, 284, 21, 251) for times in (0.12, 0.22)),
        2.0,
        (0.45, 0.80),
    ),
    "iris": Swatch(tuple(_iris(eye, corner) for eye in (LEFT_EYE, RIGHT_EYE) for corner in eye[:2]), 0.7, (0.30, 0.75)),
}
_WHITE = Swatch(
    tuple(
        (*((point, 0.45 / len(eye)) for point in eye), (corner, 0.55))
        for eye in (LEFT_EYE, RIGHT_EYE)
        for corner in eye[:2]
    ),
    1.5,
    (0.75, 0.97),
)
WHITE_GAIN = (0.94, 1.06)
"""Bounds of the white balance read from the white of the eyes."""
HAIR_DIFFERS = 7.0
"""Least distance (CIE76) of hair from skin; below it there is none to see, or it is shaven."""
EYE_OPEN = 0.16
"""Least opening of an eye, as a share of its width, at which an iris is read."""

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE_POINT = np.array([0.95047, 1.0, 1.08883])
_OFFSETS = np.array([(dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1)], np.float32)


class _Graph:
    """Nodes with counted names, so that equal calls give equal bytes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def const(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def op(self, kind: str, *inputs: str | float, out: str | None = None, **attributes: Any) -> str:
        name = out or f"n{len(self.nodes)}"
        names = [i if isinstance(i, str) else self.const(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, names, [name], **attributes))
        return name

    def total(self, x: str, axes: Sequence[int], *, keep: bool = False) -> str:
        return self.op("ReduceSum", x, self.const(axes, np.int64), keepdims=int(keep))

    def mean(self, x: str, axes: Sequence[int]) -> str:
        return self.op("ReduceMean", x, axes=list(axes), keepdims=0)

    def cast(self, x: str, to: int, out: str | None = None) -> str:
        return self.op("Cast", x, out=out, to=to)


def read_table() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(median, scale) of each ratio over drawn people, in the order of RATIOS."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))["ratios"]
    rows = [table[ratio.name] for ratio in RATIOS]
    return np.array([r["median"] for r in rows], np.float32), np.array([r["scale"] for r in rows], np.float32)


def _ratios(g: _Graph, points: str) -> str:
    """float32 [24]: distances in units of the eye distance."""
    pairs = np.array([[ratio.first, ratio.second] for ratio in RATIOS])
    start = g.op("Gather", points, g.const(pairs[:, :, 0], np.int64), axis=0)
    end = g.op("Gather", points, g.const(pairs[:, :, 1], np.int64), axis=0)
    step = g.op("Sub", start, end)  # [24, 2, 2]
    eyes = g.op(
        "Sub",
        g.op("Gather", points, g.const(EYE_CORNERS[1], np.int64), axis=0),
        g.op("Gather", points, g.const(EYE_CORNERS[0], np.int64), axis=0),
    )
    eye_px = g.op("Max", g.op("Sqrt", g.total(g.op("Mul", eyes, eyes), [0])), 1e-3)
    along = g.op("Div", eyes, eye_px)
    up = g.op("MatMul", along, g.const([[0.0, -1.0], [1.0, 0.0]]))  # (x, y) -> (y, -x): picture rows grow downwards
    length = g.op("Sqrt", g.total(g.op("Mul", step, step), [2]))
    measures = g.op(
        "Concat",
        *(
            g.op("Unsqueeze", g.mean(value, [1]), g.const([1], np.int64))
            for value in (length, g.op("MatMul", step, along), g.op("MatMul", step, up))
        ),
        axis=1,
    )
    kinds = ("length", "along", "up")
    chosen = np.array([[float(ratio.kind == kind) for kind in kinds] for ratio in RATIOS])
    return g.op("Div", g.total(g.op("Mul", measures, g.const(chosen)), [1]), eye_px)


def _geometry(g: _Graph, ratios: str) -> None:
    median, scale = read_table()
    z = g.op("Div", g.op("Sub", ratios, g.const(median)), g.const(scale))
    codes = g.op("Round", g.op("Mul", z, CODES_PER_SIGMA))
    g.cast(g.op("Clip", codes, -float(CLIP_CODE), float(CLIP_CODE)), TensorProto.INT8, out="geometry")


def _positions(g: _Graph, points: str, swatch: Swatch) -> str:
    """float32 [n, 2]: pixel positions (x, y) of a swatch, nine a place."""
    most = max(len(blend) for blend in swatch.places)
    index = np.zeros((len(swatch.places), most), np.int64)
    weight = np.zeros((len(swatch.places), most, 1), np.float32)
    for row, blend in enumerate(swatch.places):
        for column, (point, share) in enumerate(blend):
            index[row, column], weight[row, column, 0] = point, share
    places = g.total(
        g.op("Mul", g.op("Gather", points, g.const(index, np.int64), axis=0), g.const(weight)), [1], keep=True
    )
    spread = g.op("Add", places, g.const(_OFFSETS[None] * swatch.spread_px))
    return g.op("Reshape", spread, g.const([-1, 2], np.int64))


def _pixels(g: _Graph, rgb: str, positions: str) -> str:
    """float32 [n, 3], sRGB 0..1 at the nearest pixel inside the crop."""
    inside = g.op("Clip", g.op("Round", positions), 0.0, float(CROP_PX - 1))
    rows_first = g.op("Gather", g.cast(inside, TensorProto.INT64), g.const([1, 0], np.int64), axis=1)
    return g.op("GatherND", rgb, rows_first)


def _trimmed(g: _Graph, pixels: str, swatch: Swatch, key: str | None = None) -> str:
    """float32 [3]: mean of the pixels whose rank by `key` (brightness unless given) lies within the swatch's share."""
    count = len(swatch.places) * len(_OFFSETS)
    low, high = (round(count * share) for share in swatch.share)
    key = key or g.op("MatMul", pixels, g.const(_XYZ[1]))
    order = f"rank{len(g.nodes)}"
    node = helper.make_node(
        "TopK", [key, g.const([count], np.int64)], [f"sorted{len(g.nodes)}", order], axis=0, largest=0
    )
    g.nodes.append(node)
    kept = g.op("Slice", order, g.const([low], np.int64), g.const([high], np.int64))
    return g.mean(g.op("Gather", pixels, kept, axis=0), [0])


def _unlike(g: _Graph, pixels: str, colour: str) -> str:
    """float32 [n]: squared distance in sRGB of each pixel from a colour."""
    apart = g.op("Sub", pixels, colour)
    return g.total(g.op("Mul", apart, apart), [1])


def _lab(g: _Graph, rgb: str) -> str:
    """float32 [n, 3] CIE L*a*b* (D65) of sRGB rows."""
    curve = g.op("Pow", g.op("Div", g.op("Add", rgb, 0.055), 1.055), 2.4)
    linear = g.op("Where", g.op("Greater", rgb, 0.04045), curve, g.op("Div", rgb, 12.92))
    xyz = g.op("MatMul", linear, g.const((_XYZ / _WHITE_POINT[:, None]).T))
    cube = g.op("Pow", g.op("Max", xyz, 1e-6), 1.0 / 3.0)
    f = g.op("Where", g.op("Greater", xyz, 0.008856), cube, g.op("Add", g.op("Mul", xyz, 7.787), 16.0 / 116.0))
    mixing = np.array([[0.0, 500.0, 0.0], [116.0, -500.0, 200.0], [0.0, 0.0, -200.0]])
    return g.op("Add", g.op("MatMul", f, g.const(mixing)), g.const([-16.0, 0.0, 0.0]))


def _white_gain(g: _Graph, rgb: str, points: str) -> str:
    """float32 [3]: factors that make the white of the eyes less coloured, within WHITE_GAIN."""
    white = _trimmed(g, _pixels(g, rgb, _positions(g, points, _WHITE)), _WHITE)
    grey = g.mean(white, [0])
    return g.op("Clip", g.op("Div", grey, g.op("Max", white, 0.02)), *WHITE_GAIN)


def _colours(g: _Graph, points: str) -> str:
    """Writes `colours`; returns float32 [5, 3] Lab."""
    rgb = g.op(
        "Div",
        g.cast(
            g.op("Slice", "rgba", g.const([0], np.int64), g.const([3], np.int64), g.const([2], np.int64)),
            TensorProto.FLOAT,
        ),
        255.0,
    )
    read: dict[str, str] = {}
    for name, swatch in SWATCHES.items():
        pixels = _pixels(g, rgb, _positions(g, points, swatch))
        # Hair is what is least like skin around the forehead: a parting or a high forehead must not hide it.
        key = _unlike(g, pixels, read["skin"]) if name == "hair" else None
        read[name] = _trimmed(g, pixels, swatch, key)
    rows = [g.op("Unsqueeze", colour, g.const([0], np.int64)) for colour in read.values()]
    balanced = g.op("Clip", g.op("Mul", g.op("Concat", *rows, axis=0), _white_gain(g, rgb, points)), 0.0, 1.0)
    lab = _lab(g, balanced)
    codes = g.op("Round", g.op("Mul", g.op("Add", lab, g.const([-50.0, 0.0, 0.0])), g.const([2.0, 1.0, 1.0])))
    g.cast(g.op("Clip", codes, -127.0, 127.0), TensorProto.INT8, out="colours")
    return lab


def _colours_given(g: _Graph, points: str, lab: str, ratios: str) -> None:
    """Skin, lips and brows always; hair if the crop shows it and it differs from skin; irises if the eyes are open."""
    hair = _positions(g, points, SWATCHES["hair"])
    inside = g.op("And", g.op("GreaterOrEqual", hair, 0.0), g.op("LessOrEqual", hair, float(CROP_PX - 1)))
    shown = g.op("Greater", g.op("ReduceMean", g.cast(inside, TensorProto.FLOAT), keepdims=0), 0.8)
    apart = g.op(
        "Sub", g.op("Gather", lab, g.const(3, np.int64), axis=0), g.op("Gather", lab, g.const(0, np.int64), axis=0)
    )
    differs = g.op("Greater", g.op("Sqrt", g.total(g.op("Mul", apart, apart), [0])), HAIR_DIFFERS)
    names = [ratio.name for ratio in RATIOS]
    opening, width = (
        g.op("Gather", ratios, g.const(names.index(n), np.int64), axis=0) for n in ("eye_opening", "eye_width")
    )
    open_ = g.op("Greater", g.op("Div", opening, g.op("Max", width, 1e-3)), EYE_OPEN)
    one = g.const([1], np.int64)
    flags = [g.op("Reshape", g.cast(flag, TensorProto.UINT8), one) for flag in (g.op("And", shown, differs), open_)]
    g.op("Concat", g.const([1, 1, 1], np.uint8), *flags, out="colours_given", axis=0)


def _plane_points(g: _Graph) -> str:
    return g.op("Slice", "points", g.const([0], np.int64), g.const([2], np.int64), g.const([1], np.int64))


def _model(g: _Graph, name: str, outputs: list[onnx.ValueInfoProto], *, crop: bool) -> onnx.ModelProto:
    inputs = [helper.make_tensor_value_info("points", TensorProto.FLOAT, [468, 3])]
    if crop:
        inputs.append(helper.make_tensor_value_info("rgba", TensorProto.UINT8, [CROP_PX, CROP_PX, 4]))
    graph = helper.make_graph(g.nodes, name, inputs, outputs, g.constants)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="likeness edge_export",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def build_ratios() -> onnx.ModelProto:
    """`points` -> `ratios` float32 [24]: the measurements before the table, from which the table is made."""
    g = _Graph()
    g.op("Identity", _ratios(g, _plane_points(g)), out="ratios")
    return _model(g, "likeness-ratios", [helper.make_tensor_value_info("ratios", TensorProto.FLOAT, [24])], crop=False)


def build() -> onnx.ModelProto:
    """The ruler (see the top of this file). The same table gives the same bytes.

    Raises:
        OSError, KeyError: the table is missing or lacks a ratio.
    """
    g = _Graph()
    points = _plane_points(g)
    ratios = _ratios(g, points)
    _geometry(g, ratios)
    _colours_given(g, points, _colours(g, points), ratios)
    outputs = [
        helper.make_tensor_value_info("geometry", TensorProto.INT8, [len(RATIOS)]),
        helper.make_tensor_value_info("colours", TensorProto.INT8, [len(SWATCHES), 3]),
        helper.make_tensor_value_info("colours_given", TensorProto.UINT8, [len(SWATCHES)]),
    ]
    return _model(g, "likeness-ruler", outputs, crop=True)


def table_of(ratios: npt.NDArray[np.float32]) -> dict[str, dict[str, float]]:
    """Median and robust scale (1.4826 x median absolute deviation) of measured ratios float32 [n, 24]."""
    median = np.median(ratios, axis=0)
    scale = 1.4826 * np.median(np.abs(ratios - median), axis=0)
    return {
        ratio.name: {"median": round(float(m), 5), "scale": round(float(max(s, 1e-4)), 5)}
        for ratio, m, s in zip(RATIOS, median, scale, strict=True)
    }
