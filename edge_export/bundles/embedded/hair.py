"""Ten ways to wear hair, each as layers behind and before the head. Only the people who wear one pay for it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from edge_export.bundles.embedded.face import head_cover, radius
from edge_export.bundles.embedded.field import bump, cover, ellipse, noise, root, smooth, strands
from edge_export.bundles.embedded.scene import HAIR, Scene, Surface, darken, lay, lit, only

CROWN = 0.12
"""y of the middle of the skull cap."""


def _hair(scene: Scene) -> Tensor:
    return scene.people.hair[:, :, None, None]


def _parting(scene: Scene) -> Tensor:
    """-1 or 1: the side of the picture on which the hair is parted; float32 [B, 1, 1]."""
    return torch.tensor([1.0, -1.0, 1.0])[scene.people.attribute("parting")][:, None, None]


def _hairline(scene: Scene) -> Tensor:
    """Lowest y of hair over the forehead, down to the sideburns: float32 [B, 1, W]."""
    x = scene.x.abs() / scene.number("face_width")
    back = scene.number("recession")
    line = 0.565 + back * (0.04 + 0.13 * torch.exp(-(((x - 0.55) / 0.22) ** 2)))
    return line - 0.10 * x**2 - 0.60 * smooth(x, 0.72, 1.02)


def _cap(scene: Scene, volume: Tensor, rough: Tensor | float = 0.0) -> Tensor:
    """1 on the outside of hair that stands `volume` off the skull."""
    above = scene.y > CROWN
    tall = torch.where(above, 0.80 + volume, 0.80 + volume * 0)
    return ellipse(scene.x, scene.y - CROWN, scene.number("face_width") + 0.035 + 0.22 * volume, tall) - rough


def _dome(r: Tensor, high: float = 0.48) -> Tensor:
    return high * root(1.0 - r.clamp(0.0, 1.0) ** 2.3)


@dataclass(frozen=True, slots=True)
class Flow:
    """How hair is combed: strands lie along `along`, `per_unit` of them a unit of `across`."""

    across: Tensor
    along: Tensor
    per_unit: float = 36.0
    sheen: float = 0.10
    """Strength of one soft band of light where `along` is near 0.4."""
    shade: float = 1.0


def _locks(scene: Scene, picture: Tensor, mask: Tensor, height: Tensor, flow: Flow) -> None:
    """Lays combed hair."""
    grain = strands(flow.across, flow.along, flow.per_unit)
    albedo = _hair(scene) * flow.shade * (1.0 + 0.34 * grain[:, None])
    colour = lit(scene, height + 0.008 * grain, albedo, HAIR)
    band = torch.exp(-(((flow.along - 0.42) / 0.17) ** 2)) * (0.65 + 0.6 * grain).clamp(0.0, 2.0)
    lay(picture, mask, colour + flow.sheen * band[:, None] * (0.22 + _hair(scene)))


def _shadow(picture: Tensor, distance: Tensor, reach: float, amount: Tensor) -> None:
    """Contact shadow of hair on the forehead: strongest at its edge, gone at `reach`."""
    darken(picture, amount * smooth(distance, reach, 0.0))


# --- behind the head -------------------------------------------------------------------------------------------


def _long_top(scene: Scene) -> Tensor:
    return 0.93 + 0.09 * scene.number("volume")


def _long_profile(scene: Scene) -> Tensor:
    """Half-width of long hair at each height: float32 [B, H, 1]."""
    y = scene.y
    waves = scene.people.has("hair", "wavy")[:, None, None] * 0.040 * torch.sin(y * 10.5 + 0.6)
    wide = scene.number("face_width") + 0.085 + 0.10 * scene.number("volume") + waves
    top = _long_top(scene)
    upper = wide * root(1.0 - ((y - 0.12) / (top - 0.12)).clamp(0.0, 1.0) ** 2)
    lower = wide * (1.0 + 0.05 * smooth(-y, -0.12, 0.6) - 0.16 * smooth(-y, 0.7, 1.5))
    return torch.where(y > 0.12, upper, lower)


def _long_end(scene: Scene) -> Tensor:
    """y at which bob, long and wavy hair end: float32 [B, 1, W]."""
    bob = scene.people.has("hair", "bob")[:, None, None]
    end = torch.where(bob, -0.66, -1.30) + 0.035 * (noise(scene.x * 14.0, scene.x * 0.0, 3.0) - 0.5)
    return end + 0.09 * smooth(scene.x.abs(), 0.45, 0.80)


def _long_outside(scene: Scene, profile: Tensor, shorter: float) -> Tensor:
    """Signed distance (negative inside) to the silhouette of long hair: float32 [B, H, W]."""
    sides = torch.maximum(scene.x.abs() - profile, _long_end(scene) + shorter - scene.y)
    return torch.maximum(sides, scene.y - _long_top(scene))


def _back_long(scene: Scene, picture: Tensor) -> None:
    profile = _long_profile(scene)
    outside = _long_outside(scene, profile, 0.0)
    z = 0.25 * root(1.0 - (scene.x.abs() / (profile + 1e-3)).clamp(0.0, 1.0) ** 2)
    flow = Flow(scene.x / (profile + 0.35), scene.y * 0.5 - 1.0, shade=0.66, sheen=0.0)
    _locks(scene, picture, cover(outside, scene.pixel * 2.0), z, flow)


def _back_bun(scene: Scene, picture: Tensor) -> None:
    size = 0.19 + 0.07 * scene.number("volume")
    dy = scene.y - 0.97
    r = torch.sqrt(scene.x**2 + dy**2 + 1e-6)
    turns = torch.atan2(dy, scene.x)
    flow = Flow(r * 1.6 + 0.06 * turns, turns * 0.4, per_unit=30.0)
    _locks(scene, picture, cover(r - size, scene.pixel * 1.6), root(size**2 - r**2), flow)


def _afro_radius(scene: Scene) -> tuple[Tensor, Tensor]:
    dy = scene.y - 0.34
    edge = 0.016 * (noise(torch.atan2(dy, scene.x) * 15.0, scene.x * 0 + 1.0, 4.0) - 0.5)
    return torch.sqrt((scene.x * 1.03) ** 2 + dy**2) - edge, 0.74 + 0.21 * scene.number("volume")


def _afro(scene: Scene, picture: Tensor, limit: Tensor) -> None:
    r, size = _afro_radius(scene)
    curls = noise(scene.x * 30.0, scene.y * 30.0, 6.0) - 0.5
    z = 0.6 * root((size * 1.02) ** 2 - r**2) + 0.020 * curls + 0.016 * noise(scene.x * 58.0, scene.y * 58.0, 7.0)
    colour = lit(scene, z, _hair(scene) * (1.08 + 0.22 * curls[:, None]), Surface(gloss=0.02, shine=8.0, rim=0.14))
    lay(picture, cover(torch.maximum(r - size, limit), scene.pixel * 3.5), colour)


def draw_behind(scene: Scene, picture: Tensor) -> None:
    """All hair that lies behind neck and head."""
    bare = scene.people.has("headwear", "none")
    only(bare & scene.people.has("hair", "bob", "long", "wavy"), scene, picture, _back_long)
    only(bare & scene.people.has("hair", "bun"), scene, picture, _back_bun)
    only(
        bare & scene.people.has("hair", "afro"),
        scene,
        picture,
        lambda s, p: _afro(s, p, torch.full((1, 1, 1), -1.0)),
    )


# --- before the head -------------------------------------------------------------------------------------------


def _buzz(scene: Scene, picture: Tensor) -> None:
    r = radius(scene)
    inside = torch.minimum((1.012 - r) * scene.number("face_width"), scene.y - _hairline(scene))
    grain = noise(scene.x * 75.0, scene.y * 75.0, 8.0) - 0.5
    colour = _hair(scene) * 0.88 + scene.people.skin[:, :, None, None] * 0.12
    shown = lit(scene, _dome(r, 0.56), colour * (1.0 + 0.25 * grain[:, None]), HAIR)
    lay(
        picture,
        0.84 * smooth(inside, -0.012, 0.065) * cover((r - 1.012) * scene.number("face_width"), scene.pixel * 1.3),
        shown,
    )


def _short_like(
    scene: Scene, picture: Tensor, r: Tensor, rise: Tensor, flow: Flow, *, relief: Tensor | float = 0.0
) -> None:
    """Short, side-parted and curly hair share one build; they differ in edge, flow and relief."""
    line = _hairline(scene) + rise
    distance = torch.maximum((r - 1.0) * 0.75, line - scene.y)
    distance = torch.maximum(distance, -0.10 - scene.y)
    head = head_cover(scene, radius(scene))
    _shadow(picture, distance, 0.085, 0.24 * head)
    _locks(scene, picture, cover(distance, scene.pixel * 2.6), _dome(r) + relief, flow)


def _short(scene: Scene, picture: Tensor) -> None:
    volume = 0.06 + 0.15 * scene.number("volume")
    fringe = 0.05 * (noise(scene.x * 17.0, scene.y * 0, 9.0) - 0.5) * smooth(scene.x.abs(), 0.52, 0.30)
    r = _cap(scene, volume, 0.016 * (noise(torch.atan2(scene.x, scene.y - CROWN) * 11.0, scene.x * 0, 10.0) - 0.5))
    across = scene.x * (1.25 - 0.45 * scene.y) + 0.10 * torch.sin(scene.y * 5.0)
    _short_like(scene, picture, r, fringe, Flow(across, (scene.y - 0.30) * 0.95))


def _side(scene: Scene, picture: Tensor) -> None:
    x = scene.x * _parting(scene)
    volume = 0.09 + 0.16 * scene.number("volume") + 0.045 * torch.sin(x * 2.2 - 0.5)
    lifted = 0.10 * (1.0 - scene.number("recession")) * smooth(x, 0.18, 0.34) * smooth(x, 0.55, 0.34)
    part = lifted + 0.045 * torch.sin((x + 0.30) * 2.8) * smooth(x.abs(), 0.55, 0.30)
    across = (scene.y - 0.30 * x) * 1.05 - 0.45 * x * x
    _short_like(scene, picture, _cap(scene, volume), part, Flow(across, (0.80 - x) * 0.52))


def _curly(scene: Scene, picture: Tensor) -> None:
    volume = 0.10 + 0.17 * scene.number("volume")
    angle = torch.atan2(scene.x, scene.y - CROWN)
    r = _cap(scene, volume, 0.085 * (noise(angle * 6.5, scene.x * 0, 11.0) - 0.35))
    fringe = -0.02 + 0.10 * (noise(scene.x * 9.0, scene.x * 0 + 4.0, 12.0) - 0.4) * smooth(scene.x.abs(), 0.58, 0.40)
    rings = noise(scene.x * 11.0, scene.y * 11.0, 13.0)
    relief = 0.055 * rings + 0.030 * noise(scene.x * 25.0, scene.y * 25.0, 14.0)
    _short_like(scene, picture, r, fringe, Flow(rings * 0.9, scene.y * 0.8), relief=relief)


def _front_afro(scene: Scene, picture: Tensor) -> None:
    line = _hairline(scene) + 0.03 * (noise(scene.x * 13.0, scene.x * 0, 15.0) - 0.5)
    distance = torch.maximum(line - scene.y, -0.16 - scene.y)
    _shadow(picture, distance, 0.07, 0.22 * head_cover(scene, radius(scene)))
    _afro(scene, picture, distance)


def _curtains(scene: Scene, picture: Tensor) -> None:
    """Two curtains from a parting, for bob, long and wavy hair."""
    side = _parting(scene)
    from_part = scene.x - 0.14 * side
    fall = ((0.65 - scene.y) / 0.55).clamp(0.0, 1.0)
    wavy = scene.people.has("hair", "wavy")[:, None, None] * torch.sin(scene.y * 10.5)
    wide = (0.50 + 0.05 * scene.number("volume")) * scene.number("face_width") / 0.6
    inner = wide * fall**0.50 + 0.018 * wavy * smooth(fall, 0.6, 1.0)
    free = inner - from_part.abs() * torch.where(from_part * side > 0, 1.13, 0.93)  # > 0 where the face shows
    profile = _long_profile(scene)
    outside = _long_outside(scene, profile, 0.02)
    head = head_cover(scene, radius(scene))
    darken(picture, 0.26 * head * smooth(free, 0.10, 0.0) * (free > -0.02))
    middle = wide * smooth(scene.y, 0.95, 0.10)  # strands follow this line; the face's edge has a corner, hair has none
    body = ((from_part.abs() - (middle + profile) * 0.5) / ((profile - middle) * 0.55 + 0.10)).clamp(-1.0, 1.0)
    across = (from_part.abs() - middle * 0.55) / (profile + 0.12) * 1.05 + 0.05 * wavy
    mask = cover(torch.maximum(outside, free), scene.pixel * 2.4)
    height = 0.1 + 0.21 * root(1.0 - body**2)
    _locks(scene, picture, mask, height, Flow(across, (scene.y - 0.12) * 0.9, per_unit=30.0, sheen=0.13))
    seam = torch.exp(-((from_part / 0.011) ** 2)) * smooth(scene.y, 0.60, 0.68)
    darken(picture, 0.40 * seam * (outside < 0))


def _pulled_back(scene: Scene, picture: Tensor) -> None:
    r = _cap(scene, 0.03 + 0.05 * scene.number("volume"))
    distance = torch.maximum(torch.maximum((r - 1.0) * 0.75, _hairline(scene) + 0.02 - scene.y), -0.04 - scene.y)
    _shadow(picture, distance, 0.065, 0.18 * head_cover(scene, radius(scene)))
    flow = Flow(torch.atan2(scene.x, 1.30 - scene.y) * 1.5, (scene.y - 0.28) * 0.95)
    _locks(scene, picture, cover(distance, scene.pixel * 2.4), _dome(r), flow)


def _bald(scene: Scene, picture: Tensor) -> None:
    shine = 0.10 * bump(scene.x - 0.16 * scene.light_side, scene.y - 0.62, 0.17, 0.09)
    shadow = 0.10 * smooth(radius(scene), 0.86, 0.99) * smooth(scene.y, 0.05, 0.30)
    lay(picture, shine * head_cover(scene, radius(scene)), torch.ones(1, 3, 1, 1))
    lay(picture, shadow * head_cover(scene, radius(scene)), _hair(scene))


FRONT = {
    "bald": _bald,
    "buzz": _buzz,
    "short": _short,
    "side": _side,
    "curly": _curly,
    "afro": _front_afro,
    "bun": _pulled_back,
}


def draw_before(scene: Scene, picture: Tensor) -> None:
    """All hair that lies over the forehead and beside the face."""
    bare = scene.people.has("headwear", "none")
    for word, layer in FRONT.items():
        only(bare & scene.people.has("hair", word), scene, picture, layer)
    only(bare & scene.people.has("hair", "bob", "long", "wavy"), scene, picture, _curtains)
