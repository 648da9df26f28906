"""What this gateway offers: the notice in force and the bundles, read from their files once."""

from dataclasses import dataclass
from pathlib import Path

from schemas.bundle_manifest import BundleManifest, read_bundle
from schemas.errors import BundleDamaged
from schemas.facts import BundleFact, Notice
from schemas.scalars import digest

NOTICE_FILE = Path(__file__).parent / "notices" / "en.md"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The notice and the bundles, by digest."""

    notice: Notice
    bundles: dict[str, BundleManifest]

    def styles(self, bundle: str) -> frozenset[str]:
        """Ids of the styles of ``bundle``, which must be on offer."""
        return frozenset(style.id for style in self.bundles[bundle].styles)


def read_catalogue(bundle_paths: tuple[Path, ...], notice_file: Path = NOTICE_FILE) -> Catalogue:
    """The catalogue of these bundles (folders, or their manifest files).

    Raises:
        BundleDamaged: a manifest is missing or contradicts itself.
    """
    text = notice_file.read_text(encoding="utf-8")
    bundles: dict[str, BundleManifest] = {}
    for path in bundle_paths:
        file = path / "bundle.json" if path.is_dir() else path
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise BundleDamaged(f"the manifest of bundle {path.name} cannot be read") from error
        manifest, name = read_bundle(raw)
        bundles[name] = manifest
    return Catalogue(notice=Notice(digest=digest(text.encode()), text=text), bundles=bundles)


def bundle_fact(name: str, manifest: BundleManifest) -> BundleFact:
    """What the page needs to know of the bundle with digest ``name``."""
    return BundleFact(
        digest=name,
        name=manifest.name,
        version=manifest.version,
        title=manifest.title,
        licence=manifest.licence,
        needed=manifest.needed,
        optional=manifest.optional,
        embedder=manifest.embedder,
        image_width=manifest.image_width,
        image_height=manifest.image_height,
        styles=manifest.styles,
    )
