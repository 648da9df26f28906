"""The loop, against the same sums in plain numpy."""

from typing import Any

import numpy as np
import pytest

from schemas.errors import WorkerFailed
from worker.diffusion.sampler import denoise
from worker.diffusion.schedule import Column, Steps
from worker.diffusion.sessions import Array

SHAPE = (1, 2, 3, 4)
CONTEXT = np.ones((2, 1, 1), np.float32)


class Step:
    """A step graph whose network says half of what it sees."""

    def __init__(self, factor: float = 0.5) -> None:
        self.factor = np.float32(factor)
        self.noises: list[Array] = []

    def run(self, feeds: dict[str, Array], outputs: dict[str, Array]) -> None:
        """As ``Graph.run``."""
        row: Any = feeds["row"]
        x, x0_prev, noise = (feeds[name].copy() for name in ("x", "x0_prev", "noise"))
        self.noises.append(noise)
        out = self.factor * (x * row[Column.C_IN])
        x0 = row[Column.KX] * x + row[Column.KE] * out
        outputs["x0"][:] = x0
        outputs["x_next"][:] = row[Column.A] * x + row[Column.B] * x0 + row[Column.C] * x0_prev + row[Column.D] * noise


def run(step: Step, rows: list[list[float]], x: Array, seed: int = 1) -> list[int]:
    steps = Steps(init_sigma=1.0, rows=np.array(rows, np.float32))
    return list(denoise(step, x, CONTEXT, steps, np.random.Generator(np.random.Philox(seed))))  # type: ignore[arg-type]


def test_each_step_uses_the_row_and_the_step_before() -> None:
    x = np.full(SHAPE, 8, np.float32)
    rows = [[0, 1, 1, 0, 1, 0.5, 0.25, 0, 0], [0.5, 1, 1, 0, 1, 0.5, 0.25, 1, 0]]
    assert run(Step(), rows, x) == [1, 2]
    # 8 -> x0 4, next 8/2 + 4/4 = 5; 5 -> x0 2.5, next 5/2 + 2.5/4 + 4 = 7.125
    assert np.array_equal(x, np.full(SHAPE, 7.125, np.float32))


def test_noise_is_drawn_only_where_a_row_asks_for_it() -> None:
    quiet, noisy = [0.0, 1, 1, 0, 1, 1, 0, 0, 0], [0.0, 1, 1, 0, 1, 1, 0, 0, 1]
    step = Step()
    run(step, [quiet, noisy, noisy], np.zeros(SHAPE, np.float32), seed=3)
    rng = np.random.Generator(np.random.Philox(3))
    assert not step.noises[0].any()
    assert np.array_equal(step.noises[1], rng.standard_normal(SHAPE, np.float32))
    assert np.array_equal(step.noises[2], rng.standard_normal(SHAPE, np.float32))


def test_a_number_that_is_not_finite_ends_the_drawing() -> None:
    with pytest.raises(WorkerFailed):
        run(Step(factor=np.inf), [[0, 1, 1, 0, 1, 0, 1, 0, 0]], np.ones(SHAPE, np.float32))


def test_a_closed_loop_overwrites_what_it_used() -> None:
    class Keeping(Step):
        def run(self, feeds: dict[str, Array], outputs: dict[str, Array]) -> None:
            super().run(feeds, outputs)
            self.seen = [feeds["x0_prev"], feeds["noise"], feeds["row"], outputs["x0"], outputs["x_next"]]

    step = Keeping()
    rows = np.array([[0, 1, 1, 0, 1, 1, 0, 0, 1]] * 3, np.float32)
    x = np.ones(SHAPE, np.float32)
    loop = denoise(step, x, CONTEXT, Steps(init_sigma=1.0, rows=rows), np.random.default_rng(1))  # type: ignore[arg-type]
    next(loop)
    assert any(array.any() for array in step.seen)
    loop.close()
    assert not any(array.any() for array in step.seen)
