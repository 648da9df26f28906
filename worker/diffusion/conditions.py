"""A likeness record and a style as the arrays that a conditioner may ask for. Each face is described here only."""

from typing import Final

import numpy as np

from schemas.embedding import ATTRIBUTE_BYTES, COLOURS, EMBEDDING_LENGTH, GEOMETRY_LENGTH, LikenessRecord
from worker.diffusion.sessions import Array

GEOMETRY_STEP: Final = 32
"""int8 codes a standard deviation (spec/encoding.md section 6)."""
COLOUR_STEP: Final = 64
"""int8 codes a unit of the conditioner's colour input."""


def condition(record: LikenessRecord, style: int) -> dict[str, Array]:
    """All inputs that a conditioner may declare, batch 1, zeros where a part was not given.

    ``style`` is the index in the bundle's catalogue. The caller overwrites the arrays after use; all is computed in
    them, because numpy keeps small arrays that were freed, as they were.
    """
    geometry = np.zeros((1, GEOMETRY_LENGTH), np.float32)  # z-scores
    colours = np.zeros((1, len(COLOURS), 3), np.float32)
    colours_given = np.zeros((1, len(COLOURS)), np.float32)
    attributes = np.zeros((1, ATTRIBUTE_BYTES), np.int64)
    embedding = np.zeros((1, EMBEDDING_LENGTH), np.float32)  # the net's raw output
    if record.geometry is not None:
        geometry[0] = np.frombuffer(record.geometry, np.int8)
        geometry /= GEOMETRY_STEP
    if record.look is not None:
        for i, colour in enumerate(record.look.colours):
            if colour is not None:
                colours[0, i] = colour
                colours_given[0, i] = 1
        colours /= COLOUR_STEP
        attributes[0, : len(record.look.attributes)] = record.look.attributes
    if record.embedding is not None:
        embedding[0] = np.frombuffer(record.embedding.values, np.int8)
        embedding *= np.float32(record.embedding.scale)
    return {
        "geometry": geometry,
        "geometry_given": np.full((1, 1), record.geometry is not None, np.float32),
        "colours": colours,
        "colours_given": colours_given,
        "attributes": attributes,
        "embedding": embedding,
        "embedding_given": np.full((1, 1), record.embedding is not None, np.float32),
        "style": np.full((1,), style, np.int64),
    }
