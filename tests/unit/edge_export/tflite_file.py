"""A writer of tiny TensorFlow Lite files, for the reader's tests: as many fields as a float network has."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import flatbuffers
import numpy as np
import numpy.typing as npt

TYPES = {"float32": 0, "float16": 1, "int32": 2, "int64": 4}


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor, constant if it has values."""

    name: str
    shape: tuple[int, ...]
    values: npt.NDArray[np.generic] | None = None


@dataclass(frozen=True, eq=False)
class Operator:
    """One step, by its number in the TFLite schema."""

    code: int
    inputs: tuple[int, ...]
    output: int
    options: dict[int, int] | None = field(default_factory=dict)
    """By slot number, as 32-bit integers but for `byte_slots`."""
    byte_slots: tuple[int, ...] = (0,)


def write(tensors: Sequence[Tensor], operators: Sequence[Operator], inputs: list[int], outputs: list[int]) -> bytes:
    """The bytes of a model with one subgraph."""
    builder = flatbuffers.Builder(0)
    codes = sorted({operator.code for operator in operators})
    buffers = [_table(builder, {})]  # buffer 0 is empty by convention
    described = []
    for tensor in tensors:
        where = 0
        if tensor.values is not None:
            data = builder.CreateByteVector(tensor.values.tobytes())
            where = len(buffers)
            buffers.append(_table(builder, {0: ("offset", data)}))
        dtype = "float32" if tensor.values is None else tensor.values.dtype.name
        fields = {
            0: ("offset", _int32s(builder, tensor.shape)),
            1: ("byte", TYPES[dtype]),
            2: ("int", where),
            3: ("offset", builder.CreateString(tensor.name)),
        }
        described.append(_table(builder, fields))
    steps = [_operator(builder, operator, codes) for operator in operators]
    subgraph = _table(
        builder,
        {
            0: ("offset", _offsets(builder, described)),
            1: ("offset", _int32s(builder, inputs)),
            2: ("offset", _int32s(builder, outputs)),
            3: ("offset", _offsets(builder, steps)),
        },
    )
    code_tables = [_table(builder, {0: ("byte", min(code, 127)), 3: ("int", code)}) for code in codes]
    root = {
        0: ("int", 3),
        1: ("offset", _offsets(builder, code_tables)),
        2: ("offset", _offsets(builder, [subgraph])),
        4: ("offset", _offsets(builder, buffers)),
    }
    builder.Finish(_table(builder, root), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _operator(builder: flatbuffers.Builder, operator: Operator, codes: list[int]) -> int:
    fields = {
        0: ("int", codes.index(operator.code)),
        1: ("offset", _int32s(builder, operator.inputs)),
        2: ("offset", _int32s(builder, [operator.output])),
    }
    if operator.options is not None:
        typed = {
            slot: ("byte" if slot in operator.byte_slots else "int", value) for slot, value in operator.options.items()
        }
        fields[4] = ("offset", _table(builder, typed))
    return _table(builder, fields)


def _table(builder: flatbuffers.Builder, fields: dict[int, tuple[str, int]]) -> int:
    builder.StartObject(max(fields, default=0) + 1)
    for slot, (kind, value) in fields.items():
        if kind == "offset":
            builder.PrependUOffsetTRelativeSlot(slot, value, 0)
        elif kind == "byte":
            builder.PrependInt8Slot(slot, value, 0)
        else:
            builder.PrependInt32Slot(slot, value, 0)
    end: int = builder.EndObject()
    return end


def _int32s(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    end: int = builder.CreateNumpyVector(np.array(values, np.int32))
    return end


def _offsets(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    end: int = builder.EndVector()
    return end
