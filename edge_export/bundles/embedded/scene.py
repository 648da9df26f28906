"""The stage: a grid of canvas coordinates, the people on it, the style's numbers, and how light falls.

Canvas units: x to the right, y up, origin between the eyes' height and the nose ridge; the head spans about
-0.8 (chin) to 0.9 (crown). Pictures are float32 [B, 3, H, W] in sRGB 0..1, layers are laid on in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from edge_export.bundles.embedded.field import smooth
from edge_export.bundles.embedded.people import People
from edge_export.bundles.embedded.styles import ATTIRES, BACKGROUNDS, STYLES

FRAMES: dict[str, tuple[float, float]] = {"head-and-shoulders": (2.80, 1.31), "close": (2.46, 1.20)}
"""framing: (side of the square canvas, y of its top edge)."""
LIGHT_SIDE = {"left": -1.0, "right": 1.0, "soft": 0.35}
LIGHT_WRAP = {"left": 0.50, "right": 0.50, "soft": 0.85}


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a layer may look at."""

    x: Tensor
    """float32 [1, 1, W]"""
    y: Tensor
    """float32 [1, H, 1]"""
    pixel: float
    """Side of a pixel in canvas units."""
    people: People
    style: Tensor
    """int64 [B], rows of STYLES."""

    def number(self, name: str) -> Tensor:
        """float32 [B, 1, 1]: a number of each person."""
        return self.people.number(name)

    def take(self, rows: Tensor) -> Scene:
        """The same stage with only these people."""
        return replace(self, people=self.people.take(rows), style=self.style[rows])

    def look_up(self, values: list[float]) -> Tensor:
        """float32 [B, 1, 1]: a number of each person's style."""
        return torch.tensor(values)[self.style][:, None, None]

    def colour(self, values: list[tuple[float, float, float]]) -> Tensor:
        """float32 [B, 3, 1, 1]: a colour of each person's style."""
        return torch.tensor(values)[self.style][:, :, None, None]

    @property
    def light_side(self) -> Tensor:
        """float32 [B, 1, 1], -1 left .. 1 right."""
        return self.look_up([LIGHT_SIDE[style.light] for style in STYLES])

    @property
    def cloth(self) -> Tensor:
        """float32 [B, 3, 1, 1]: the garment."""
        return self.colour([style.cloth for style in STYLES])

    @property
    def accent(self) -> Tensor:
        """float32 [B, 3, 1, 1]: tie or head covering."""
        return self.colour([style.accent for style in STYLES])

    def wears(self, *attires: str) -> Tensor:
        """bool [B]"""
        return torch.tensor([style.attire in attires for style in STYLES])[self.style]


def stage(people: People, style: Tensor, size_px: int, framing: str) -> Scene:
    """A square stage of `size_px` pixels for people who share one framing."""
    side, top = FRAMES[framing]
    steps = (torch.arange(size_px) + 0.5) / size_px
    return Scene(
        x=((steps - 0.5) * side)[None, None, :],
        y=(top - steps * side)[None, :, None],
        pixel=side / size_px,
        people=people,
        style=style,
    )


def lay(picture: Tensor, mask: Tensor, colour: Tensor) -> None:
    """Lays `colour` over `picture` in place where `mask` [B, H, W] says how much."""
    picture += (colour - picture) * mask[:, None]


def darken(picture: Tensor, amount: Tensor) -> None:
    """Multiplies `picture` in place by 1 - amount; amount is [B, H, W]."""
    picture *= (1.0 - amount)[:, None]


Layer = Callable[[Scene, Tensor], None]


def only(chosen: Tensor, scene: Scene, picture: Tensor, layer: Layer) -> None:
    """Draws `layer` for the chosen people alone, so that nobody pays for hair they do not have."""
    rows = chosen.nonzero()[:, 0]
    if rows.numel() == 0:
        return
    part = picture[rows]
    layer(scene.take(rows), part)
    picture[rows] = part


