"""Graphs on the provider that was asked for."""

import numpy as np
import onnxruntime as ort
import pytest

from schemas.errors import BundleDamaged, ProviderMissing
from tests import tiny_bundle
from worker.diffusion.sessions import Graph
from worker.models import Bundle, read_graphs


@pytest.fixture(scope="module")
def decoder(bundle: Bundle) -> Graph:
    return Graph(read_graphs(bundle)["decoder.onnx"], provider="cpu", threads=1)


def test_the_provider_is_named(decoder: Graph) -> None:
    assert decoder.provider == "CPUExecutionProvider"


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="this onnxruntime has CUDA")
def test_a_provider_that_is_not_there_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ProviderMissing):
        Graph(read_graphs(bundle)["decoder.onnx"], provider="cuda", threads=1)


def test_a_silent_fallback_is_noticed(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort.InferenceSession, "get_providers", lambda _self: ["AzureExecutionProvider"])
    with pytest.raises(ProviderMissing):
        Graph(read_graphs(bundle)["decoder.onnx"], provider="cpu", threads=1)


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(BundleDamaged):
        Graph(b"no graph", provider="cpu", threads=1)


def test_results_land_in_the_callers_array(decoder: Graph) -> None:
    image = decoder.output("image")
    assert image.shape == (1, tiny_bundle.HEIGHT, tiny_bundle.WIDTH, 3)
    assert image.dtype.name == "uint8"
    latents = np.ones((1, *tiny_bundle.LATENT), np.float32)
    decoder.run({"latents": latents, "something else": latents}, {"image": image})
    assert image.any()
    image.fill(0)
    decoder.run({"latents": latents}, {"image": image})
    assert image.any()


def test_an_input_that_nothing_feeds_is_noticed(decoder: Graph) -> None:
    with pytest.raises(BundleDamaged):
        decoder.run({}, {"image": decoder.output("image")})


def test_an_output_that_is_not_declared_is_noticed(decoder: Graph) -> None:
    with pytest.raises(BundleDamaged):
        decoder.output("picture")


def test_an_input_of_another_shape_is_refused(decoder: Graph) -> None:
    with pytest.raises(BundleDamaged):
        decoder.run({"latents": np.ones((1, 2, 3, 4), np.float32)}, {"image": decoder.output("image")})
