"""Stage refine: the decoder's touch-up learns on latents with noise, then on what the model itself draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge_export.bundles.embedded import dataset
from edge_export.bundles.embedded.dataset import Measured, load_measured, pictures_path
from edge_export.bundles.embedded.decoder import Decoder, picture_loss
from edge_export.bundles.embedded.latent import Basis
from edge_export.bundles.embedded.network import DEFAULT_SAMPLER, Conditioner, Denoiser, Size, draw_latents
from edge_export.bundles.embedded.train import basis_of, latents_of, records_of, to_unit

BATCH = 8
LEARNING_RATE = 1.5e-3
MOST_NOISE = 0.40
CHECKPOINT_EVERY = 100
SHARDS_DRAWN = 2


def load_model(folder: Path, size: Size) -> tuple[Conditioner, Denoiser]:
    """The averaged networks of the training stage's last checkpoint."""
    state = torch.load(folder / "trained.pt")
    conditioner = Conditioner(size, torch.zeros(128), torch.ones(128))
    denoiser = Denoiser(size)
    conditioner.load_state_dict(state["smooth_conditioner"])
    denoiser.load_state_dict(state["smooth_denoiser"])
    return conditioner.eval(), denoiser.eval()


class Refiner:
    """The decoder with its optimiser."""

    def __init__(self, basis: Basis, steps: int, *, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.decoder: Decoder = Decoder(basis).to(memory_format=torch.channels_last)
        self.steps, self.step = steps, 0
        self.weights = [weight for weight in self.decoder.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(self.weights, lr=LEARNING_RATE, weight_decay=1e-4)

    def learn(self, latents: Tensor, wanted: Tensor) -> float:
        """One step towards pictures float32 [B, 3, 256, 256] in -1..1; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, (self.step + 1) / 30) * max(0.0, 1.0 - self.step / self.steps) + 1e-5
        with torch.autocast("cpu", torch.bfloat16):
            drawn = self.decoder(latents)
        loss = picture_loss(drawn.float(), wanted)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        return {"decoder": self.decoder.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken."""
        self.step = state["step"]
        self.decoder.load_state_dict(state["decoder"])
        self.optimiser.load_state_dict(state["optimiser"])


def _noisy(folder: Path, shards: list[int], basis: Basis, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    shard = shards[int(torch.randint(0, len(shards), (1,), generator=rng))]
    clean = latents_of(folder, shard, basis)
    rows = torch.randint(0, len(clean), (BATCH,), generator=rng).sort().values
    latents = clean[rows].float()
    strength = torch.rand(BATCH, 1, 1, 1, generator=rng) * MOST_NOISE
    pictures = np.load(pictures_path(folder, shard), mmap_mode="r")[rows.numpy()]
    return latents + strength * torch.randn(latents.shape, generator=rng), to_unit(pictures)


def prepare(folder: Path, steps: int, report: Callable[[str], None]) -> None:
    """First half: no trained model is needed, so it can run beside the training stage."""
    shards = dataset.training_shards(folder)
    basis = basis_of(folder, shards)
    _run(folder, "prepared.pt", Refiner(basis, steps), report, lambda rng: _noisy(folder, shards, basis, rng))


def refine(folder: Path, size: Size, steps: int, report: Callable[[str], None]) -> Decoder:
    """Second half: on the model's own drawings of people it was trained on."""
    shards = dataset.training_shards(folder)[:SHARDS_DRAWN]
    basis = basis_of(folder, shards)
    drawn = torch.cat([_drawings(folder, size, shard) for shard in shards])
    pictures = [np.load(pictures_path(folder, shard), mmap_mode="r") for shard in shards]
    each = dataset.PEOPLE_A_SHARD * dataset.PICTURES_A_PERSON

    def batch(rng: torch.Generator) -> tuple[Tensor, Tensor]:
        rows = torch.randint(0, len(drawn), (BATCH,), generator=rng)
        wanted = np.stack([pictures[int(row) // each][int(row) % each] for row in rows])
        return drawn[rows].float(), to_unit(wanted)

    refiner = Refiner(basis, steps)
    refiner.decoder.load_state_dict(torch.load(folder / "prepared.pt")["decoder"])
    _run(folder, "refined.pt", refiner, report, batch)
    return refiner.decoder


def _drawings(folder: Path, size: Size, shard: int) -> Tensor:
    """float16 [1000, C, 8, 8]: the model's own latents for a shard's records; kept beside them."""
    path = folder / f"drawn-{shard:03d}.pt"
    if not path.exists():
        conditioner, denoiser = load_model(folder, size)
        measured: Measured = load_measured(folder, [shard])
        records = records_of(measured)
        parts = []
        for start in range(0, len(records.style), 50):
            rows = torch.arange(start, min(start + 50, len(records.style)))
            with torch.autocast("cpu", torch.bfloat16):
                latents = draw_latents(conditioner, denoiser, records.take(rows), DEFAULT_SAMPLER, shard * 1000 + start)
            parts.append(latents.half())
        torch.save(torch.cat(parts), path)
    result: Tensor = torch.load(path)
    return result


def _run(
    folder: Path,
    name: str,
    refiner: Refiner,
    report: Callable[[str], None],
    batch: Callable[[torch.Generator], tuple[Tensor, Tensor]],
) -> None:
    path = folder / name
    if path.exists():
        refiner.restore(torch.load(path))
    started, first, mean = time.monotonic(), refiner.step, 0.0
    while refiner.step < refiner.steps:
        latents, wanted = batch(torch.Generator().manual_seed(50_000_017 + refiner.step))
        loss = refiner.learn(latents, wanted)
        mean = loss if refiner.step == first + 1 else 0.98 * mean + 0.02 * loss
        if refiner.step % 50 == 0:
            speed = (refiner.step - first) * BATCH / (time.monotonic() - started)
            report(f"{name} step {refiner.step} loss {mean:.4f} {speed:.1f} pictures/s")
        if refiner.step % CHECKPOINT_EVERY == 0 or refiner.step == refiner.steps:
            part = path.with_name(f".{name}")
            torch.save(refiner.state(), part)
            part.rename(path)
