"""Who is drawn: invented adults as plain numbers. The youngest look offered is a grown person's.

Every attribute is a chip of the record (schemas/spec, likeness record), coded as there: 0 is never drawn, values
count from 1. `shape` holds the continuous numbers in canvas units (a head is about 1.2 wide and 1.7 high).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ATTRIBUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("hair", ("bald", "buzz", "short", "side", "curly", "afro", "bob", "long", "wavy", "bun")),
    ("hair_volume", ("flat", "medium", "full")),
    ("hairline", ("full", "receding")),
    ("headwear", ("none", "hijab", "turban")),
    ("beard", ("none", "stubble", "short", "full")),
    ("moustache", ("none", "yes")),
    ("glasses", ("none", "round", "rectangular", "oval")),
    ("glasses_colour", ("black", "brown", "metal")),
    ("parting", ("left", "right")),
    ("age_look", ("younger", "middle", "older")),
    ("face_softness", ("softer", "between", "stronger")),
    ("smile", ("neutral", "soft")),
    ("brow_weight", ("light", "medium", "heavy")),
    ("freckles", ("none", "some")),
)
ATTRIBUTE_INDEX = {name: index for index, (name, _) in enumerate(ATTRIBUTES)}
RECORD_ATTRIBUTES = 16

# name: (mean, spread, shift towards a stronger face); canvas units unless the word says otherwise
SHAPE_LAW: dict[str, tuple[float, float, float]] = {
    "face_width": (0.595, 0.030, 0.018),
    "face_height": (0.800, 0.035, 0.012),
    "jaw": (0.775, 0.060, 0.060),
    "chin_square": (0.640, 0.190, 0.200),
    "cheek": (0.500, 0.250, -0.100),
    "eye_height": (0.020, 0.018, 0.000),
    "eye_distance": (0.256, 0.017, 0.000),
    "eye_width": (0.128, 0.010, -0.004),
    "eye_open": (0.475, 0.090, -0.045),
    "eye_tilt": (0.030, 0.075, -0.025),
    "lid_fold": (0.500, 0.300, 0.000),
    "nose_width": (0.134, 0.024, 0.010),
    "nose_length": (0.322, 0.034, 0.008),
    "nose_ridge": (0.700, 0.200, 0.120),
    "mouth_width": (0.224, 0.030, 0.004),
    "lip_upper": (0.044, 0.011, -0.007),
    "lip_lower": (0.062, 0.012, -0.008),
    "mouth_height": (-0.455, 0.018, 0.000),
    "brow_height": (0.152, 0.024, -0.012),
    "brow_arch": (0.024, 0.011, -0.008),
    "neck": (0.290, 0.020, 0.045),
    "turn": (0.000, 0.035, 0.000),
}
SHAPE = tuple(SHAPE_LAW)
LEVELS = ("volume", "recession", "age", "smile_amount", "brow_thickness")

SKIN_STOPS = torch.tensor(
    [
        (0.965, 0.840, 0.770),
        (0.940, 0.780, 0.685),
        (0.895, 0.705, 0.590),
        (0.820, 0.610, 0.475),
        (0.715, 0.500, 0.370),
        (0.595, 0.398, 0.290),
        (0.475, 0.312, 0.230),
        (0.375, 0.245, 0.185),
    ]
)
HAIR_STOPS = torch.tensor(
    [
        (0.070, 0.062, 0.066),
        (0.150, 0.100, 0.080),
        (0.280, 0.175, 0.110),
        (0.430, 0.235, 0.130),
        (0.540, 0.390, 0.230),
        (0.780, 0.620, 0.390),
        (0.560, 0.550, 0.550),
        (0.850, 0.845, 0.835),
    ]
)
IRIS_STOPS = torch.tensor(
    [
        (0.210, 0.120, 0.070),
        (0.350, 0.215, 0.115),
        (0.410, 0.350, 0.180),
        (0.330, 0.450, 0.320),
        (0.360, 0.500, 0.620),
        (0.480, 0.540, 0.580),
    ]
)
GREY_HAIR_FROM = 6


@dataclass(frozen=True, slots=True)
class People:
    """A batch of invented adults."""

    attributes: Tensor
    """int64 [B, 16], the record's codes."""
    shape: Tensor
    """float32 [B, len(SHAPE)], canvas units."""
    levels: Tensor
    """float32 [B, len(LEVELS)], 0..1: how much of what an attribute names."""
    skin: Tensor
    """float32 [B, 3], sRGB 0..1; hair, iris and lips alike."""
    hair: Tensor
    iris: Tensor
    lips: Tensor
    tone: Tensor
    """float32 [B], 0 lightest .. 1 darkest skin; for the model card's distribution only."""

    def __len__(self) -> int:
        return int(self.attributes.shape[0])

    def take(self, rows: Tensor) -> People:
        """The people at these rows, in this order."""
        return People(**{name: getattr(self, name)[rows] for name in self.__slots__})

    def attribute(self, name: str) -> Tensor:
        """int64 [B], the record's code."""
        return self.attributes[:, ATTRIBUTE_INDEX[name]]

    def has(self, name: str, *words: str) -> Tensor:
        """bool [B]: whose attribute is one of these words."""
        values = dict(ATTRIBUTES)[name]
        found = torch.zeros(len(self), dtype=torch.bool)
        for word in words:
            found |= self.attribute(name) == values.index(word) + 1
        return found

    def number(self, name: str) -> Tensor:
        """float32 [B, 1, 1], ready to broadcast over a picture."""
        if name in SHAPE_LAW:
            return self.shape[:, SHAPE.index(name), None, None]
        return self.levels[:, LEVELS.index(name), None, None]


