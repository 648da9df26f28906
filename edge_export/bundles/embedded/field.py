"""Small pieces of plane mathematics from which every drawn layer is made. Pure functions of tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def smooth(value: Tensor, start: float, end: float) -> Tensor:
    """0 at `start`, 1 at `end`, with flat ends between (cubic Hermite). `start` may be the larger of the two."""
    t = ((value - start) / (end - start)).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """`first` where share is 0, `second` where it is 1."""
    return first + (second - first) * share


def bump(dx: Tensor, dy: Tensor, width: Tensor | float, height: Tensor | float) -> Tensor:
    """A Gaussian hill of height 1 at the origin; separable, so broadcasting keeps it cheap."""
    return torch.exp(-((dx / width) ** 2)) * torch.exp(-((dy / height) ** 2))


def cover(distance: Tensor, softness: Tensor | float) -> Tensor:
    """Share of a pixel inside a shape whose signed distance (negative inside) is given."""
    return (0.5 - distance / softness).clamp(0.0, 1.0)


def root(value: Tensor) -> Tensor:
    """Square root that stays finite (and has a finite slope) at zero and below."""
    return value.clamp(min=1e-4).sqrt()


def ellipse(dx: Tensor, dy: Tensor, width: Tensor | float, height: Tensor | float) -> Tensor:
    """Radius in units of the ellipse: 1 on its edge."""
    return root((dx / width) ** 2 + (dy / height) ** 2)


def _hash(ix: Tensor, iy: Tensor, salt: float) -> Tensor:
    wave = torch.sin(ix * 12.9898 + iy * 78.233 + salt * 37.719) * 4375.5453
    return wave - torch.floor(wave)


def noise(x: Tensor, y: Tensor, salt: float) -> Tensor:
    """Smooth value noise in 0..1.

    The salt is a constant of the drawing, not of the person: texture that no record could tell apart would
    only teach the model to blur.
    """
    ix, iy = torch.floor(x), torch.floor(y)
    fx, fy = smooth(x - ix, 0.0, 1.0), smooth(y - iy, 0.0, 1.0)
    top = mix(_hash(ix, iy, salt), _hash(ix + 1, iy, salt), fx)
    bottom = mix(_hash(ix, iy + 1, salt), _hash(ix + 1, iy + 1, salt), fx)
    return mix(top, bottom, fy)


def strands(across: Tensor, along: Tensor, per_unit: float) -> Tensor:
    """Noise around 0 stretched along the flow of hair: `per_unit` strands a unit across."""
    coarse = noise(across * per_unit, along * 2.0, 1.0) - 0.5
    fine = noise(across * per_unit * 2.2, along * 3.0, 2.0) - 0.5
    return 0.9 * coarse + 0.6 * fine
