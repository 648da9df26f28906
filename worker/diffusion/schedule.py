"""A sampler as a table of nine floats a step: DDIM, DPM-Solver++ 2M, Euler, LCM and flow matching all fit."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from schemas.bundle_manifest import BundleManifest


class Column(IntEnum):
    """The columns of a row: the network sees t and x * c_in; out = u + g * (c - u); x0 = kx * x + ke * out;
    x_next = A * x + B * x0 + C * x0_prev + D * noise.
    """

    T = 0
    C_IN = 1
    GUIDANCE = 2
    KX = 3
    KE = 4
    A = 5
    B = 6
    C = 7
    D = 8


@dataclass(frozen=True, slots=True)
class Steps:
    """The default schedule of a bundle."""

    init_sigma: float
    """Standard deviation of the first latents."""
    rows: npt.NDArray[np.float32]  # (steps, 9)


def steps_of(manifest: BundleManifest) -> Steps:
    """The steps that this bundle draws with."""
    schedule = manifest.schedules[manifest.default_schedule]
    return Steps(init_sigma=schedule.init_sigma, rows=np.array(schedule.rows, np.float32))