def window(scene: Scene, picture: Tensor, across: tuple[float, float], up: tuple[float, float]) -> tuple[Scene, Tensor]:
    """The part of stage and picture (a view) that lies between these x and y; small features need no more."""
    columns = ((scene.x[0, 0] >= across[0]) & (scene.x[0, 0] <= across[1])).nonzero()[:, 0]
    lines = ((scene.y[0, :, 0] >= up[0]) & (scene.y[0, :, 0] <= up[1])).nonzero()[:, 0]
    left, right, first, last = int(columns[0]), int(columns[-1]) + 1, int(lines[0]), int(lines[-1]) + 1
    part = replace(scene, x=scene.x[:, :, left:right], y=scene.y[:, first:last])
    return part, picture[:, :, first:last, left:right]


@dataclass(frozen=True, slots=True)
class Surface:
    """How a material answers light."""

    gloss: float = 0.05
    shine: float = 14.0
    rim: float = 0.12
    blush: float = 0.0
    """Red that shows through at the edge of shadow; skin only."""


SKIN = Surface(gloss=0.075, shine=16.0, rim=0.14, blush=0.05)
HAIR = Surface(gloss=0.05, shine=10.0, rim=0.16)
CLOTH = Surface(gloss=0.015, shine=8.0, rim=0.06)


def _normal(height: Tensor, pixel: float) -> tuple[Tensor, Tensor, Tensor]:
    dx, dy = torch.zeros_like(height), torch.zeros_like(height)
    dx[:, :, 1:-1] = (height[:, :, 2:] - height[:, :, :-2]) / (2.0 * pixel)
    dy[:, 1:-1] = (height[:, :-2] - height[:, 2:]) / (2.0 * pixel)
    towards = torch.rsqrt(1.0 + dx * dx + dy * dy)
    return -dx * towards, -dy * towards, towards


def lit(scene: Scene, height: Tensor, albedo: Tensor, surface: Surface) -> Tensor:
    """`albedo` [B, 3, H|1, W|1] under the style's light, for a surface z = height [B, H, W]: float32 [B, 3, H, W].

    A wide key light, a cool fill from the other side, light from above; no cast shadows. Dark skin gets more fill,
    as a photographer would give it.
    """
    right, up, towards = _normal(height, scene.pixel)
    side = scene.light_side
    wrap = scene.look_up([LIGHT_WRAP[style.light] for style in STYLES])
    facing = right * side * 0.48 + up * 0.45 + towards * 0.75
    key = ((facing + wrap) / (1.0 + wrap)).clamp(min=0.0)
    fill = (towards * 0.8 - right * side * 0.55).clamp(min=0.0) * 0.17 + 0.36 * (0.84 + 0.16 * up)
    brightness = albedo.mean(dim=(1, 2, 3))[:, None, None]
    lift = 1.0 + surface.blush * 7.0 * (0.55 - brightness).clamp(min=0.0)
    warm = torch.tensor([1.010, 0.995, 0.970])[None, :, None, None] * 0.56
    shown = key[:, None] * warm + (fill * lift)[:, None] * torch.tensor([0.97, 0.99, 1.03])[None, :, None, None]
    if surface.blush:
        edge = (key * (1.0 - key) * 4.0 * surface.blush)[:, None]
        shown = shown + edge * torch.tensor([1.0, 0.05, -0.25])[None, :, None, None]
    half = (facing + towards).clamp(min=0.0) / torch.sqrt(2.0 + 2.0 * 0.75 + side * 0.0)
    glow = surface.gloss * half.clamp(max=1.0) ** surface.shine
    glow = glow + surface.rim * (1.0 - towards).clamp(0.0, 1.0) ** 3 * (0.3 + 0.7 * (-right * side).clamp(0.0, 1.0))
    return albedo * shown + glow[:, None]


def backdrop(scene: Scene) -> Tensor:
    """The empty studio, light behind the head: float32 [B, 3, H, W]."""
    middle = scene.colour([BACKGROUNDS[style.background][0] for style in STYLES])
    corner = scene.colour([BACKGROUNDS[style.background][1] for style in STYLES])
    away = smooth(torch.sqrt((scene.x - 0.2 * scene.light_side) ** 2 + (scene.y - 0.15) ** 2), 0.1, 2.0)[:, None]
    return middle + (corner - middle) * away


__all__ = [
    "ATTIRES",
    "CLOTH",
    "HAIR",
    "SKIN",
    "Layer",
    "Scene",
    "Surface",
    "backdrop",
    "darken",
    "lay",
    "lit",
    "only",
    "stage",
    "window",
]
