"""Neck, shoulders and the five attires of the catalogue."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_export.bundles.embedded.field import cover, noise, root, smooth
from edge_export.bundles.embedded.scene import CLOTH, SKIN, Scene, Surface, darken, lay, lit, only

SHIRT = (0.93, 0.94, 0.955)
MATT = Surface(gloss=0.0, shine=8.0, rim=0.0)


def _shoulder_line(scene: Scene) -> Tensor:
    """y of the shoulders' upper edge, from neck to arm: float32 [B, 1, W]."""
    near = scene.x.abs()
    wide = 1.20 + 0.8 * (scene.number("neck") - 0.29)
    return (
        -0.90
        - 0.20 * (near / wide)
        + 0.15 * torch.exp(-((near / 0.36) ** 2))
        - 0.42 * (near / wide).clamp(max=1.3) ** 6
    )


def _shirt_white(scene: Scene) -> Tensor:
    return torch.tensor(SHIRT)[None, :, None, None].expand(len(scene.people), -1, 1, 1)


def draw_neck(scene: Scene, picture: Tensor) -> None:
    """Neck with the shade of the chin on it."""
    near, y, wide = scene.x.abs(), scene.y, scene.number("neck")
    mask = cover(
        torch.maximum(near - wide - 0.16 * smooth(-y, 0.78, 1.15) ** 2, torch.maximum(y + 0.35, -1.45 - y)),
        scene.pixel * 1.3,
    )
    z = 0.24 * root(1.0 - (near / (wide + 0.14)).clamp(0.0, 1.0) ** 2)
    under_chin = 0.40 * smooth(y, -1.12, -0.68)
    skin = lit(scene, z, scene.people.skin[:, :, None, None], SKIN)
    lay(
        picture,
        mask,
        skin * (1.0 - under_chin[:, None] * torch.tensor([0.85, 1.0, 1.05])[None, :, None, None]),
    )


def _torso(scene: Scene, picture: Tensor, albedo: Tensor, weave: float) -> Tensor:
    """Lays the garment's body and returns how much of each pixel it covers."""
    near, y, line = scene.x.abs(), scene.y, _shoulder_line(scene)
    mask = cover((y - line) * 0.9, scene.pixel * 1.3)
    z = 0.42 * root(1.0 - (near / 1.60).clamp(0.0, 1.0) ** 2) + 0.20 * (
        1.0 - torch.exp(-((line - y).clamp(min=0.0) / 0.20))
    )
    z = z - 0.035 * torch.exp(-(((near - 0.98 - 0.10 * (y + 1.2)) / 0.05) ** 2)) * smooth(-y, 1.18, 1.45)
    thread = weave * (noise(scene.x * 85.0, y * 85.0, 21.0) - 0.5)[:, None]
    lay(picture, mask, lit(scene, z, albedo * (1.0 + thread), CLOTH))
    return mask


def _skin_opening(scene: Scene, picture: Tensor, distance: Tensor) -> None:
    near = scene.x.abs()
    distance = torch.maximum(distance, scene.y - _shoulder_line(scene) - 0.01)
    z = 0.24 * root(1.0 - (near / 0.75).clamp(0.0, 1.0) ** 2)
    skin = lit(scene, z, scene.people.skin[:, :, None, None], SKIN)
    shade = 0.40 * smooth(scene.y, -1.12, -0.68) + 0.12 * smooth(distance, -0.06, 0.0)
    lay(picture, cover(distance, scene.pixel * 1.3), skin * (1.0 - shade)[:, None])


