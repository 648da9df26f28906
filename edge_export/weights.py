"""How a constant tensor is stored in a graph: full float32, half float16, or uint8 codes.

A weight keeps the precision its publisher stored, so that a graph is as small as its source and loses
nothing. All arithmetic stays float32: half and code weights are widened once, when a session loads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Rearrange = Callable[[npt.NDArray[np.generic]], npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True, eq=False)
class Full:
    """Stored and used as float32."""

    values: Float32

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes, whatever it is stored as."""
        return self.values.shape

    def floats(self) -> Float32:
        """The values that arithmetic sees."""
        return self.values

    def rearranged(self, by: Rearrange) -> Full:
        """The same weight with its axes rearranged."""
        return Full(np.ascontiguousarray(by(self.values)).astype(np.float32, copy=False))

    def scaled(self, gain: Float32) -> Full:
        """The weight times `gain`, one factor for each index of axis 0."""
        return Full(self.values * _along_axis_0(gain, self.values.ndim))

    def halved(self) -> Half:
        """The same weight rounded to float16."""
        return Half(self.values.astype(np.float16))


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """Stored as float16, used as float32."""

    values: npt.NDArray[np.float16]

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes, whatever it is stored as."""
        return self.values.shape

    def floats(self) -> Float32:
        """The values that arithmetic sees."""
        return self.values.astype(np.float32)

    def rearranged(self, by: Rearrange) -> Half:
        """The same weight with its axes rearranged."""
        return Half(np.ascontiguousarray(by(self.values)).astype(np.float16, copy=False))


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Stored as uint8, used as float32: value = (code - zero_point) * scale."""

    codes: npt.NDArray[np.uint8]
    scale: Float32
    """Shape () for one scale, or (n,) for one scale at each index of axis 0."""
    zero_point: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes, whatever it is stored as."""
        return self.codes.shape

    def floats(self) -> Float32:
        """The values that arithmetic sees."""
        centred = self.codes.astype(np.float32) - np.float32(self.zero_point)
        return centred * (_along_axis_0(self.scale, self.codes.ndim) if self.scale.ndim else self.scale)

    def rearranged(self, by: Rearrange) -> Codes:
        """The same weight with its axes rearranged; only for one scale, before `scaled`."""
        if self.scale.ndim:
            raise ValueError("rearrange a weight before giving it one scale per channel")
        codes = np.ascontiguousarray(by(self.codes)).astype(np.uint8, copy=False)
        return Codes(codes, self.scale, self.zero_point)

    def scaled(self, gain: Float32) -> Codes:
        """The weight times `gain`, one factor for each index of axis 0; the codes do not change."""
        return Codes(self.codes, (self.scale * gain).astype(np.float32), self.zero_point)


Weight = Full | Half | Codes


def _along_axis_0(vector: Float32, rank: int) -> Float32:
    return vector.reshape((-1,) + (1,) * (rank - 1))