def _choose(weights: list[float], count: int, rng: torch.Generator) -> Tensor:
    """int64 [count], codes from 1."""
    return torch.multinomial(torch.tensor(weights), count, replacement=True, generator=rng) + 1


def _along(stops: Tensor, place: Tensor) -> Tensor:
    """Colours at fractional places between stops."""
    place = place.clamp(0.0, stops.shape[0] - 1.001)
    low = place.long()
    return stops[low] + (stops[low + 1] - stops[low]) * (place - low)[:, None]


def _attributes(count: int, rng: torch.Generator, softness: Tensor, age: Tensor) -> dict[str, Tensor]:
    """Chips drawn so that nearly every pair of chips occurs; what is common in the street is only more likely."""
    stronger = softness > 0.5
    short_first = _choose([0.08, 0.12, 0.22, 0.20, 0.12, 0.09, 0.03, 0.06, 0.04, 0.04], count, rng)
    long_first = _choose([0.03, 0.04, 0.07, 0.07, 0.08, 0.09, 0.19, 0.18, 0.13, 0.12], count, rng)
    some = torch.rand(count, generator=rng)
    bearded = torch.where(
        stronger, _choose([0.45, 0.18, 0.19, 0.18], count, rng), _choose([0.95, 0.02, 0.02, 0.01], count, rng)
    )
    moustache = torch.where(bearded >= 3, (some < 0.85).long(), (stronger & (some < 0.12)).long()) + 1
    third = torch.bucketize(softness, torch.tensor([0.33, 0.67])) + 1
    return {
        "hair": torch.where(stronger, short_first, long_first),
        "hairline": ((torch.rand(count, generator=rng) < 0.08 + 0.35 * age * stronger).long()) + 1,
        "headwear": torch.where(
            stronger, _choose([0.90, 0.0, 0.10], count, rng), _choose([0.84, 0.15, 0.01], count, rng)
        ),
        "beard": bearded,
        "moustache": moustache,
        "glasses": _choose([0.64, 0.12, 0.12, 0.12], count, rng),
        "glasses_colour": _choose([0.40, 0.30, 0.30], count, rng),
        "parting": _choose([0.5, 0.5], count, rng),
        "age_look": torch.bucketize(age, torch.tensor([0.40, 0.72])) + 1,
        "face_softness": third,
        "smile": _choose([0.4, 0.6], count, rng),
        "freckles": _choose([0.88, 0.12], count, rng),
    }


