"""The catalogue of styles: background x attire x light x framing, under ids a person can read aloud.

A style never says anything about the person. Fabric for a head covering comes from the style too.
"""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]

BACKGROUNDS: dict[str, tuple[Colour, Colour]] = {
    "grey": ((0.84, 0.86, 0.89), (0.60, 0.64, 0.70)),
    "navy": ((0.33, 0.41, 0.52), (0.12, 0.16, 0.23)),
    "cream": ((0.95, 0.92, 0.86), (0.78, 0.70, 0.61)),
    "teal": ((0.52, 0.67, 0.72), (0.20, 0.34, 0.42)),
    "sage": ((0.72, 0.79, 0.71), (0.40, 0.50, 0.43)),
    "white": ((0.97, 0.97, 0.98), (0.86, 0.88, 0.91)),
    "charcoal": ((0.36, 0.36, 0.38), (0.14, 0.14, 0.16)),
    "rose": ((0.91, 0.80, 0.77), (0.67, 0.51, 0.50)),
}
ATTIRES = ("suit", "blazer", "knit", "turtleneck", "blouse")
LIGHTS = ("left", "right", "soft")
FRAMINGS = ("head-and-shoulders", "close")


@dataclass(frozen=True, slots=True)
class Style:
    """One row of the catalogue."""

    id: str
    title: str
    background: str
    attire: str
    light: str
    framing: str
    cloth: Colour
    accent: Colour


STYLES: tuple[Style, ...] = (
    Style(
        "studio-grey-suit",
        "Grey studio, charcoal suit and tie",
        "grey",
        "suit",
        "left",
        "head-and-shoulders",
        (0.22, 0.23, 0.26),
        (0.46, 0.12, 0.16),
    ),
    Style(
        "studio-grey-blazer",
        "Grey studio, navy blazer, open collar",
        "grey",
        "blazer",
        "right",
        "head-and-shoulders",
        (0.15, 0.19, 0.30),
        (0.55, 0.60, 0.68),
    ),
    Style(
        "navy-suit",
        "Deep blue, navy suit and tie",
        "navy",
        "suit",
        "right",
        "head-and-shoulders",
        (0.13, 0.17, 0.27),
        (0.20, 0.34, 0.52),
    ),
    Style(
        "cream-knit",
        "Warm cream, soft knit",
        "cream",
        "knit",
        "soft",
        "head-and-shoulders",
        (0.52, 0.40, 0.31),
        (0.74, 0.62, 0.45),
    ),
    Style(
        "sage-turtleneck",
        "Sage green, dark turtleneck",
        "sage",
        "turtleneck",
        "left",
        "head-and-shoulders",
        (0.15, 0.25, 0.23),
        (0.40, 0.50, 0.40),
    ),
    Style(
        "teal-blouse",
        "Teal, ivory blouse",
        "teal",
        "blouse",
        "left",
        "head-and-shoulders",
        (0.88, 0.84, 0.77),
        (0.62, 0.40, 0.30),
    ),
    Style(
        "rose-blazer",
        "Dusty rose, grey blazer, open collar",
        "rose",
        "blazer",
        "soft",
        "head-and-shoulders",
        (0.38, 0.39, 0.43),
        (0.52, 0.28, 0.34),
    ),
    Style(
        "white-knit-close",
        "Plain white, blue knit, closer",
        "white",
        "knit",
        "soft",
        "close",
        (0.24, 0.32, 0.46),
        (0.30, 0.38, 0.52),
    ),
    Style(
        "charcoal-turtleneck-close",
        "Charcoal, black turtleneck, closer",
        "charcoal",
        "turtleneck",
        "right",
        "close",
        (0.10, 0.10, 0.11),
        (0.34, 0.30, 0.30),
    ),
    Style(
        "teal-suit-close",
        "Teal, dark suit and tie, closer",
        "teal",
        "suit",
        "left",
        "close",
        (0.16, 0.17, 0.20),
        (0.12, 0.38, 0.38),
    ),
)
