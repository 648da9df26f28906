"""Head, ears, nose, mouth, beard: a smooth height field under soft light, with painted accents."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_export.bundles.embedded.field import bump, cover, ellipse, mix, noise, root, smooth, strands
from edge_export.bundles.embedded.scene import SKIN, Scene, darken, lay, lit, window

EAR_HEIGHT = -0.03
BEARD_OUTSIDE = 1.2
"""A full beard stands off the chin; nothing grows beyond this radius."""


def radius(scene: Scene) -> Tensor:
    """1 on the outline of the head, 0 in its middle: float32 [B, H, W]."""
    x, y = scene.x.abs(), scene.y
    down = -y / scene.number("face_height")
    narrowing = (1.0 - scene.number("jaw")) * smooth(down, 0.05, 1.05)
    width = scene.number("face_width") * (
        1.0 - narrowing + 0.03 * bump(down - 0.12, down * 0, 0.25, 1.0) * scene.number("cheek")
    )
    tall = torch.where(y > 0, torch.full_like(y, 0.90), scene.number("face_height") + 0 * y)
    power = mix(2.2 + 0 * y, 2.05 + 0.75 * scene.number("chin_square"), smooth(y, 0.15, -0.40))
    return ((x / width) ** power + (y.abs() / tall) ** power).clamp(min=1e-6) ** (1.0 / power)


def head_cover(scene: Scene, r: Tensor) -> Tensor:
    """Share of each pixel that the head fills: float32 [B, H, W]."""
    return cover((r - 1.0) * scene.number("face_width"), scene.pixel * 1.3)


def nose_tip(scene: Scene) -> Tensor:
    """y of the nose's lower end: float32 [B, 1, 1]."""
    return scene.number("eye_height") - scene.number("nose_length")


def _relief(scene: Scene, r: Tensor) -> Tensor:
    x, y, turn = scene.x, scene.y, scene.number("turn")
    eye_y, eye_x, tip = scene.number("eye_height"), scene.number("eye_distance"), nose_tip(scene)
    z = 0.56 * root(1.0 - r.clamp(max=1.0) ** 2.3)
    for side in (-1, 1):
        z = z - 0.034 * bump(x - side * eye_x - turn * 0.4, y - eye_y - 0.01, 0.135, 0.095)
        cheek_high = 0.020 * (0.6 + scene.number("cheek") + 0.7 * scene.number("smile_amount"))
        z = z + cheek_high * bump(x - side * 0.33, y + 0.17, 0.16, 0.13)
    down = smooth(eye_y + 0.10 - y, 0.0, scene.number("nose_length") + 0.1)
    middle = x - turn * 0.9 * down
    ridge = (
        torch.exp(-((middle / (0.062 + 0.030 * down)) ** 2))
        * smooth(y, tip - 0.045, tip + 0.075)
        * (1 - smooth(y, eye_y, eye_y + 0.20))
    )
    z = z + scene.number("nose_ridge").clamp(0.25, 1.3) * (0.022 + 0.034 * down) * ridge
    z = z + 0.045 * bump(x - turn * 0.9, y - tip - 0.035, 0.075, 0.070)
    for side in (-1, 1):
        wing = scene.number("nose_width")
        z = z + 0.026 * bump(x - turn * 0.9 - side * wing * 0.84, y - tip - 0.012, 0.41 * wing, 0.050)
    mouth_y = scene.number("mouth_height")
    z = (
        z
        + 0.034 * bump(x - turn * 0.6, y - mouth_y, 0.25, 0.13)
        - 0.008 * bump(x - turn * 0.7, y - mouth_y - 0.11, 0.026, 0.05)
    )
    z = z + 0.030 * bump(x - turn * 0.8, y + scene.number("face_height") * 0.83, 0.17, 0.11)
    return z - 0.014 * bump(x - turn * 0.6, y - mouth_y + 0.14, 0.14, 0.045)