def _hair_colour(count: int, rng: torch.Generator, tone: Tensor, age: Tensor) -> Tensor:
    light = torch.multinomial(
        torch.tensor([0.20, 0.22, 0.20, 0.11, 0.13, 0.14]), count, replacement=True, generator=rng
    )
    dark = torch.multinomial(torch.tensor([0.62, 0.26, 0.09, 0.03]), count, replacement=True, generator=rng)
    place = torch.where(tone < 0.5, light, dark) + torch.rand(count, generator=rng) * 0.7
    place = place.clamp(max=GREY_HAIR_FROM - 1.0)  # never half way between blond and grey by accident
    turned = torch.rand(count, generator=rng) < ((age - 0.45) * 1.7).clamp(0.02, 0.85)
    return _along(HAIR_STOPS, torch.where(turned, GREY_HAIR_FROM + torch.rand(count, generator=rng), place))


def _shape(count: int, rng: torch.Generator, softness: Tensor) -> Tensor:
    law = torch.tensor(list(SHAPE_LAW.values()))
    spread = torch.randn(count, len(SHAPE), generator=rng).clamp(-2.2, 2.2)
    return law[:, 0] + law[:, 1] * spread + law[:, 2] * (2.0 * softness[:, None] - 1.0)


def _iris_colour(count: int, rng: torch.Generator, tone: Tensor) -> Tensor:
    light, dark = (
        torch.multinomial(torch.tensor(weights), count, replacement=True, generator=rng)
        for weights in ([0.30, 0.22, 0.14, 0.12, 0.13, 0.09], [0.78, 0.16, 0.06])
    )
    return _along(IRIS_STOPS, torch.where(tone < 0.45, light, dark) + torch.rand(count, generator=rng) * 0.5)


def _codes(chips: dict[str, Tensor], count: int) -> Tensor:
    codes = torch.zeros(count, RECORD_ATTRIBUTES, dtype=torch.int64)
    for name, values in chips.items():
        codes[:, ATTRIBUTE_INDEX[name]] = values
    return codes


def sample(count: int, seed: int) -> People:
    """`count` people; the same seed gives the same people."""
    rng = torch.Generator().manual_seed(seed)
    softness, age, tone = (torch.rand(count, generator=rng) for _ in range(3))
    chips = _attributes(count, rng, softness, age)
    volume, smile, thick = (torch.rand(count, generator=rng) for _ in range(3))
    chips["hair_volume"] = (volume * 3).long().clamp(max=2) + 1
    brow_thickness = (0.25 + 0.35 * softness + 0.5 * (thick - 0.5)).clamp(0.0, 1.0)
    chips["brow_weight"] = torch.bucketize(brow_thickness, torch.tensor([0.33, 0.56])) + 1
    shape = _shape(count, rng, softness)
    recession = (chips["hairline"] == 2) * (0.5 + 0.5 * torch.rand(count, generator=rng))
    smile_amount = torch.where(chips["smile"] == 2, 0.55 + 0.45 * smile, 0.25 * smile)
    skin = _along(SKIN_STOPS, tone * 7.0)
    warmth = torch.randn(count, 1, generator=rng).clamp(-1.5, 1.5) * torch.tensor([0.006, -0.001, -0.014])
    iris = _iris_colour(count, rng, tone)
    rosy = torch.rand(count, 1, generator=rng) * (1.0 - 0.6 * softness[:, None])
    return People(
        attributes=_codes(chips, count),
        shape=shape,
        levels=torch.stack([volume, recession, age, smile_amount, brow_thickness], dim=1),
        skin=(skin + warmth).clamp(0.08, 1.0),
        hair=_hair_colour(count, rng, tone, age),
        iris=iris,
        lips=skin * _lip_factor(rosy),
        tone=tone,
    )


def _lip_factor(rosy: Tensor) -> Tensor:
    """Factor from skin to lips, from barely darker (0) to clearly red (1)."""
    bare, red = torch.tensor([0.93, 0.74, 0.73]), torch.tensor([0.88, 0.53, 0.56])
    return bare + (red - bare) * rosy
