"""A face that was never seen before, and all that a worker makes of it: what to look for after a job."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from schemas import embedding
from schemas.embedding import ATTRIBUTES, COLOURS, Embedding, LikenessRecord, Look
from tests import tiny_bundle
from tests.forensics.windows import Windows, joined, of_bytes, of_numbers, of_tensor
from worker import models
from worker.diffusion.conditions import condition
from worker.diffusion.decode import decode
from worker.diffusion.portrait import SEEDS, Studio, open_studio
from worker.diffusion.sampler import denoise
from worker.diffusion.sessions import Array, Graph
from worker.marking import emit_image

PNG_HEAD_BYTES: Final = 1024
"""The mark and other words that every image of ours begins with."""


def random_record(rng: np.random.Generator) -> LikenessRecord:
    """A record with all parts, of nobody."""
    colours = tuple((int(a), int(b), int(c)) for a, b, c in rng.integers(-90, 91, (len(COLOURS), 3)))
    attributes = tuple(int(rng.integers(1, len(names) + 1)) for names in ATTRIBUTES.values())
    return LikenessRecord(
        geometry=rng.integers(-96, 97, embedding.GEOMETRY_LENGTH, dtype=np.int8).tobytes(),
        look=Look(colours=colours, attributes=attributes),
        embedding=embedding.quantise(rng.standard_normal(embedding.EMBEDDING_LENGTH).tolist()),
    )


@dataclass(frozen=True)
class Face:
    """A record and a seed."""

    record: LikenessRecord = field(repr=False)
    seed: int

    @classmethod
    def of_nobody(cls, number: int) -> "Face":
        """The face of that number: the same each time, and of nobody."""
        rng = np.random.default_rng((0xFACE, number))
        return cls(record=random_record(rng), seed=int(rng.integers(1 << 16, 1 << 31)))

    @property
    def raw(self) -> bytes:
        """The record on the wire."""
        return embedding.encode(self.record)

    def windows(self) -> Windows:
        """Windows of the record and of each part, as bytes and as numbers."""
        conditions = condition(self.record, 0)
        codes = self._embedding.values
        vector = conditions["embedding"].astype(np.float32)
        look = self.raw[embedding.HEADER_BYTES + embedding.GEOMETRY_LENGTH :][: embedding.LOOK_BYTES]
        return joined(
            (
                of_bytes("record", self.raw),
                of_bytes("embedding int8", codes),
                of_numbers("embedding", vector),
                of_numbers("embedding, normalised", vector / np.linalg.norm(vector)),
                of_numbers("embedding codes", np.frombuffer(codes, np.int8).astype(np.float32)),
                of_bytes("geometry int8", self.record.geometry or b""),
                of_numbers("geometry", conditions["geometry"]),
                of_bytes("look int8", look),
                of_numbers("look", conditions["colours"]),
            )
        )

    @property
    def _embedding(self) -> Embedding:
        assert self.record.embedding is not None
        return self.record.embedding


@dataclass(frozen=True)
class Derived:
    """What a worker makes of a face on its way to one image."""

    context: npt.NDArray[np.float32] = field(repr=False)
    """The conditioner's output for this face: identity tokens."""
    latents: list[npt.NDArray[np.float32]] = field(repr=False)
    """After each step."""
    floats: npt.NDArray[np.float32] = field(repr=False)
    """(3, H, W), 0 to 255, inside the decoder."""
    pixels: npt.NDArray[np.uint8] = field(repr=False)
    png: bytes = field(repr=False)

    def windows(self) -> Windows:
        """Windows of all of it."""
        return joined(
            (
                of_numbers("identity tokens", self.context),
                *(of_tensor("latents", "f32", latents.tobytes()) for latents in self.latents),
                of_numbers("last latents", self.latents[-1]),
                of_tensor("image rows", "f32", self.floats.tobytes(), 48),
                of_tensor("image rows", "rgb", self.pixels.tobytes(), 96),
                of_tensor("image rows", "planes", np.moveaxis(self.pixels, -1, 0).tobytes(), 48),
                of_bytes("png", self.png[PNG_HEAD_BYTES : PNG_HEAD_BYTES + 256]),
                of_tensor("png", "raw", self.png[PNG_HEAD_BYTES:-64], 96),
            )
        )


def derive(face: Face, bundle: Path) -> Derived:
    """What the worker's own code makes of ``face`` with the first style of ``bundle``."""
    found = models.find_bundle(bundle, frozenset({tiny_bundle.LICENCE}))
    graphs = models.read_graphs(found)
    studio = open_studio(found.manifest, graphs, provider="cpu", threads=1)
    rng = np.random.Generator(np.random.Philox(face.seed % SEEDS))
    conditions = condition(face.record, 0)
    context = studio.conditioner.output("context")
    studio.conditioner.run(conditions, {"context": context})
    x = rng.standard_normal((1, *studio.manifest.latent_shape), dtype=np.float32) * np.float32(studio.steps.init_sigma)
    latents = [x.copy() for _ in denoise(studio.step, x, context, studio.steps, rng)]
    pixels = decode(studio.decoder, x, height=studio.manifest.image_height, width=studio.manifest.image_width)
    return Derived(
        context=context[1].astype(np.float32),
        latents=latents,
        floats=_floats(studio, graphs["decoder.onnx"], x),
        pixels=pixels,
        png=emit_image(pixels),
    )


def _floats(studio: Studio, decoder: bytes, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The image inside the decoder, before it became bytes."""
    model = onnx.load_from_string(decoder)
    shape = [1, 3, studio.manifest.image_height, studio.manifest.image_width]
    model.graph.output.append(helper.make_tensor_value_info("clipped", TensorProto.FLOAT, shape))
    graph = Graph(bytes(model.SerializeToString()), provider="cpu", threads=1)
    outputs: dict[str, Array] = {name: graph.output(name) for name in ("image", "clipped")}
    graph.run({"latents": x}, outputs)
    return np.asarray(outputs["clipped"][0], np.float32)