def _complexion(scene: Scene) -> Tensor:
    """Skin with blood in cheeks and nose, shade in the sockets, freckles: float32 [B, 3, H, W]."""
    x, y, turn = scene.x, scene.y, scene.number("turn")
    skin = scene.people.skin[:, :, None, None]
    red = torch.zeros(1, 1, 1)
    for side in (-1, 1):
        red = red + 0.5 * bump(x - side * 0.34, y + 0.20, 0.17, 0.13)
    red = (red + 0.4 * bump(x - turn * 0.9, y - nose_tip(scene) - 0.03, 0.10, 0.08)).clamp(0.0, 1.0)[:, None]
    albedo = skin * (1.0 + red * (torch.tensor([1.01, 0.88, 0.87])[None, :, None, None] - 1.0))
    for side in (-1, 1):
        socket = bump(
            x - side * scene.number("eye_distance") - turn * 0.4,
            y - scene.number("eye_height") + 0.01,
            0.15,
            0.10,
        )
        albedo = albedo * (1.0 - 0.085 * socket[:, None] * torch.tensor([0.8, 1.0, 1.0])[None, :, None, None])
    where = bump(x, y + 0.13, 0.40, 0.13) + 0.2 * bump(x, y - 0.3, 0.4, 0.2)
    dots = smooth(noise(x * 46.0 + 7, y * 46.0, 5.0), 0.70, 0.86) * where
    freckled = scene.people.has("freckles", "some")[:, None, None] * dots * 0.34
    return albedo * (1.0 - freckled[:, None] * torch.tensor([0.45, 0.75, 0.9])[None, :, None, None])


def _lip_line(scene: Scene) -> tuple[Tensor, Tensor, Tensor]:
    """(place -1..1 across the mouth, y of the line between the lips, arch 1 in the middle 0 at the corners)."""
    across = ((scene.x - scene.number("turn") * 0.6) / scene.number("mouth_width")).clamp(-1.0, 1.0)
    smile = 0.020 + 0.050 * scene.number("smile_amount")
    return (
        across,
        scene.number("mouth_height") + smile * (across * across - 0.25),
        (1.0 - across * across).clamp(min=1e-4),
    )


