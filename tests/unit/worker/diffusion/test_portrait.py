"""One portrait."""

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from schemas.embedding import LikenessRecord
from schemas.errors import BundleDamaged
from tests import tiny_bundle
from worker.diffusion import parity
from worker.diffusion.portrait import Studio, draw, draw_decoy, open_studio
from worker.models import Bundle, read_graphs


@pytest.fixture(scope="module")
def studio(bundle: Bundle) -> Studio:
    return open_studio(bundle.manifest, read_graphs(bundle), provider="cpu", threads=1)


def drawn(
    studio: Studio, *, style: int = 0, seed: int = 1, record: LikenessRecord | None = None
) -> npt.NDArray[np.uint8]:
    drawing = draw(studio, record or tiny_bundle.public_record(), style=style, seed=seed)
    steps = []
    while True:
        try:
            steps.append(next(drawing))
        except StopIteration as finished:
            assert steps == [(i, 4) for i in (1, 2, 3, 4)]
            return np.asarray(finished.value)


def test_the_same_gives_the_same_and_anything_else_another(studio: Studio) -> None:
    image = drawn(studio)
    assert image.shape == (tiny_bundle.HEIGHT, tiny_bundle.WIDTH, 3)
    assert np.array_equal(image, drawn(studio))
    others = (
        drawn(studio, seed=2),
        drawn(studio, style=1),
        drawn(studio, record=LikenessRecord(geometry=bytes(24))),
    )
    assert not any(np.array_equal(image, other) for other in others)


def test_a_decoy_changes_nothing_that_comes_after(studio: Studio) -> None:
    before = drawn(studio)
    draw_decoy(studio, LikenessRecord(geometry=bytes(24)))
    assert np.array_equal(before, drawn(studio))


def test_a_drawing_that_is_given_up_can_be_started_again(studio: Studio) -> None:
    drawing = draw(studio, tiny_bundle.public_record(), style=0, seed=1)
    next(drawing)
    drawing.close()
    assert drawn(studio).any()


def test_parity_sees_the_same_and_another_picture(studio: Studio, bundle: Bundle) -> None:
    (vector,) = bundle.manifest.parity
    assert parity.difference(studio, vector) < 0.001
    assert parity.difference(studio, msgspec.structs.replace(vector, seed=2)) > vector.tolerance


def test_means_are_taken_cell_by_cell() -> None:
    image = np.zeros((16, 24, 3), np.uint8)
    image[:2, 3:6, 1] = 9
    means = parity.grid_means(image)
    assert len(means) == 192
    assert [(i, mean) for i, mean in enumerate(means) if mean] == [(4, 9.0)]


@pytest.mark.parametrize("edit", [{"latent_shape": [4, 8, 8]}, {"image_width": 64}])
def test_a_manifest_that_does_not_fit_its_graphs_is_refused(bundle: Bundle, edit: dict[str, object]) -> None:
    manifest = msgspec.structs.replace(bundle.manifest, **edit)
    with pytest.raises(BundleDamaged):
        drawn(open_studio(manifest, read_graphs(bundle), provider="cpu", threads=1))
