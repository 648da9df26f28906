"""Hijab and turban, in a fabric that comes from the style."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_export.bundles.embedded.face import head_cover, radius
from edge_export.bundles.embedded.field import cover, ellipse, root, smooth
from edge_export.bundles.embedded.scene import CLOTH, Scene, darken, lay, lit, only


def _fabric(scene: Scene) -> Tensor:
    return scene.accent * 0.80 + 0.10


def _hijab(scene: Scene, picture: Tensor) -> None:
    x, y, near = scene.x, scene.y, scene.x.abs()
    down = (-y - 0.85).clamp(min=0.0)
    opening = ellipse(
        x,
        y + 0.07,
        scene.number("face_width") * 0.925,
        torch.where(y > -0.07, 0.69 + 0 * y, scene.number("face_height") - 0.09),
    )
    upper = 0.73 * root(1.0 - ((y - 0.10) / 0.84).clamp(0.0, 1.0) ** 2)
    lower = (
        0.73 + 0.02 * smooth(-y, 0.0, 0.4) - 0.10 * smooth(-y, 0.5, 0.85) + 0.70 * (down / 0.7).clamp(0.0, 1.0) ** 1.3
    )
    wide = torch.where(y > 0.10, upper, lower)
    outside = torch.maximum(torch.maximum(near - wide, -1.48 + 0.50 * near**2 - y), (y - 0.94) * 1.0)
    distance = torch.maximum(outside, (1.0 - opening) * 0.5)
    swing = torch.sqrt((x + 0.22) ** 2 + (y - 0.35) ** 2)
    folds = 0.026 * torch.sin(swing * 17.0 + 2.0 * torch.sin(3.0 * x)) * smooth(-y, 0.40, 0.90)
    folds = folds + 0.010 * torch.sin(opening * 22.0 + 3.0 * x) * smooth(opening, 1.02, 1.2) * smooth(near, 0.05, 0.30)
    z = (
        0.5 * root(1.0 - (near / (wide + 0.02)).clamp(0.0, 1.0) ** 2)
        - 0.09 * torch.exp(-(opening - 1.0) / 0.09).clamp(max=1.0)
        + folds
    )
    head = head_cover(scene, radius(scene))
    lay(picture, cover((opening - 1.02) * 0.5, scene.pixel * 1.5) * (1.0 - head) * (y > -0.95), _fabric(scene) * 0.30)
    darken(picture, 0.34 * smooth(opening, 0.84, 1.0) * head)
    lay(picture, cover(distance, scene.pixel * 1.5), lit(scene, z, _fabric(scene), CLOTH))


def _turban(scene: Scene, picture: Tensor) -> None:
    x, y, near = scene.x, scene.y, scene.x.abs()
    lower = 0.40 + 0.17 * (1.0 - (near / 0.62).clamp(0.0, 1.0) ** 1.8) - 0.46 * smooth(near, 0.42, 0.66)
    r = ellipse(x, y - 0.40, scene.number("face_width") + 0.12, 0.64)
    distance = torch.maximum((r - 1.0) * 0.65, lower - y)
    wraps = 0.034 * torch.sin(((y - 0.32) - 0.60 * near**1.5 + 0.10 * x) * 23.0)
    z = 0.50 * root(1.0 - r.clamp(max=1.0) ** 2.4) + wraps
    darken(picture, 0.27 * smooth(distance, 0.085, 0.0) * head_cover(scene, radius(scene)))
    lay(
        picture,
        cover(distance, scene.pixel * 1.5),
        lit(scene, z, _fabric(scene) * torch.ones(1, 3, 1, 1), CLOTH),
    )


def draw_headwear(scene: Scene, picture: Tensor) -> None:
    """Head coverings of those who wear one."""
    only(scene.people.has("headwear", "hijab"), scene, picture, _hijab)
    only(scene.people.has("headwear", "turban"), scene, picture, _turban)
