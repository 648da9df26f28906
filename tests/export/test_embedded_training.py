"""The embedded bundle's model: small runs of the very code that makes the committed one."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edge_export.bundles.embedded import export, latent, train
from edge_export.bundles.embedded.decoder import Decoder
from edge_export.bundles.embedded.network import (
    Conditioner,
    ContextPair,
    Denoiser,
    Record,
    Sampler,
    Size,
    Step,
    draw_latents,
)
from edge_export.bundles.embedded.people import sample
from edge_export.bundles.embedded.refine import Refiner
from edge_export.bundles.embedded.render import render
from edge_export.bundles.embedded.train import Forget, Trainer, forget, partners, to_unit
from schemas import embedding as record_format
from schemas.bundle_manifest import read_bundle

pytestmark = pytest.mark.export
TINY = Size(width=32, blocks=1, heads=2, hidden=32, channels=16)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def pictures(count: int) -> torch.Tensor:
    drawn = render(sample(count, 4), torch.arange(count) % 10, 256)
    return to_unit(drawn.permute(0, 2, 3, 1).numpy())


@pytest.fixture(scope="module")
def basis() -> latent.Basis:
    return latent.fit(pictures(6), TINY.channels)


def records(count: int) -> Record:
    rng = torch.Generator().manual_seed(1)
    return Record(
        geometry=torch.randn(count, 24, generator=rng),
        geometry_given=torch.ones(count, 1),
        colours=torch.randn(count, 5, 3, generator=rng) * 0.5,
        colours_given=torch.ones(count, 5),
        attributes=torch.randint(0, 3, (count, 16), generator=rng),
        embedding=torch.randn(count, 128, generator=rng) * 0.1,
        embedding_given=torch.ones(count, 1),
        style=torch.arange(count) % 10,
    )


def networks() -> tuple[Conditioner, Denoiser]:
    torch.manual_seed(0)
    conditioner, denoiser = Conditioner(TINY, torch.zeros(128), torch.ones(128)), Denoiser(TINY)
    torch.nn.init.normal_(denoiser.out.weight, std=0.2)
    return conditioner.eval(), denoiser.eval()


def test_patches_come_back_whole() -> None:
    whole = torch.rand(2, 3, 256, 256)
    assert torch.equal(latent.unpatch(latent.patches(whole)), whole)


def test_the_basis_keeps_what_it_was_made_from(basis: latent.Basis) -> None:
    shown = pictures(6)
    error = ((basis.decode(basis.encode(shown)).clamp(-1, 1) - shown) / 2).square().mean(dim=(1, 2, 3))
    psnr_db = -10 * torch.log10(error).mean()
    assert psnr_db > 20
    assert basis.encode(shown).shape == (6, TINY.channels, latent.SIDE, latent.SIDE)
    assert torch.allclose(basis.vectors.T @ basis.vectors, torch.eye(TINY.channels), atol=1e-3)


def test_a_few_steps_lower_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "WARM_UP", 3)
    said, clean = records(16), torch.randn(1, TINY.channels, latent.SIDE, latent.SIDE).expand(16, -1, -1, -1)
    trainer = Trainer(TINY, said.embedding, steps=80)
    losses = [trainer.learn(said, clean, torch.Generator().manual_seed(step)) for step in range(80)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_training_goes_on_where_it_was_stopped() -> None:
    said, clean = records(8), torch.randn(8, TINY.channels, latent.SIDE, latent.SIDE)
    first, second = (Trainer(TINY, said.embedding, steps=10) for _ in range(2))
    for step in range(3):
        first.learn(said, clean, torch.Generator().manual_seed(step))
    kept = io.BytesIO()
    torch.save(first.state(), kept)
    kept.seek(0)
    second.restore(torch.load(kept))
    losses = [trainer.learn(said, clean, torch.Generator().manual_seed(9)) for trainer in (first, second)]
    assert losses[0] == losses[1]
    assert torch.equal(first.denoiser.out.weight, second.denoiser.out.weight)


def test_the_decoder_learns_to_touch_up(basis: latent.Basis) -> None:
    wanted = pictures(2)
    refiner = Refiner(basis, steps=12)
    losses = [refiner.learn(basis.encode(wanted), wanted) for _ in range(12)]
    assert losses[-1] < losses[0]


def test_everything_may_be_left_out() -> None:
    said, rng = records(400), torch.Generator().manual_seed(2)
    kept = forget(said, torch.ones(128), rng, Forget())
    assert 0.1 < 1 - kept.geometry_given.mean() < 0.3
    assert 0.4 < 1 - kept.embedding_given.mean() < 0.7
    assert (kept.colours_given.mean(0) < 0.95).all()
    nothing = (
        (kept.geometry_given + kept.embedding_given).flatten() + kept.colours_given.sum(1) + kept.attributes.sum(1)
    )
    assert (nothing == 0).any()
    everything = forget(said, torch.ones(128), rng, Forget(0, 0, 0, 0, 0, 0, 0, 0, 0))
    assert all(torch.equal(a, b) for a, b in zip(everything.tensors(), said.tensors(), strict=True))


def test_what_is_not_given_has_no_influence() -> None:
    conditioner, _ = networks()
    blank = records(2).blank()
    other = dataclasses.replace(
        blank, geometry=torch.ones(2, 24), colours=torch.ones(2, 5, 3), embedding=torch.ones(2, 128)
    )
    assert torch.equal(conditioner(*blank.tensors()), conditioner(*other.tensors()))


def test_partners_are_the_other_picture_of_the_same_person() -> None:
    found = torch.tensor([True, True, True, False])
    assert partners(found).tolist() == [1, 0, 2, 2]


def test_rows_of_the_sampler_end_at_the_clean_latent() -> None:
    rows = Sampler(steps=4, guide=1.3, init_sigma=1.0).rows()
    assert [row[0] for row in rows] == [0.0, 0.25, 0.5, 0.75]
    assert rows[-1][5:] == [0.0, 1.0, 0.0, 0.0]
    assert all(row[2] == 1.3 for row in rows)


def test_the_step_graph_samples_as_training_does() -> None:
    conditioner, denoiser = networks()
    said, sampler = records(1), Sampler(steps=3, guide=1.5, init_sigma=0.7)
    wanted = draw_latents(conditioner, denoiser, said, sampler, seed=8)
    x = torch.randn(1, TINY.channels, TINY.side, TINY.side, generator=torch.Generator().manual_seed(8)) * 0.7
    with torch.no_grad():
        context, step, x0 = ContextPair(conditioner)(*said.tensors()), Step(denoiser), torch.zeros_like(x)
        for row in sampler.rows():
            x, x0 = step(x, x0, torch.zeros_like(x), torch.tensor(row), context)
    assert torch.allclose(x, wanted, atol=1e-4)


def test_exported_graphs_answer_as_torch_and_make_a_valid_bundle(basis: latent.Basis, tmp_path: Path) -> None:
    conditioner, denoiser = networks()
    files = export.graphs(conditioner, denoiser, Decoder(basis))  # refuses when parity is too low
    record = record_format.LikenessRecord(
        geometry=bytes(range(24)), look=record_format.Look(colours=((1, 2, 3),) * 5, attributes=(1,) * 14)
    )
    facts = export.manifest(files, record, "0.0.1")
    export.write(tmp_path, files, facts)
    read, _ = read_bundle((tmp_path / "bundle.json").read_bytes())
    assert read == facts
    image = export.Bundle(files).draw(record, 0, 20260101, facts.schedules[facts.default_schedule])
    assert image.shape == (256, 256, 3)
    assert export.image_mean(image) == facts.parity[0].image_mean


def test_too_low_parity_is_refused(basis: latent.Basis, monkeypatch: pytest.MonkeyPatch) -> None:
    conditioner, denoiser = networks()
    monkeypatch.setitem(export.PARITY_TOLERANCE, "conditioner", 0.0)
    with pytest.raises(export.ParityTooLow):
        export.graphs(conditioner, denoiser, Decoder(basis))


def test_half_storage_keeps_inputs_and_outputs(basis: latent.Basis) -> None:
    conditioner, _ = networks()
    model = export.to_onnx(ContextPair(conditioner), export.example_record(), export.RECORD_INPUTS, ["context"])
    before = len(model.SerializeToString())
    halved = export.store_half(model)
    assert len(halved.SerializeToString()) < 0.7 * before
    assert [value.name for value in halved.graph.input] == list(export.RECORD_INPUTS)
    assert {t.data_type for t in halved.graph.initializer if np.prod(t.dims) >= export.HALF_FROM} <= {
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.INT64,
    }