def _lips(scene: Scene, albedo: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    across, line, arch = _lip_line(scene)
    bow = 1.0 - 0.20 * torch.exp(-((across / 0.13) ** 2)) + 0.09 * torch.exp(-(((across.abs() - 0.26) / 0.2) ** 2))
    upper, lower = scene.number("lip_upper") * arch**0.75 * bow, scene.number("lip_lower") * arch**0.62
    inside = (scene.x - scene.number("turn") * 0.6).abs() < scene.number("mouth_width")
    mask = cover(torch.maximum(scene.y - line - upper, line - lower - scene.y), scene.pixel * 2.6) * inside
    z = z + 0.022 * mask * torch.exp(-(((scene.y - line + lower * 0.45) / 0.030) ** 2))
    z = z + 0.010 * mask * torch.exp(-(((scene.y - line - upper * 0.5) / 0.024) ** 2))
    albedo = mix(albedo, scene.people.lips[:, :, None, None], mask[:, None] * 0.88)
    return albedo * (1.0 - 0.12 * (mask * (scene.y > line))[:, None]), z, mask


def _beard_zone(scene: Scene) -> Tensor:
    """Cheeks, jaw, chin and the spot under the lip: float32 [B, H, W]."""
    near, y, mouth_y = scene.x.abs(), scene.y, scene.number("mouth_height")
    edge = mouth_y + 0.02 + 0.42 * smooth(near, 0.26, 0.56)  # from beside the mouth up to the sideburns
    cheeks = smooth(edge - y, -0.03, 0.10) * smooth(near - scene.number("mouth_width"), 0.02, 0.13)
    chin = smooth(mouth_y - scene.number("lip_lower") - 0.055 - y, -0.01, 0.06)
    return torch.maximum(torch.maximum(cheeks, chin), 0.8 * bump(scene.x, y - mouth_y + 0.125, 0.06, 0.05))


def _moustache_zone(scene: Scene) -> Tensor:
    """Between nose and upper lip, drooping a little at the corners: float32 [B, H, W]."""
    near, y = scene.x.abs(), scene.y
    _, line, _ = _lip_line(scene)
    above_lip = smooth(y - line - scene.number("lip_upper") * 0.85, -0.020, 0.012)
    below_nose = smooth(nose_tip(scene) - 0.052 - 0.85 * near**2 - y, -0.015, 0.020)
    return above_lip * below_nose * smooth(scene.number("mouth_width") * 1.22 - near, 0.0, 0.06)


def _beard(scene: Scene, r: Tensor, lips: Tensor) -> tuple[Tensor, Tensor]:
    """(how much beard covers the skin, its grain around 0)."""
    x, y = scene.x, scene.y
    near = x.abs() - scene.number("mouth_width")
    joined = scene.people.has("beard", "short", "full")[:, None, None]
    corner = 0.75 * bump(near - 0.030, y - scene.number("mouth_height") + 0.04, 0.035, 0.075) * joined
    amount = torch.tensor([0.0, 0.0, 0.34, 0.80, 0.96])[scene.people.attribute("beard")][:, None, None]
    lip_hair = torch.tensor([0.0, 0.0, 0.92])[scene.people.attribute("moustache")][:, None, None]
    lip_hair = torch.maximum(lip_hair, 0.30 * scene.people.has("beard", "stubble")[:, None, None])
    grain = strands(x * 1.2 + 0.3 * y * torch.sign(x), y * 4.0, 44.0)
    cheeks = _beard_zone(scene) * amount * (r < BEARD_OUTSIDE)
    mask = torch.maximum(cheeks, torch.maximum(_moustache_zone(scene), corner) * lip_hair) * (1.0 - lips)
    return (mask * (0.86 + 0.22 * grain)).clamp(0.0, 1.0), grain


def _age_lines(scene: Scene) -> Tensor:
    """Darkening by folds; nothing on a younger face: float32 [B, H, W]."""
    x, y = scene.x.abs(), scene.y
    age = smooth(scene.number("age"), 0.32, 1.0)
    start_x, start_y = scene.number("nose_width") + 0.055, nose_tip(scene) + 0.03
    end_x, end_y = scene.number("mouth_width") + 0.055, scene.number("mouth_height") - 0.02
    along = ((y - start_y) / (end_y - start_y)).clamp(0.0, 1.0)
    fold = (
        torch.exp(-(((x - start_x - (end_x - start_x) * along**0.8) / 0.017) ** 2))
        * smooth(along, 0.0, 0.25)
        * smooth(along, 1.0, 0.72)
    )
    lines = 0.17 * fold * age
    brow = sum(
        (torch.exp(-(((y - place - 0.02 * torch.cos(x * 7)) / 0.014) ** 2)) for place in (0.36, 0.43, 0.50)),
        torch.zeros(1),
    )
    lines = lines + 0.065 * brow * smooth(x, 0.36, 0.10) * smooth(scene.number("age"), 0.62, 1.0)
    bag = y - scene.number("eye_height") + 0.115 - 0.25 * (x - scene.number("eye_distance")) ** 2
    lines = lines + 0.10 * age * torch.exp(-((bag / 0.016) ** 2)) * smooth(
        (x - scene.number("eye_distance")).abs(), 0.11, 0.05
    )
    crow = y - scene.number("eye_height") - 0.16 * (x - 0.42).abs() * torch.sign(y - scene.number("eye_height"))
    return lines + 0.10 * smooth(scene.number("age"), 0.6, 1.0) * torch.exp(-((crow / 0.009) ** 2)) * bump(
        x - 0.455, y - scene.number("eye_height"), 0.035, 0.05
    )


def draw_ears(scene: Scene, picture: Tensor) -> None:
    """Both ears, behind the head's edge."""
    skin = scene.people.skin[:, :, None, None] * torch.tensor([0.98, 0.90, 0.88])[None, :, None, None]
    for side in (-1, 1):
        dx = (scene.x - side * scene.number("face_width") * 0.975) * side
        r = ellipse(dx - 0.012, scene.y - EAR_HEIGHT, 0.078, 0.145)
        z = 0.10 * root(1.05 - r**2)
        shell = 0.26 * smooth(r, 0.75, 0.40) * smooth(dx, -0.05, 0.05)
        lay(
            picture,
            cover((r - 1.0) * 0.08, scene.pixel * 1.3),
            lit(scene, z, skin, SKIN) * (1.0 - shell)[:, None],
        )


def draw_head(scene: Scene, picture: Tensor) -> Tensor:
    """Head with nose, mouth and beard; returns its radius field for hair and scarves to sit on."""
    r = radius(scene)
    z = _relief(scene, r)
    albedo, z, lips = _lips(scene, _complexion(scene), z)
    beard, grain = _beard(scene, r, lips)
    hair = scene.people.hair[:, :, None, None]
    albedo = mix(
        albedo,
        (hair * 0.94 + scene.people.skin[:, :, None, None] * 0.06) * (1.0 + 0.28 * grain[:, None]),
        beard[:, None] * 0.95,
    )
    z = z + 0.022 * beard * (0.8 + 0.5 * grain)
    face = lit(scene, z, albedo, SKIN)
    darken(face, _age_lines(scene) + 0.09 * smooth(r, 0.82, 1.0))
    mask = head_cover(scene, r)
    full = scene.people.has("beard", "full")[:, None, None] * smooth(scene.y, -0.35, -0.55)
    mask = torch.maximum(mask, cover((r - 1.055 - 0.02 * grain) * scene.number("face_width"), scene.pixel * 2.5) * full)
    lay(picture, mask, face)
    _accents(scene, picture)
    return r


def _accents(scene: Scene, picture: Tensor) -> None:
    """Shade beside and under the nose, nostrils, the line of the mouth."""
    part, view = window(scene, picture, (-0.40, 0.40), (-0.75, 0.25))
    x, y, tip, turn = part.x, part.y, nose_tip(part), part.number("turn") * 0.9
    side = -part.light_side
    shade = 0.10 * bump(x - turn - side * 0.092, y - tip - 0.11, 0.040, 0.13) * side.abs()
    shade = shade + 0.15 * bump(x - turn, y - tip + 0.050, part.number("nose_width") * 0.80, 0.024)
    shade = shade + 0.13 * bump(x - turn * 0.7, y - part.number("mouth_height") + 0.118, 0.12, 0.026)
    for wing in (-1, 1):
        dx = (x - turn) * wing - part.number("nose_width")
        curl = ellipse(dx + 0.020, y - tip - 0.016, 0.044, 0.052)
        shade = shade + 0.24 * torch.exp(-(((curl - 1.0) / 0.30) ** 2)) * smooth(dx, -0.02, 0.015)
    darken(view, shade)
    skin = part.people.skin[:, :, None, None]
    for wing in (-1, 1):
        hole = ellipse(
            x - turn - wing * part.number("nose_width") * 0.50, y - tip + 0.026, 0.27 * part.number("nose_width"), 0.014
        )
        lay(view, 0.55 * smooth(hole, 1.5, 0.5), skin * torch.tensor([0.45, 0.32, 0.30])[None, :, None, None])
    across, line, _ = _lip_line(part)
    inside = smooth(part.number("mouth_width") * 1.05 - (x - part.number("turn") * 0.6).abs(), 0.0, 0.05)
    mouth = torch.exp(-(((y - line) / (0.0085 + 0.003 * across.abs())) ** 2)) * inside * 0.78
    lay(view, mouth, skin * torch.tensor([0.42, 0.25, 0.25])[None, :, None, None])