def _knit(scene: Scene, picture: Tensor) -> None:
    body = scene.cloth * 1.08
    torso = _torso(scene, picture, body, 0.10)
    near, wide = scene.x.abs(), scene.number("neck") + 0.06
    edge = -0.95 + 0.20 * (near / wide).clamp(max=1.15) ** 2.2
    _skin_opening(scene, picture, torch.maximum(edge - scene.y, torch.maximum(near - wide, scene.y + 0.70)))
    below = edge - 0.032 - scene.y
    band = cover(
        torch.maximum(below.abs() - 0.040, torch.maximum(near - wide + 0.012, scene.y - _shoulder_line(scene) - 0.035)),
        scene.pixel * 1.3,
    )
    ribs = 1.0 + 0.06 * torch.sin(scene.x * 90.0)
    z = 0.03 * root(1.0 - (below / 0.055).clamp(-1.0, 1.0) ** 2) + 0.25 * root(
        1.0 - (scene.x / 0.7).clamp(-1.0, 1.0) ** 2
    )
    darken(picture, 0.16 * smooth(below - 0.04, 0.035, 0.0) * (below > 0.03) * torso * smooth(near, 0.42, 0.30))
    lay(picture, band, lit(scene, z, body * 1.05 * ribs[:, None], CLOTH))


def _turtleneck(scene: Scene, picture: Tensor) -> None:
    torso = _torso(scene, picture, scene.cloth, 0.08)
    near, y, wide = scene.x.abs(), scene.y, scene.number("neck") + 0.035
    top = -0.735 + 0.10 * (near / 0.3) ** 2 - 0.02
    distance = torch.maximum(near - wide - 0.10 * smooth(-y, 0.90, 1.10) ** 2, torch.maximum(y - top, -1.16 - y))
    mask = cover(distance, scene.pixel * 1.4) * smooth(y, -1.15, -1.00)
    roll = 0.028 * torch.sin((y - top) * 32.0) * smooth(-y, 0.72, 0.80)
    z = 0.30 * root(1.0 - (near / (wide + 0.06)).clamp(0.0, 1.0) ** 2) + roll
    ribs = 1.0 + 0.06 * torch.sin(torch.asin((near / (wide + 0.1)).clamp(0.0, 0.99)) * 45.0)
    darken(picture, 0.25 * smooth(distance, 0.05, 0.0) * smooth(y, -1.20, -1.0) * torso)
    lay(
        picture,
        mask,
        lit(scene, z, scene.cloth * 1.06 * ribs[:, None], CLOTH) * (1.0 - 0.25 * smooth(y - top, -0.10, 0.0))[:, None],
    )


def _blouse(scene: Scene, picture: Tensor) -> None:
    _torso(scene, picture, scene.cloth, 0.03)
    near, y = scene.x.abs(), scene.y
    edge = (0.36 - 0.50 * (-0.88 - y).clamp(min=0.0)) * 0.94
    distance = torch.maximum(near - edge, torch.maximum(y + 0.72 - 0.3 * near, -1.62 - y))
    _skin_opening(scene, picture, distance)
    hem = (
        cover((near - edge - 0.018).abs() - 0.018, scene.pixel * 1.3) * (y < _shoulder_line(scene) + 0.02) * (y > -1.64)
    )
    lay(
        picture,
        hem,
        lit(scene, 0.02 * root(1.0 - ((near - edge - 0.018) / 0.03) ** 2), scene.cloth * 0.94, CLOTH),
    )


def _shirt(scene: Scene, picture: Tensor, torso: Tensor) -> None:
    """The V of a white shirt between the lapels."""
    near, y = scene.x.abs(), scene.y
    edge = _lapel_inner(scene)
    z = 0.30 * root(1.0 - (near / 0.5).clamp(0.0, 1.0) ** 2)
    mask = cover(near - edge, scene.pixel * 1.3) * torso * (y < -0.72)
    lay(
        picture,
        mask,
        lit(scene, z, _shirt_white(scene), MATT) * (1.0 - 0.20 * smooth(near - edge, -0.09, 0.0))[:, None],
    )


def _lapel_inner(scene: Scene) -> Tensor:
    return 0.37 - 0.40 * (-0.90 - scene.y).clamp(min=-0.1)


