"""Reader of TensorFlow Lite models: the parts of the flatbuffer that a float network needs.

Slot numbers are positions of fields in the public TFLite schema (version 3). The file's digest is checked
before it comes here, so a broken file is a mistake in a recipe and not an attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import flatbuffers
import numpy as np
import numpy.typing as npt
from flatbuffers import number_types
from flatbuffers.table import Table as FlatTable

from schemas.errors import ExportError, UnsupportedOperator

OPERATORS: Final = {
    0: "ADD",
    2: "CONCATENATION",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE",
    17: "MAX_POOL_2D",
    19: "RELU",
    22: "RESHAPE",
    34: "PAD",
    54: "PRELU",
}
_DTYPES: Final = {0: np.float32, 1: np.float16, 2: np.int32}
_FILE_IDENTIFIER: Final = b"TFL3"


class Table:
    """One flatbuffer table: fields by slot number, absent ones with their default."""

    def __init__(self, data: bytes, position: int) -> None:
        self._table = FlatTable(data, position)
        self._data = data

    def int8(self, slot: int, default: int = 0) -> int:
        """A byte field."""
        return self._scalar(slot, number_types.Int8Flags, default)

    def int32(self, slot: int, default: int = 0) -> int:
        """A 32-bit field."""
        return self._scalar(slot, number_types.Int32Flags, default)

    def table(self, slot: int) -> Table | None:
        """A table field, if present."""
        at = self._offset(slot)
        return Table(self._data, self._table.Indirect(at + self._table.Pos)) if at else None

    def tables(self, slot: int) -> list[Table]:
        """A vector of tables."""
        at = self._offset(slot)
        if not at:
            return []
        start, count = self._table.Vector(at), self._table.VectorLen(at)
        return [Table(self._data, self._table.Indirect(start + 4 * i)) for i in range(count)]

    def int32s(self, slot: int) -> tuple[int, ...]:
        """A vector of 32-bit integers."""
        return tuple(int(v) for v in self._vector(slot, np.dtype("<i4")))

    def octets(self, slot: int) -> bytes:
        """A vector of bytes."""
        return self._vector(slot, np.dtype(np.uint8)).tobytes()

    def text(self, slot: int) -> str:
        """A string field."""
        at = self._offset(slot)
        raw: bytes = self._table.String(at + self._table.Pos) if at else b""
        return raw.decode()

    def _offset(self, slot: int) -> int:
        return int(self._table.Offset(4 + 2 * slot))

    def _scalar(self, slot: int, flags: Any, default: int) -> int:
        at = self._offset(slot)
        return int(self._table.Get(flags, at + self._table.Pos)) if at else default

    def _vector(self, slot: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        at = self._offset(slot)
        if not at:
            return np.zeros(0, dtype)
        return np.frombuffer(self._data, dtype, self._table.VectorLen(at), self._table.Vector(at))


@dataclass(frozen=True, slots=True, eq=False)
class TfliteTensor:
    """One tensor: channels last, as TFLite has them."""

    name: str
    shape: tuple[int, ...]
    constant: npt.NDArray[Any] | None
    """Its values, if the file holds them."""


@dataclass(frozen=True, slots=True, eq=False)
class TfliteOperator:
    """One step of the network, in the order of execution."""

    kind: str
    inputs: tuple[int, ...]
    output: int
    options: Table | None


@dataclass(frozen=True, slots=True, eq=False)
class TfliteModel:
    """The first subgraph of a file."""

    tensors: tuple[TfliteTensor, ...]
    operators: tuple[TfliteOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(data: bytes) -> TfliteModel:
    """The network in a `.tflite` file.

    Raises:
        ExportError: not a TensorFlow Lite file.
        UnsupportedOperator: an operator or a constant of a kind that this reader does not know.
    """
    if data[4:8] != _FILE_IDENTIFIER:
        raise ExportError("not a TensorFlow Lite file")
    root = Table(data, flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0))
    # The operator code was a byte once; the later, wider field wins where it is larger.
    codes = [max(code.int8(0), code.int32(3)) for code in root.tables(1)]
    subgraph, buffers = root.tables(2)[0], root.tables(4)
    return TfliteModel(
        tensors=tuple(_tensor(table, buffers) for table in subgraph.tables(0)),
        operators=tuple(_operator(table, codes) for table in subgraph.tables(3)),
        inputs=subgraph.int32s(1),
        outputs=subgraph.int32s(2),
    )


def _tensor(table: Table, buffers: list[Table]) -> TfliteTensor:
    name, shape = table.text(3), table.int32s(0)
    raw = buffers[table.int32(2)].octets(0)
    if not raw:
        return TfliteTensor(name, shape, None)
    dtype = _DTYPES.get(table.int8(1))
    if dtype is None or table.table(6) is not None:  # slot 6: sparsity
        raise UnsupportedOperator(f"constant {name} of type {table.int8(1)}, or sparse")
    return TfliteTensor(name, shape, np.frombuffer(raw, np.dtype(dtype).newbyteorder("<")).reshape(shape))


def _operator(table: Table, codes: list[int]) -> TfliteOperator:
    code = codes[table.int32(0)]
    if code not in OPERATORS:
        raise UnsupportedOperator(f"TFLite operator {code}")
    outputs = table.int32s(2)
    return TfliteOperator(OPERATORS[code], table.int32s(1), outputs[0], table.table(4))
