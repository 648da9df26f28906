"""The decoder: the fixed basis put back together, then a small convolutional touch-up.

Patches that were predicted apart do not quite meet, and a linear basis cannot draw a thin rim. The touch-up works on a
quarter of the resolution and sees the patch picture, the latents themselves, and where on the portrait it is.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

from edge_export.bundles.embedded.latent import PATCH_PX, SIDE, Basis

SHRINK = 4
"""The touch-up's pixels are SHRINK x SHRINK pixels of the picture, side by side in channels."""


class Residual(nn.Module):
    """Two convolutions beside a straight path."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape [B, channels, H, W]."""
        return x + self.second(F.silu(self.first(F.silu(self.norm(x)))))


class Decoder(nn.Module):
    """Latents float32 [B, C, 8, 8] -> picture float32 [B, 3, 256, 256] in about -1..1."""

    def __init__(self, basis: Basis, channels: int = 64, from_latents: int = 32) -> None:
        super().__init__()
        size = SIDE * PATCH_PX // SHRINK
        self.patch = nn.ConvTranspose2d(len(basis.scale), 3, PATCH_PX, PATCH_PX, bias=False)
        self.patch.weight.data = (basis.scale[:, None] * basis.vectors.T).reshape(-1, 3, PATCH_PX, PATCH_PX).clone()
        self.patch.weight.requires_grad = False
        self.register_buffer("mean", basis.mean.reshape(1, 3, PATCH_PX, PATCH_PX).clone())
        self.latents = nn.Conv2d(len(basis.scale), from_latents, 3, padding=1)
        self.into = nn.Conv2d(3 * SHRINK**2 + from_latents, channels, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(1, channels, size, size))
        self.touch = nn.Sequential(Residual(channels), Residual(channels, 2), Residual(channels))
        self.out = nn.Conv2d(channels, 3 * SHRINK**2, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, latents: Tensor) -> Tensor:
        """As the class says."""
        rough = self.patch(latents) + self.mean.repeat(1, 1, SIDE, SIDE)
        wide = F.interpolate(self.latents(latents), scale_factor=float(PATCH_PX // SHRINK), mode="bilinear")
        y = self.into(torch.cat([F.pixel_unshuffle(rough, SHRINK), wide], dim=1)) + self.place
        return rough + F.pixel_shuffle(self.out(F.silu(self.touch(y))), SHRINK)


class Picture(nn.Module):
    """Decoder graph: latents [1, C, h, w] -> uint8 [1, H, W, 3]."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, latents: Tensor) -> Tensor:
        """As the class says."""
        shown = (self.decoder(latents).clamp(-1.0, 1.0) + 1.0) * 127.5
        return torch.round(shown).permute(0, 2, 3, 1).to(torch.uint8)


def picture_loss(drawn: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute error, plus that of the slopes, so that edges count for more than their area."""
    across = (drawn[..., 1:] - drawn[..., :-1]) - (wanted[..., 1:] - wanted[..., :-1])
    down = (drawn[..., 1:, :] - drawn[..., :-1, :]) - (wanted[..., 1:, :] - wanted[..., :-1, :])
    return (drawn - wanted).abs().mean() + 1.5 * (across.abs().mean() + down.abs().mean())
