"""What a bundle and the browser's models say of themselves (spec/bundle.md).

Manifests are pinned by the SHA-256 of their file's bytes and are never re-encoded by a verifier, so, unlike
statements, they may hold fractions.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.errors import BundleDamaged
from schemas.scalars import Digest, Name, Part, Seed, Text, Title, digest

MAX_MANIFEST_BYTES = 1024 * 1024


class Style(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the closed catalogue; its index in the manifest is the graph's ``style`` input."""

    id: Name
    title: Title
    background: Name
    attire: Name
    light: Name
    framing: Name


class FileFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the bundle."""

    sha256: Digest
    bytes: Annotated[int, Meta(ge=1)]


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sampler as a table: one row of nine floats [t, c_in, g, kx, ke, A, B, C, D] a step."""

    init_sigma: float
    rows: Annotated[list[Annotated[list[float], Meta(min_length=9, max_length=9)]], Meta(min_length=1, max_length=200)]


class ParityVector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public record and the image it must give, so that a worker can check itself when it starts."""

    record: Annotated[str, Meta(pattern="^([0-9a-f]{2})+$", max_length=512)]
    style: Name
    seed: Seed
    provider: Title
    image_mean: Annotated[list[float], Meta(min_length=192, max_length=192)]
    """Means of the image over an 8 x 8 grid, RGB, row by row, 0..255."""
    tolerance: Annotated[float, Meta(gt=0, le=8)]
    """Largest allowed difference of any of these means."""


class BundleManifest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/bundle/v1",
):
    """``bundle.json``: everything a worker needs to know beside the three graphs."""

    name: Name
    version: Annotated[str, Meta(pattern=r"^\d+\.\d+\.\d+$", max_length=20)]
    title: Title
    licence: Title
    model_card: Literal["MODEL_CARD.md"]
    needed: list[Part]
    """Record parts without which the bundle draws nobody."""
    optional: list[Part]
    ruler: Annotated[int, Meta(ge=0, le=255)]
    embedder: Annotated[int, Meta(ge=0, le=255)]
    latent_shape: Annotated[list[int], Meta(min_length=3, max_length=3)]
    """(C, h, w) of one latent."""
    image_width: Annotated[int, Meta(ge=64, le=4096)]
    image_height: Annotated[int, Meta(ge=64, le=4096)]
    schedules: dict[str, Schedule]
    default_schedule: str
    styles: Annotated[list[Style], Meta(min_length=1, max_length=64)]
    precision: Title
    providers: list[str]
    min_onnxruntime: str
    files: dict[str, FileFact]
    """By file name: conditioner.onnx, step.onnx, decoder.onnx."""
    parity: list[ParityVector]


class EdgeModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of the browser."""

    role: Literal["detect", "mesh", "embed", "age", "ruler"]
    file: Annotated[str, Meta(pattern="^[a-z0-9.-]+$", max_length=80)]
    sha256: Digest
    bytes: Annotated[int, Meta(ge=1)]
    package: Title
    """The package that ships the weights, or ``likeness`` for our own."""
    package_version: Title
    source_file: Annotated[str, Meta(max_length=200)]
    source_sha256: Digest | None
    licence: Title
    training_data: Text
    inputs: dict[str, str]
    """Name -> type and shape, e.g. ``uint8[128,128,4]``."""
    outputs: dict[str, str]


class EdgeManifest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/edge/v1",
):
    """``manifest.json`` of the browser's models."""

    models: Annotated[list[EdgeModel], Meta(min_length=1, max_length=16)]


def read_bundle(raw: bytes) -> tuple[BundleManifest, str]:
    """The manifest in ``raw`` and the bundle's digest, which is SHA-256 of exactly these bytes.

    Raises:
        BundleDamaged: not a manifest, or one that contradicts itself.
    """
    if len(raw) > MAX_MANIFEST_BYTES:
        raise BundleDamaged
    try:
        manifest = msgspec.json.decode(raw, type=BundleManifest, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BundleDamaged("bundle.json is not a manifest") from error
    ids = [style.id for style in manifest.styles]
    if len(set(ids)) != len(ids) or manifest.default_schedule not in manifest.schedules:
        raise BundleDamaged("bundle.json contradicts itself")
    if set(manifest.files) != {"conditioner.onnx", "step.onnx", "decoder.onnx"}:
        raise BundleDamaged("a bundle has exactly three graphs")
    if not manifest.needed or set(manifest.needed) & set(manifest.optional):
        raise BundleDamaged("bundle.json contradicts itself about record parts")
    return manifest, digest(raw)
