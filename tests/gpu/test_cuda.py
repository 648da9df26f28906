"""The same bundle on a graphics card: the card really draws, and draws what the processor would.

Run by `make test-gpu` on a machine with CUDA; everywhere else these are left out, not skipped in silence.
"""

from pathlib import Path

import pytest

import worker
from worker import models
from worker.diffusion import parity, portrait

pytestmark = pytest.mark.gpu

FOLDER = Path(worker.__file__).parent / "bundles" / "embedded"


@pytest.fixture(scope="module")
def studio() -> portrait.Studio:
    bundle = models.find_bundle(FOLDER, frozenset({"Apache-2.0"}))
    return portrait.open_studio(bundle.manifest, models.read_graphs(bundle), provider="cuda", threads=1)


def test_every_graph_runs_on_the_card(studio: portrait.Studio) -> None:
    graphs = (studio.conditioner, studio.step, studio.decoder)
    assert {graph.provider for graph in graphs} == {"CUDAExecutionProvider"}


def test_the_card_draws_what_the_processor_draws(studio: portrait.Studio) -> None:
    for vector in studio.manifest.parity:
        assert parity.difference(studio, vector) <= vector.tolerance
