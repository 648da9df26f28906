"""Stage train: conditioner and denoiser learn, by flow matching, to draw the picture that a record belongs to.

Checkpoints hold everything (weights, average, optimiser, step), so a stop costs at most CHECKPOINT_EVERY steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge_export.bundles.embedded import dataset, latent
from edge_export.bundles.embedded.dataset import Measured
from edge_export.bundles.embedded.latent import Basis
from edge_export.bundles.embedded.network import Conditioner, Denoiser, Record, Size

CHECKPOINT_EVERY = 200
BASIS_PICTURES = 1500
BATCH = 64
LEARNING_RATE = 2.0e-3
WARM_UP = 80
FINAL_SHARE = 0.55
"""Last share of the steps over which the learning rate falls to nothing."""
TIME_MEAN, TIME_SPREAD = -2.0, 1.5
"""Of the logistic-normal law of t: early times, where only the record can tell what to draw."""
MOST_WEIGHT = 4.0
"""Bound of the velocity weight 1 / (1 - t)**2, so that almost clean latents do not rule the loss."""
AVERAGE = 0.995
"""Of the weights that are kept: about the last 200 steps."""


@dataclass(frozen=True, slots=True)
class Forget:
    """How training makes records incomplete and imprecise, so that any part may be missing in use."""

    geometry: float = 0.08
    each_colour: float = 0.07
    each_attribute: float = 0.07
    all_attributes: float = 0.05
    embedding: float = 0.50
    everything: float = 0.06
    geometry_noise: float = 0.20
    colour_noise: float = 0.035
    embedding_noise: float = 0.50


def basis_of(folder: Path, shards: Sequence[int]) -> Basis:
    """The latent basis, made from the first pictures of the shards and kept beside them."""
    path = folder / "basis.pt"
    if not path.exists():
        chosen = np.concatenate(
            [pictures[::2][: BASIS_PICTURES // 3] for pictures in dataset.load_pictures(folder, shards[:3])]
        )
        basis = latent.fit(to_unit(chosen))
        torch.save({"mean": basis.mean, "vectors": basis.vectors, "scale": basis.scale}, path)
    return Basis(**torch.load(path))


def to_unit(pictures: np.ndarray[Any, np.dtype[np.uint8]]) -> Tensor:
    """float32 [B, 3, H, W] in -1..1 of uint8 [B, H, W, 3]."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def latents_of(folder: Path, shard: int, basis: Basis) -> Tensor:
    """float16 [1000, CHANNELS, 8, 8] of a shard's pictures, kept beside them."""
    path = folder / f"latents-{shard:03d}.pt"
    if not path.exists():
        pictures = np.load(dataset.pictures_path(folder, shard), mmap_mode="r")
        parts = [basis.encode(to_unit(pictures[i : i + 50])).half() for i in range(0, len(pictures), 50)]
        torch.save(torch.cat(parts), path)
    result: Tensor = torch.load(path)
    return result


def records_of(measured: Measured) -> Record:
    """Complete records of measured pictures."""
    count = len(measured.style)
    return Record(
        geometry=torch.from_numpy(measured.geometry).float() / 32.0,
        geometry_given=torch.ones(count, 1),
        colours=torch.from_numpy(measured.colours).float() / 64.0,
        colours_given=torch.from_numpy(measured.colours_given).float(),
        attributes=torch.from_numpy(measured.attributes),
        embedding=torch.from_numpy(measured.embedding),
        embedding_given=torch.ones(count, 1),
        style=torch.from_numpy(measured.style),
    )


def forget(record: Record, embedding_std: Tensor, rng: torch.Generator, how: Forget) -> Record:
    """The record with parts left out and noise added, as `how` says."""
    count = len(record.style)

    def keep(*shape: int, drop: float) -> Tensor:
        return (torch.rand(*shape, generator=rng) >= drop).float()

    def normal(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=rng)

    some = keep(count, 1, drop=how.everything)
    chips = keep(*record.attributes.shape, drop=how.each_attribute) * keep(count, 1, drop=how.all_attributes) * some
    return Record(
        geometry=record.geometry + how.geometry_noise * normal(record.geometry),
        geometry_given=record.geometry_given * keep(count, 1, drop=how.geometry) * some,
        colours=record.colours + how.colour_noise * normal(record.colours),
        colours_given=record.colours_given * keep(*record.colours_given.shape, drop=how.each_colour) * some,
        attributes=record.attributes * chips.long(),
        embedding=record.embedding + how.embedding_noise * embedding_std * normal(record.embedding),
        embedding_given=record.embedding_given * keep(count, 1, drop=how.embedding) * some,
        style=record.style,
    )


