"""The browser's models, made together: fetched, built, compared, and only then named.

Everything is built in a folder of its own inside the output folder. Files move to their final names after all
of them have passed, the manifest last, so that a refused build leaves the previous one as it was.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from edge_export import cards, export, manifest, parity, ruler, sources
from edge_export.parity import Differences
from edge_export.recipes import RECIPES, RULER, Origin, OwnGraph, Recipe
from schemas.bundle_manifest import EdgeModel


@dataclass(frozen=True, slots=True)
class Made:
    """One finished model, and how far it is from its original."""

    model: EdgeModel
    differences: Differences


def make(out: Path, cache: Path, fetch: sources.Fetch, *, quiet: bool = False) -> list[Made]:
    """Write every model, its card and `manifest.json` to `out`; returns what was made, in manifest order.

    Raises:
        SourceUnavailable, SourceDigestMismatch: a package could not be had as pinned.
        UnsupportedOperator: a source holds something that its reader does not know.
        ParityFailed: a graph is further from its original than its tolerance.
    """
    packages = list(dict.fromkeys(recipe.package for recipe in RECIPES))
    archives = {}
    with tqdm(packages, desc="sources", unit="package", disable=quiet) as bar:
        for package in bar:
            bar.set_postfix_str(f"{package.name} {package.version}")
            archives[package] = sources.archive(package, cache, fetch)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unverified-", dir=out) as folder:
        unverified = Path(folder)
        (unverified / "cards").mkdir()
        made = []
        with tqdm(RECIPES, desc="models", unit="model", disable=quiet) as bar:
            for recipe in bar:
                bar.set_postfix_str(recipe.role)
                made.append(_convert(recipe, archives[recipe.package], unverified))
        made.append(_write_ruler(unverified))
        (unverified / "manifest.json").write_bytes(manifest.to_bytes(one.model for one in made))
        _publish(unverified, out, made)
    return made


def _convert(recipe: Recipe, archive: Path, folder: Path) -> Made:
    model = export.to_bytes(export.build(recipe, sources.load(recipe, archive)))
    path = folder / recipe.file
    path.write_bytes(model)
    differences = parity.measure_in_a_fresh_process(path, recipe.role)
    parity.require(recipe, differences)
    return _with_card(recipe, manifest.entry(recipe, recipe.origin, model), differences, folder)


def _write_ruler(folder: Path) -> Made:
    # The ruler has no original runtime to agree with; its tests compare it with numpy.
    model = export.to_bytes(ruler.build())
    (folder / RULER.file).write_bytes(model)
    origin = Origin(
        package="likeness",
        version=RULER.version,
        file=f"edge_export/{ruler.TABLE.name}",
        sha256=hashlib.sha256(ruler.TABLE.read_bytes()).hexdigest(),
        licence=RULER.licence,
    )
    return _with_card(RULER, manifest.entry(RULER, origin, model), {}, folder)


def _with_card(row: Recipe | OwnGraph, model: EdgeModel, differences: Differences, folder: Path) -> Made:
    (folder / "cards" / f"{row.role}.md").write_text(cards.card(row, model, differences), encoding="utf-8")
    return Made(model, differences)


def _publish(unverified: Path, out: Path, made: list[Made]) -> None:
    (out / "cards").mkdir(exist_ok=True)
    names = [one.model.file for one in made] + [f"cards/{one.model.role}.md" for one in made]
    for name in [*names, "manifest.json"]:  # the manifest last: it promises the others
        (unverified / name).replace(out / name)
