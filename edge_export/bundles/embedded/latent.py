"""The latent space: a fixed linear basis of picture patches. Nothing is learned by gradient, so nothing can drift.

A 256-pixel picture is cut into 8 x 8 patches of 32 pixels; each becomes its CHANNELS strongest principal components.
Components are divided by std**WHITENING: plain units would let the first few drown the rest, full whitening would
spend the model's strength on noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

PATCH_PX = 32
SIDE = 8
CHANNELS = 160
WHITENING = 0.65


@dataclass(frozen=True, slots=True)
class Basis:
    """What turns patches into latents and back."""

    mean: Tensor
    """float32 [3 * PATCH_PX**2]"""
    vectors: Tensor
    """float32 [3 * PATCH_PX**2, CHANNELS], orthonormal columns"""
    scale: Tensor
    """float32 [CHANNELS]"""

    def encode(self, pictures: Tensor) -> Tensor:
        """Latents float32 [B, CHANNELS, SIDE, SIDE] of pictures float32 [B, 3, 256, 256] in -1..1."""
        codes = ((patches(pictures) - self.mean) @ self.vectors) / self.scale
        return codes.transpose(1, 2).reshape(len(pictures), -1, SIDE, SIDE)

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures float32 [B, 3, 256, 256] from latents; what the basis cannot say is lost."""
        codes = latents.flatten(2).transpose(1, 2) * self.scale
        return unpatch(codes @ self.vectors.T + self.mean)


def patches(pictures: Tensor) -> Tensor:
    """float32 [B, SIDE**2, 3 * PATCH_PX**2], row by row."""
    cut = pictures.unfold(2, PATCH_PX, PATCH_PX).unfold(3, PATCH_PX, PATCH_PX)
    return cut.permute(0, 2, 3, 1, 4, 5).reshape(len(pictures), SIDE * SIDE, -1)


def unpatch(rows: Tensor) -> Tensor:
    """The pictures that `patches` cut."""
    whole = rows.reshape(len(rows), SIDE, SIDE, 3, PATCH_PX, PATCH_PX).permute(0, 3, 1, 4, 2, 5)
    return whole.reshape(len(rows), 3, SIDE * PATCH_PX, SIDE * PATCH_PX)


def fit(pictures: Tensor, channels: int = CHANNELS) -> Basis:
    """The basis of pictures float32 [B, 3, 256, 256] in -1..1; the same pictures give the same basis."""
    rows = patches(pictures).flatten(0, 1)
    mean = rows.mean(dim=0)
    centred = rows - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(rows))
    vectors = vectors.flip(1)[:, :channels].contiguous()
    peaks = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    vectors = vectors * peaks.sign()  # one sign, whatever LAPACK chose
    deviation = values.flip(0)[:channels].clamp(min=1e-12).sqrt()
    scale = deviation**WHITENING
    return Basis(mean, vectors, scale * ((deviation / scale) ** 2).mean().sqrt())