def _lapels(scene: Scene, picture: Tensor, torso: Tensor) -> None:
    near, y = scene.x.abs(), scene.y
    inner, down = _lapel_inner(scene), -0.90 - y
    outer = inner + 0.055 + 0.19 * smooth(down, -0.02, 0.30) - 0.16 * smooth(down, 0.42, 0.95)
    notch = 0.085 * torch.exp(-(((down - 0.26) / 0.030) ** 2))
    outer = outer - notch
    mask = cover(torch.maximum(near - outer, inner - near), scene.pixel * 1.3) * torso
    darken(
        picture,
        0.28 * torch.exp(-((near - outer).clamp(min=0.0) / 0.03)) * (near > outer) * torso * (down < 0.95),
    )
    z = 0.20 * (outer - near) + 0.10 * scene.x
    lay(
        picture,
        mask,
        lit(scene, z, scene.cloth * 1.16, CLOTH) * (1.0 - 0.30 * smooth(near - inner, 0.025, 0.0))[:, None],
    )


def _collar(scene: Scene, picture: Tensor, spread: float) -> None:
    """Two wings that hug the neck, so that no gap shows behind them."""
    near, y, wide = scene.x.abs(), scene.y, scene.number("neck")
    upper = -0.765 - 0.13 * ((wide + 0.03 - near) / 0.30).clamp(min=0.0)
    inner = (
        spread * (-0.86 - y).clamp(-0.14, 0.3) * 0.75
        + (near * 0 + 0.035)
        + (0.62 - spread) * (y + 1.06).clamp(min=0.0) * 0.95
    )
    lower = -1.165 + 0.42 * (near - 0.06).clamp(min=0.0)
    distance = torch.maximum(torch.maximum(y - upper, lower - y), torch.maximum(near - wide - 0.075, inner - near))
    darken(picture, 0.20 * smooth(distance, 0.045, 0.0) * (y < -0.82))
    z = 0.25 * root(1.0 - (near / (wide + 0.22)).clamp(0.0, 1.0) ** 2) + 0.20 * (y + 0.9)
    lay(
        picture,
        cover(distance, scene.pixel * 1.4),
        lit(scene, z, _shirt_white(scene), MATT) * (1.0 - 0.08 * smooth(distance, -0.03, 0.0))[:, None],
    )


def _tie(scene: Scene, picture: Tensor, torso: Tensor) -> None:
    near, y = scene.x.abs(), scene.y
    wide = 0.052 + 0.050 * ((-1.08 - y) / 0.6).clamp(0.0, 1.0)
    blade = torch.maximum(near - wide, y + 1.06)
    knot = torch.maximum(near - (0.080 - 0.22 * (-0.955 - y).clamp(0.0, 0.15)), torch.maximum(y + 0.955, -1.10 - y))
    distance = torch.minimum(blade, knot)
    stripes = 1.0 + 0.10 * torch.sign(torch.sin((scene.x + y) * 48.0))
    z = 0.11 * root(1.0 - (near / (wide + 0.03)).clamp(0.0, 1.0) ** 2)
    darken(picture, 0.18 * smooth(distance, 0.03, 0.0) * torso)
    lay(picture, cover(distance, scene.pixel * 1.3), lit(scene, z, scene.accent * stripes[:, None], CLOTH))


def _suit(scene: Scene, picture: Tensor) -> None:
    torso = _torso(scene, picture, scene.cloth, 0.06)
    _shirt(scene, picture, torso)
    _tie(scene, picture, torso)
    _collar(scene, picture, 0.0)
    _lapels(scene, picture, torso)


def _blazer(scene: Scene, picture: Tensor) -> None:
    torso = _torso(scene, picture, scene.cloth, 0.06)
    _shirt(scene, picture, torso)
    near, y = scene.x.abs(), scene.y
    opening = torch.maximum(near - 0.02 - 0.62 * (y + 1.22).clamp(min=0.0), torch.maximum(y + 0.70, -1.25 - y))
    _skin_opening(scene, picture, torch.maximum(opening, near - scene.number("neck") - 0.02))
    _collar(scene, picture, 0.62)
    _lapels(scene, picture, torso)


ATTIRE_LAYERS = {
    "suit": _suit,
    "blazer": _blazer,
    "knit": _knit,
    "turtleneck": _turtleneck,
    "blouse": _blouse,
}


def draw_clothes(scene: Scene, picture: Tensor) -> None:
    """The attire that each person's style names."""
    for attire, layer in ATTIRE_LAYERS.items():
        only(scene.wears(attire), scene, picture, layer)
