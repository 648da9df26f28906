"""The likeness record: all that is ever said about a face, in at most 256 bytes (spec/encoding.md section 6).

Binary, versioned, strict, with three optional parts; a bundle declares which it needs and only those are sent. It is
biometric data. Shapes: geometry 24 x int8 (z-score * 32), colours 5 x 3 int8 ((L*-50)*2, a*, b*), attributes
16 x uint8 (0 = not given), embedding float32 scale and 128 x int8.
"""

import math
import struct
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import RecordMalformed, RecordNotFinite, RecordPartMissing
from schemas.scalars import Part

MAX_RECORD_BYTES: Final = 256
MAGIC: Final = b"LK"
VERSION: Final = 1
RULER_ID: Final = 1
"""The graph that measured geometry and colours (ruler.onnx)."""
EMBEDDERS: Final[dict[int, str]] = {1: "dlib-128"}
EMBEDDING_LENGTH: Final = 128
GEOMETRY_LENGTH: Final = 24
HEADER_BYTES: Final = 8
LOOK_BYTES: Final = 36
EMBEDDING_BYTES: Final = 4 + EMBEDDING_LENGTH
MAX_SCALE: Final = 1.0
"""A dlib-class vector has norm about 1.4, so 127 * scale stays far below this bound."""

COLOURS: Final = ("skin", "lips", "brow", "hair", "iris")
PART_BITS: Final[dict[Part, int]] = {"geometry": 1, "look": 2, "embedding": 4}

ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "hair": ("bald", "buzz", "short", "side", "curly", "afro", "bob", "long", "wavy", "bun"),
    "hair_volume": ("flat", "medium", "full"),
    "hairline": ("full", "receding"),
    "headwear": ("none", "hijab", "turban"),
    "beard": ("none", "stubble", "short", "full"),
    "moustache": ("none", "yes"),
    "glasses": ("none", "round", "rectangular", "oval"),
    "glasses_colour": ("black", "brown", "metal"),
    "parting": ("left", "right"),
    "age_look": ("younger", "middle", "older"),
    "face_softness": ("softer", "between", "stronger"),
    "smile": ("neutral", "soft"),
    "brow_weight": ("light", "medium", "heavy"),
    "freckles": ("none", "some"),
}
"""What a person may tap or leave out, in wire order; on the wire a value is its position counted from 1, 0 = not given.
Nothing here is inferred silently, and ethnicity and gender are not asked."""
ATTRIBUTE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Look:
    """Measured colours and confirmed attributes."""

    colours: tuple[tuple[int, int, int] | None, ...] = field(repr=False)
    """Five entries in the order of ``COLOURS``; each ((L*-50)*2, a*, b*) as int8, or None when left out."""
    attributes: tuple[int, ...] = field(repr=False)
    """One number per name of ``ATTRIBUTES``, 0 = not given."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A quantised identity vector: ``values[i] * scale`` (int8 as bytes)."""

    embedder: int
    scale: float = field(repr=False)
    values: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LikenessRecord:
    """One face, by the parts that were given."""

    geometry: bytes | None = field(default=None, repr=False)
    """24 x int8."""
    look: Look | None = field(default=None, repr=False)
    embedding: Embedding | None = field(default=None, repr=False)

    @property
    def parts(self) -> frozenset[Part]:
        """Names of the parts that are present."""
        given: dict[Part, object] = {
            "geometry": self.geometry,
            "look": self.look,
            "embedding": self.embedding,
        }
        return frozenset(name for name, value in given.items() if value is not None)


def encode(record: LikenessRecord) -> bytes:
    """The wire bytes of ``record``.

    Raises:
        RecordMalformed, RecordNotFinite: the record could not be decoded again.
    """
    bits = sum(PART_BITS[part] for part in record.parts)
    embedder = record.embedding.embedder if record.embedding else 0
    raw = MAGIC + bytes([VERSION, bits, RULER_ID, embedder, 0, 0])
    raw += record.geometry or b""
    if record.look:
        raw += _encode_look(record.look)
    if record.embedding:
        raw += struct.pack("<f", record.embedding.scale) + record.embedding.values
    decode(raw)
    return raw


