"""The three graphs as torch modules: conditioner (record -> context), denoiser (one step), and what joins them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

from edge_export.bundles.embedded.latent import CHANNELS, SIDE
from edge_export.bundles.embedded.people import ATTRIBUTES
from edge_export.bundles.embedded.styles import STYLES

EMBEDDING_CLIP = 2.5
"""Photos lie outside the range of drawn faces; beyond this many sigma a number says no more."""
MAX_GUIDE_FREQUENCY = 100.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large the networks are."""

    width: int = 192
    blocks: int = 6
    heads: int = 6
    record_tokens: int = 6
    style_tokens: int = 2
    hidden: int = 512
    attribute_width: int = 16
    channels: int = CHANNELS
    side: int = SIDE

    @property
    def context_tokens(self) -> int:
        """Tokens of context, the pooled one first."""
        return 1 + self.record_tokens + self.style_tokens


@dataclass(frozen=True, slots=True)
class Record:
    """A batch of record parts and styles as the conditioner reads them (named as the graph's inputs)."""

    geometry: Tensor
    """float32 [B, 24], z-scores."""
    geometry_given: Tensor
    """float32 [B, 1]"""
    colours: Tensor
    """float32 [B, 5, 3], codes / 64."""
    colours_given: Tensor
    """float32 [B, 5]"""
    attributes: Tensor
    """int64 [B, 16]"""
    embedding: Tensor
    """float32 [B, 128], the net's raw output."""
    embedding_given: Tensor
    """float32 [B, 1]"""
    style: Tensor
    """int64 [B]"""

    def tensors(self) -> tuple[Tensor, ...]:
        """All parts in the order of the graph's inputs."""
        return tuple(getattr(self, name) for name in self.__slots__)

    def take(self, rows: Tensor) -> Record:
        """These rows, in this order."""
        return Record(*(part[rows] for part in self.tensors()))

    def blank(self) -> Record:
        """The same styles, with nothing said about a face."""
        parts = {name: torch.zeros_like(getattr(self, name)) for name in self.__slots__ if name != "style"}
        return Record(**parts, style=self.style)


class Conditioner(nn.Module):
    """Record and style -> context float32 [B, tokens, width]; token 0 is the pooled one that modulates all blocks."""

    def __init__(self, size: Size, embedding_mean: Tensor, embedding_std: Tensor) -> None:
        super().__init__()
        self.size = size
        counts = [len(values) + 1 for _, values in ATTRIBUTES]
        starts = torch.tensor([sum(counts[:index]) for index in range(len(counts))])
        self.register_buffer("attribute_start", starts)
        self.register_buffer("attribute_most", torch.tensor(counts) - 1)
        self.register_buffer("embedding_mean", embedding_mean)
        self.register_buffer("embedding_std", embedding_std)
        self.attribute = nn.Embedding(sum(counts), size.attribute_width)
        inputs = 24 + 1 + 15 + 5 + len(counts) * size.attribute_width + 128 + 1
        outputs = (1 + size.record_tokens) * size.width
        self.record = nn.Sequential(
            nn.Linear(inputs, size.hidden),
            nn.SiLU(),
            nn.Linear(size.hidden, size.hidden),
            nn.SiLU(),
            nn.Linear(size.hidden, outputs),
        )
        self.style = nn.Embedding(len(STYLES), (1 + size.style_tokens) * size.width)

    def forward(  # noqa: PLR0917 - the inputs of the graph
        self,
        geometry: Tensor,
        geometry_given: Tensor,
        colours: Tensor,
        colours_given: Tensor,
        attributes: Tensor,
        embedding: Tensor,
        embedding_given: Tensor,
        style: Tensor,
    ) -> Tensor:
        """The context of a batch; inputs as in `Record`."""
        codes = torch.minimum(attributes[:, : len(ATTRIBUTES)].clamp(min=0), self.attribute_most) + self.attribute_start
        standard = ((embedding - self.embedding_mean) / self.embedding_std).clamp(-EMBEDDING_CLIP, EMBEDDING_CLIP)
        said = torch.cat(
            [
                geometry.clamp(-2.5, 2.5) * geometry_given,
                geometry_given,
                (colours * colours_given[:, :, None]).flatten(1),
                colours_given,
                self.attribute(codes).flatten(1),
                standard * embedding_given,
                embedding_given,
            ],
            dim=1,
        )
        face = self.record(said).view(-1, 1 + self.size.record_tokens, self.size.width)
        look = self.style(style).view(-1, 1 + self.size.style_tokens, self.size.width)
        return torch.cat([face[:, :1] + look[:, :1], face[:, 1:], look[:, 1:]], dim=1)


