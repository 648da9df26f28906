"""Eyes, brows and glasses: small windows of the picture, drawn once for each side."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_export.bundles.embedded.field import cover, mix, smooth, strands
from edge_export.bundles.embedded.scene import Scene, darken, lay, window

SIDES = (-1, 1)
FRAME_COLOURS = torch.tensor([(0.0, 0.0, 0.0), (0.08, 0.075, 0.08), (0.33, 0.19, 0.11), (0.64, 0.61, 0.56)])
FRAME_FORM = {"round": (0.168, 0.160, 2.1), "rectangular": (0.182, 0.118, 4.2), "oval": (0.182, 0.132, 2.5)}


def _tint(*factors: float) -> Tensor:
    return torch.tensor(factors)[None, :, None, None]


def _eyeball(scene: Scene, dx: Tensor, dy: Tensor, under_lid: Tensor) -> Tensor:
    """White, iris, pupil and two reflections: float32 [B, 3, H, W]."""
    iris_r = scene.number("eye_width") * 0.53
    r = torch.sqrt(dx * dx + dy * dy + 1e-9)
    shade = (
        1.0 - 0.40 * smooth(under_lid, 0.050, 0.0) - 0.10 * smooth(dx.abs() / scene.number("eye_width"), 0.5, 1.0)
    ).clamp(0.0, 1.0)
    white = _tint(0.955, 0.945, 0.940) * shade[:, None]
    rays = 0.10 * torch.sin(torch.atan2(dy, dx) * 15.0)
    depth = (0.80 + 0.75 * smooth(-dy / iris_r, -1.0, 1.0) + rays) * (1.0 - 0.62 * smooth(r / iris_r, 0.80, 1.0))
    iris = scene.people.iris[:, :, None, None] * (depth * (0.55 + 0.45 * shade))[:, None]
    ball = mix(white, iris, cover(r - iris_r, scene.pixel * 1.4)[:, None])
    ball = mix(ball, _tint(0.02, 0.02, 0.02), cover(r - iris_r * 0.46, scene.pixel * 1.4)[:, None])
    side = torch.sign(scene.light_side)
    spark = cover(
        torch.sqrt((dx - side * iris_r * 0.34) ** 2 + (dy - iris_r * 0.36) ** 2) - iris_r * 0.20,
        scene.pixel * 1.4,
    )
    return mix(ball, _tint(1.0, 1.0, 1.0), 0.92 * spark[:, None])


def _eye(scene: Scene, picture: Tensor, side: int) -> None:
    width = scene.number("eye_width")
    centre = side * scene.number("eye_distance") + scene.number("turn") * 0.55
    dx, dy = (scene.x - centre) * side, scene.y - scene.number("eye_height")
    y = dy - scene.number("eye_tilt") * dx
    high = width * scene.number("eye_open")
    u = (dx / width).clamp(-1.0, 1.0)
    top = high * 0.92 * (1.0 - (u - 0.06).abs().clamp(max=1.0) ** 2.3)
    bottom = -high * 0.66 * (1.0 - (u + 0.10).abs().clamp(max=1.0) ** 2.4) * (1.0 - 0.12 * scene.number("smile_amount"))
    skin = scene.people.skin[:, :, None, None]
    shape = cover(torch.maximum(torch.maximum(y - top, bottom - y), dx.abs() - width), scene.pixel * 1.3)
    lay(picture, shape, _eyeball(scene, dx * side, dy - 0.004, top - y))
    lash_width = 0.0115 * (0.40 + 0.60 * smooth(u, -1.0, 0.7))
    lash = cover(
        torch.maximum((y - top - lash_width * 0.3).abs() - lash_width, dx.abs() - width * 1.05),
        scene.pixel * 1.4,
    )
    lay(picture, lash * 0.92, skin * 0.12 + 0.015)
    inside = (dx.abs() < width).float()
    lay(picture, torch.exp(-(((y - bottom) / 0.010) ** 2)) * inside * 0.32, skin * _tint(0.62, 0.45, 0.42))
    fold_y = top + 0.028 + 0.012 * (1.0 - scene.number("lid_fold"))
    fold = torch.exp(-(((y - fold_y) / 0.010) ** 2)) * smooth(width * 1.06 - dx.abs(), 0.0, 0.06)
    lay(
        picture,
        fold * (0.12 + 0.38 * scene.number("lid_fold").clamp(0.0, 1.0)),
        skin * _tint(0.60, 0.45, 0.42),
    )


def _brow(scene: Scene, picture: Tensor, side: int) -> None:
    dx = (scene.x - side * scene.number("eye_distance") - scene.number("turn") * 0.5) * side
    t = (dx + 0.155) / 0.335  # 0 at the nose, 1 at the temple
    inside = t.clamp(0.0, 1.0)
    arch = scene.number("brow_arch").clamp(0.0, 0.06) * 1.8 * torch.sin(inside * 2.5) - 0.030 * inside**2
    y = scene.y - scene.number("eye_height") - scene.number("brow_height") - arch
    thick = (
        (0.014 + 0.024 * scene.number("brow_thickness"))
        * (1.05 - 0.72 * inside**1.4)
        * (0.55 + 0.45 * smooth(t, -0.05, 0.18))
    )
    grain = strands(dx * 0.9 - scene.y * 1.4, scene.y * 2.0, 52.0)
    mask = (
        cover(y.abs() - thick * (1.0 + 0.30 * grain), scene.pixel * 3.2)
        * smooth(t, -0.08, 0.06)
        * smooth(t, 1.04, 0.88)
    )
    weight = 0.66 + 0.30 * scene.number("brow_thickness")
    colour = scene.people.hair[:, :, None, None] * 0.60 + scene.people.skin[:, :, None, None] * 0.10
    lay(picture, (mask * weight * (0.92 + 0.2 * grain)).clamp(0.0, 1.0), colour)


def draw_eyes(scene: Scene, picture: Tensor) -> None:
    """Eyes and brows."""
    for side in SIDES:
        across = (0.06, 0.50) if side > 0 else (-0.50, -0.06)
        part, view = window(scene, picture, across, (-0.20, 0.42))
        _eye(part, view, side)
        _brow(part, view, side)


def draw_glasses(scene: Scene, picture: Tensor) -> None:
    """Frames with a faint lens; drawn for people who wear some."""
    scene, picture = window(scene, picture, (-0.80, 0.80), (-0.32, 0.40))
    kind = scene.people.attribute("glasses") - 2
    form = torch.tensor(list(FRAME_FORM.values()))[kind]
    wide, tall, power = (form[:, column, None, None] for column in range(3))
    colour = FRAME_COLOURS[scene.people.attribute("glasses_colour")][:, :, None, None]
    thick = torch.tensor([0.0, 0.0130, 0.0130, 0.0085])[scene.people.attribute("glasses_colour")][:, None, None]
    middle, turn, aa = scene.number("eye_height") - 0.012, scene.number("turn") * 0.6, scene.pixel * 1.3
    eye_x = scene.number("eye_distance").clamp(min=0.235)
    for side in SIDES:
        dx, dy = (scene.x - side * eye_x - turn).abs(), (scene.y - middle).abs()
        r = ((dx / wide) ** power + (dy / tall) ** power).clamp(min=1e-6) ** (1.0 / power)
        distance = (r - 1.0) * (wide + tall) / 2.0
        darken(picture, 0.14 * torch.exp(-(((distance - 0.012) / 0.03) ** 2)))
        lay(picture, cover(distance, aa) * 0.06, _tint(0.95, 0.97, 1.0))
        lay(
            picture,
            cover(distance.abs() - thick, aa),
            colour * (1.0 + 0.5 * smooth(scene.y - middle, -0.1, 0.15))[:, None],
        )
        beyond = (scene.x - turn) * side
        temple = torch.maximum(
            (scene.y - middle - 0.045).abs() - thick,
            torch.maximum(eye_x + wide - beyond, beyond - scene.number("face_width") - 0.01),
        )
        lay(picture, cover(temple, aa), colour)
    gap = eye_x - wide
    rise = middle + 0.035 + 0.020 * (1.0 - ((scene.x - turn) / gap) ** 2)
    bridge = torch.maximum((scene.y - rise).abs() - thick, (scene.x - turn).abs() - gap)
    lay(picture, cover(bridge, aa), colour)