def decode(raw: bytes) -> LikenessRecord:
    """The record in ``raw``.

    Raises:
        RecordMalformed: wrong length, version, part, attribute, or a reserved byte that is not zero.
        RecordNotFinite: the scale is not a finite number in (0, ``MAX_SCALE``], or a value is -128.
    """
    if not HEADER_BYTES < len(raw) <= MAX_RECORD_BYTES or raw[:3] != MAGIC + bytes([VERSION]):
        raise RecordMalformed
    bits, ruler, embedder = raw[3], raw[4], raw[5]
    sizes = {1: GEOMETRY_LENGTH, 2: LOOK_BYTES, 4: EMBEDDING_BYTES}
    expected = HEADER_BYTES + sum(size for bit, size in sizes.items() if bits & bit)
    if not 0 < bits < 8 or len(raw) != expected or ruler != RULER_ID or raw[6:8] != b"\0\0":
        raise RecordMalformed
    if (embedder in EMBEDDERS) != bool(bits & 4) or (embedder and embedder not in EMBEDDERS):
        raise RecordMalformed
    at = HEADER_BYTES
    geometry = look = embedding = None
    if bits & 1:
        geometry = _signed_bytes(raw[at : at + GEOMETRY_LENGTH])
        at += GEOMETRY_LENGTH
    if bits & 2:
        look = _decode_look(raw[at : at + LOOK_BYTES])
        at += LOOK_BYTES
    if bits & 4:
        (scale,) = struct.unpack_from("<f", raw, at)
        if not math.isfinite(scale) or not 0 < scale <= MAX_SCALE:
            raise RecordNotFinite
        embedding = Embedding(embedder=embedder, scale=scale, values=_signed_bytes(raw[at + 4 :]))
    return LikenessRecord(geometry=geometry, look=look, embedding=embedding)


def require_parts(record: LikenessRecord, needed: frozenset[Part], optional: frozenset[Part]) -> None:
    """Return when ``record`` has every ``needed`` part and none that the bundle would not use.

    Raises:
        RecordPartMissing: otherwise (data nobody asked for is refused too).
    """
    if not needed <= record.parts <= needed | optional:
        raise RecordPartMissing


def quantise(vector: list[float], embedder: int = 1) -> Embedding:
    """``vector`` (128 floats) as int8 with one scale, symmetric and rounding half to even.

    Raises:
        RecordMalformed: not 128 numbers.
        RecordNotFinite: a number is NaN or infinite, or all are zero or nearly so.
    """
    if len(vector) != EMBEDDING_LENGTH:
        raise RecordMalformed
    peak = max(abs(v) if math.isfinite(v) else math.inf for v in vector)
    if not 0 < peak <= 127 * MAX_SCALE:
        raise RecordNotFinite
    (scale,) = struct.unpack("<f", struct.pack("<f", peak / 127))
    if not scale:  # smaller than any float32
        raise RecordNotFinite
    values = struct.pack("128b", *(max(-127, min(127, round(v / scale))) for v in vector))
    return Embedding(embedder=embedder, scale=scale, values=values)


def _encode_look(look: Look) -> bytes:
    if len(look.colours) != len(COLOURS) or len(look.attributes) != len(ATTRIBUTES):
        raise RecordMalformed
    given = sum(1 << i for i, colour in enumerate(look.colours) if colour is not None)
    try:
        colours = b"".join(struct.pack("3b", *(colour or (0, 0, 0))) for colour in look.colours)
        attributes = bytes(look.attributes).ljust(ATTRIBUTE_BYTES, b"\0")
    except (struct.error, ValueError):
        raise RecordMalformed from None
    return colours + bytes([given]) + bytes(4) + attributes


def _decode_look(raw: bytes) -> Look:
    triples = struct.unpack("15b", _signed_bytes(raw[:15]))
    given, reserved, attributes = raw[15], raw[16:20], tuple(raw[20:])
    if given >> len(COLOURS) or any(reserved) or any(attributes[len(ATTRIBUTES) :]):
        raise RecordMalformed
    for value, names in zip(attributes, ATTRIBUTES.values(), strict=False):
        if value > len(names):
            raise RecordMalformed
    colours: list[tuple[int, int, int] | None] = []
    for i in range(len(COLOURS)):
        triple = (triples[3 * i], triples[3 * i + 1], triples[3 * i + 2])
        if not given >> i & 1 and any(triple):
            raise RecordMalformed
        colours.append(triple if given >> i & 1 else None)
    return Look(colours=tuple(colours), attributes=attributes[: len(ATTRIBUTES)])


def _signed_bytes(raw: bytes) -> bytes:
    # -128 has no positive twin: symmetric codes leave it out, so that every vector has one spelling.
    if b"\x80" in raw:
        raise RecordNotFinite
    return raw
