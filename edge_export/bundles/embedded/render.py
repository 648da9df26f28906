"""From people and styles to pictures: the order of the layers, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_export.bundles.embedded.clothes import draw_clothes, draw_neck
from edge_export.bundles.embedded.eyes import draw_eyes, draw_glasses
from edge_export.bundles.embedded.face import draw_ears, draw_head
from edge_export.bundles.embedded.hair import draw_before, draw_behind
from edge_export.bundles.embedded.headwear import draw_headwear
from edge_export.bundles.embedded.people import People
from edge_export.bundles.embedded.scene import FRAMES, backdrop, only, stage
from edge_export.bundles.embedded.styles import STYLES


@torch.no_grad()
def render(people: People, style: Tensor, size_px: int = 256) -> Tensor:
    """Portraits of `people`, each in the style at its row: uint8 [B, 3, size, size]. Same input, same picture.

    Args:
        people: B adults.
        style: int64 [B], rows of STYLES.
        size_px: side of the square picture.
    """
    pictures = torch.zeros(len(people), 3, size_px, size_px)
    for framing in FRAMES:
        framed = torch.tensor([row.framing == framing for row in STYLES])[style]
        rows = framed.nonzero()[:, 0]
        if rows.numel() == 0:
            continue
        scene = stage(people.take(rows), style[rows], size_px, framing)
        picture = backdrop(scene)
        draw_behind(scene, picture)
        draw_neck(scene, picture)
        draw_clothes(scene, picture)
        draw_ears(scene, picture)
        draw_head(scene, picture)
        draw_eyes(scene, picture)
        draw_before(scene, picture)
        draw_headwear(scene, picture)
        only(~people.take(rows).has("glasses", "none"), scene, picture, draw_glasses)
        pictures[rows] = picture
    return (pictures.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