def flow_loss(denoise: Callable[[Tensor, Tensor], Tensor], clean: Tensor, rng: torch.Generator) -> Tensor:
    """Velocity loss of a network that predicts the clean latent (flow matching, straight paths)."""
    t = torch.sigmoid(torch.randn(len(clean), generator=rng) * TIME_SPREAD + TIME_MEAN)
    wide = t[:, None, None, None]
    noisy = (1 - wide) * torch.randn(clean.shape, generator=rng) + wide * clean
    weight = (1.0 / (1.0 - wide) ** 2).clamp(max=MOST_WEIGHT)
    return (weight * (denoise(noisy, t).float() - clean) ** 2).mean()


class Trainer:
    """Networks, their moving average and the optimiser; one call a step."""

    def __init__(self, size: Size, embedding: Tensor, steps: int, seed: int = 0) -> None:
        """`embedding` float32 [n, 128]: drawn people's vectors, for the fixed normalisation."""
        torch.manual_seed(seed)
        self.size, self.steps, self.step, self.seed = size, steps, 0, seed
        mean, std = embedding.mean(0), embedding.std(0) + 1e-4
        self.conditioner, self.denoiser = Conditioner(size, mean, std), Denoiser(size)
        self.smooth_conditioner, self.smooth_denoiser = Conditioner(size, mean, std), Denoiser(size)
        self.smooth_conditioner.load_state_dict(self.conditioner.state_dict())
        self.smooth_denoiser.load_state_dict(self.denoiser.state_dict())
        self.weights = [*self.conditioner.parameters(), *self.denoiser.parameters()]
        self.averages = [*self.smooth_conditioner.parameters(), *self.smooth_denoiser.parameters()]
        self.optimiser = torch.optim.AdamW(self.weights, lr=LEARNING_RATE, weight_decay=0.02, betas=(0.9, 0.98))

    def rate(self) -> float:
        """Learning rate of the current step."""
        left = (1.0 - self.step / self.steps) / FINAL_SHARE
        return LEARNING_RATE * min(1.0, (self.step + 1) / WARM_UP, max(left, 0.0)) + 1e-5

    def learn(self, record: Record, clean: Tensor, rng: torch.Generator) -> float:
        """One step on a batch of (possibly incomplete) records and their clean latents; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        with torch.autocast("cpu", torch.bfloat16):
            context = self.conditioner(*record.tensors())
            loss = flow_loss(lambda x, t: self.denoiser(x, t, context), clean, rng)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.step += 1
        share = min(AVERAGE, self.step / (self.step + 15.0))
        with torch.no_grad():
            torch._foreach_lerp_(self.averages, self.weights, 1.0 - share)
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        names = ("conditioner", "denoiser", "smooth_conditioner", "smooth_denoiser", "optimiser")
        return {name: getattr(self, name).state_dict() for name in names} | {"step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken."""
        self.step = state.pop("step")
        for name, value in state.items():
            getattr(self, name).load_state_dict(value)


def partners(found: Tensor) -> Tensor:
    """int64 [n]: for each usable picture, the other picture of the same person (itself if that one is unusable)."""
    rows = torch.arange(len(found))
    other = rows ^ 1
    return torch.where(found[other], other, rows)


def train(folder: Path, size: Size, steps: int, report: Callable[[str], None]) -> Trainer:
    """Runs the stage to its last step, from the last checkpoint if there is one."""
    shards = dataset.training_shards(folder)
    basis = basis_of(folder, shards)
    measured = dataset.load_measured(folder, shards)
    records, clean = records_of(measured), torch.cat([latents_of(folder, shard, basis) for shard in shards])
    found = torch.from_numpy(measured.found)
    usable, other = found.nonzero()[:, 0], partners(found)
    trainer = Trainer(size, records.embedding[usable], steps)
    path = folder / "trained.pt"
    if path.exists():
        trainer.restore(torch.load(path))
    report(f"{len(shards)} shards, {len(usable)} pictures, from step {trainer.step} to {steps}")
    started, first, mean = time.monotonic(), trainer.step, 0.0
    while trainer.step < steps:
        rng = torch.Generator().manual_seed(trainer.seed * 1_000_003 + trainer.step)
        shown = usable[torch.randint(0, len(usable), (BATCH,), generator=rng)]
        told = torch.where(torch.rand(BATCH, generator=rng) < 0.5, shown, other[shown])
        # The record is measured on either picture of the person; the style is that of the picture to draw.
        said = records.take(told)
        said = replace(said, style=records.style[shown])
        said = forget(said, trainer.conditioner.embedding_std, rng, Forget())
        loss = trainer.learn(said, clean[shown].float(), rng)
        mean = loss if trainer.step == first + 1 else 0.98 * mean + 0.02 * loss
        if trainer.step % 50 == 0:
            speed = (trainer.step - first) * BATCH / (time.monotonic() - started)
            report(f"step {trainer.step} loss {mean:.4f} {speed:.0f} samples/s")
        if trainer.step % CHECKPOINT_EVERY == 0 or trainer.step == steps:
            part = path.with_name(".trained.pt")
            torch.save(trainer.state(), part)
            part.rename(path)
    return trainer