class Block(nn.Module):
    """Transformer block whose norms are shifted, scaled and gated by step and pooled context."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_mix = nn.LayerNorm(width, elementwise_affine=False)
        self.before_turn = nn.LayerNorm(width, elementwise_affine=False)
        self.queries = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.own = nn.Parameter(torch.zeros(6, width))
        nn.init.zeros_(self.joined.weight)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor, shared: Tensor) -> Tensor:
        """x [B, tokens, width], shared [B, 6, width] -> [B, tokens, width]."""
        shift, scale, gate, shift2, scale2, gate2 = (shared + self.own)[:, :, None].unbind(1)
        batch, tokens, width = x.shape
        y = self.before_mix(x) * (1 + scale) + shift
        q, k, v = (
            self.queries(y).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        )
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + (1 + gate) * self.joined(mixed)
        y = self.before_turn(x) * (1 + scale2) + shift2
        return x + (1 + gate2) * self.narrow(F.gelu(self.widen(y), approximate="tanh"))


class Denoiser(nn.Module):
    """A noisy latent at time t (0 noise, 1 picture) -> the clean latent it came from."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.into = nn.Linear(size.channels, size.width)
        self.place = nn.Parameter(torch.randn(1, size.side**2, size.width) * 0.02)
        self.context_place = nn.Parameter(torch.randn(1, size.context_tokens - 1, size.width) * 0.02)
        self.time = nn.Sequential(nn.Linear(128, size.width), nn.SiLU(), nn.Linear(size.width, size.width))
        self.modulate = nn.Sequential(nn.SiLU(), nn.Linear(size.width, 6 * size.width))
        self.blocks = nn.ModuleList([Block(size.width, size.heads) for _ in range(size.blocks)])
        self.last = nn.LayerNorm(size.width)
        self.out = nn.Linear(size.width, size.channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("frequency", torch.exp(torch.arange(64) * (-math.log(1000.0) / 64)) * MAX_GUIDE_FREQUENCY)

    def forward(self, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        """x [B, C, h, w], t [B], context [B, T, D] -> x0 [B, C, h, w]."""
        batch = x.shape[0]
        angle = t[:, None] * self.frequency
        pooled = self.time(torch.cat([angle.cos(), angle.sin()], dim=1)) + context[:, 0]
        shared = self.modulate(pooled).view(batch, 6, self.size.width)
        latent = self.into(x.flatten(2).transpose(1, 2)) + self.place
        y = torch.cat([context[:, 1:] + self.context_place, latent], dim=1)
        for block in self.blocks:
            y = block(y, shared)
        y = self.out(self.last(y[:, self.size.context_tokens - 1 :]))
        return y.transpose(1, 2).reshape(batch, self.size.channels, self.size.side, self.size.side)


class ContextPair(nn.Module):
    """Conditioner graph: context float32 [2, T, D], row 0 knows the style only, row 1 the person too."""

    def __init__(self, conditioner: Conditioner) -> None:
        super().__init__()
        self.conditioner = conditioner

    def forward(self, *record: Tensor) -> Tensor:
        """As the class says; inputs in the order of `Record`."""
        said = Record(*record)
        pairs = zip(said.blank().tensors(), said.tensors(), strict=True)
        return self.conditioner(*(torch.cat([nothing, known]) for nothing, known in pairs))


class Step(nn.Module):
    """Step graph: guidance, network and sampler update in one, driven by nine numbers a step."""

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.denoiser = denoiser

    def forward(self, x: Tensor, x0_prev: Tensor, noise: Tensor, row: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """(x_next, x0) [1, C, h, w]; row = [t, c_in, guidance, kx, ke, A, B, C, D]."""
        t, c_in, guide, keep_x, keep_net, a, b, c, d = row.unbind(0)
        both = self.denoiser((x * c_in).expand(2, -1, -1, -1), t.expand(2), context)
        without, knowing = both[:1], both[1:]
        x0 = keep_x * x + keep_net * (without + guide * (knowing - without))
        return a * x + b * x0 + c * x0_prev + d * noise, x0


@dataclass(frozen=True, slots=True)
class Sampler:
    """How a latent is drawn."""

    steps: int
    guide: float
    """Weight of the record: 1 as learned, more exaggerates what it says."""
    init_sigma: float
    """Standard deviation of the first noise. Below 1 the portrait comes nearer to what the record is likely to mean,
    and patches agree better; above, people with the same record differ more."""

    def rows(self) -> list[list[float]]:
        """Nine numbers a step: Euler steps of flow matching for a network that predicts the clean latent."""
        rows = []
        for now, then in pairwise(step / self.steps for step in range(self.steps + 1)):
            share = (then - now) / (1.0 - now)
            rows.append([now, 1.0, self.guide, 0.0, 1.0, 1.0 - share, share, 0.0, 0.0])
        return rows


DEFAULT_SAMPLER = Sampler(steps=4, guide=1.3, init_sigma=0.6)


@torch.no_grad()
def draw_latents(conditioner: Conditioner, denoiser: Denoiser, record: Record, sampler: Sampler, seed: int) -> Tensor:
    """Latents of a batch, as the step graph would sample them one by one (its own noise apart)."""
    rng = torch.Generator().manual_seed(seed)
    size = denoiser.size
    x = torch.randn(len(record.style), size.channels, size.side, size.side, generator=rng) * sampler.init_sigma
    known, nothing = conditioner(*record.tensors()), conditioner(*record.blank().tensors())
    for t, _, guide, _, _, a, b, _, _ in sampler.rows():
        time = torch.full((len(x),), t)
        x0 = denoiser(x, time, known)
        if guide != 1.0:
            without = denoiser(x, time, nothing)
            x0 = without + guide * (x0 - without)
        x = a * x + b * x0
    return x
