"""Bundles on disk: found by their folder, named by their digest, read only when every byte is the expected one."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas import embedding
from schemas.bundle_manifest import BundleManifest, read_bundle
from schemas.embedding import ATTRIBUTES, COLOURS, Embedding, LikenessRecord, Look
from schemas.errors import BundleDamaged, BundleRefused
from schemas.scalars import digest

GRAPHS: Final = ("conditioner.onnx", "step.onnx", "decoder.onnx")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What can be drawn with. The graphs themselves are read by the child alone (``read_graphs``)."""

    manifest: BundleManifest
    digest: str
    """SHA-256 of bundle.json's bytes."""
    folder: Path


def find_bundle(folder: Path, licences: frozenset[str]) -> Bundle:
    """The bundle in ``folder`` by its manifest.

    Raises:
        BundleDamaged: no readable bundle.json.
        BundleRefused: its licence is not among ``licences``.
    """
    try:
        raw = (folder / "bundle.json").read_bytes()
    except OSError as error:
        raise BundleDamaged(f"bundle.json: {error.strerror}") from None
    manifest, name = read_bundle(raw)
    if manifest.licence not in licences:
        raise BundleRefused(f"the licence {manifest.licence!r} is not in LIKENESS_LICENCES")
    return Bundle(manifest=manifest, digest=name, folder=folder)


def read_graphs(bundle: Bundle) -> dict[str, bytes]:
    """The three graphs by file name; what is returned is what was compared, so nothing can change in between.

    Raises:
        BundleDamaged: a file is missing or has another length or digest than the manifest says.
    """
    graphs: dict[str, bytes] = {}
    for name in GRAPHS:
        fact = bundle.manifest.files[name]
        try:
            raw = (bundle.folder / name).read_bytes()
        except OSError as error:
            raise BundleDamaged(f"{name}: {error.strerror}") from None
        if len(raw) != fact.bytes or digest(raw) != fact.sha256:
            raise BundleDamaged(f"{name} differs from its digest")
        graphs[name] = raw
    return graphs


def require_runtime(manifest: BundleManifest, version: str, provider: str) -> None:
    """Return when this runtime may run the bundle.

    Raises:
        BundleRefused: onnxruntime is older than the bundle needs, or it was never checked on this provider.
    """
    if _numbers(version) < _numbers(manifest.min_onnxruntime):
        raise BundleRefused(f"the bundle needs onnxruntime {manifest.min_onnxruntime} or newer")
    if provider not in manifest.providers:
        raise BundleRefused(f"the bundle is not for {provider}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def decoy_record(manifest: BundleManifest) -> LikenessRecord:
    """A public record of nobody with every part the bundle knows: the parity vector's when there is one."""
    if manifest.parity:
        return embedding.decode(bytes.fromhex(manifest.parity[0].record))
    known = {*manifest.needed, *manifest.optional}
    nobody = Look(colours=(None,) * len(COLOURS), attributes=(0,) * len(ATTRIBUTES))
    values = bytes(embedding.EMBEDDING_LENGTH)
    return LikenessRecord(
        geometry=bytes(embedding.GEOMETRY_LENGTH) if "geometry" in known else None,
        look=nobody if "look" in known else None,
        embedding=Embedding(embedder=manifest.embedder, scale=1 / 128, values=values) if "embedding" in known else None,
    )
