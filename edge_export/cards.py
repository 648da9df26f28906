"""A card for each browser model: what it is for, whose faces made it, what it cannot do."""

from __future__ import annotations

from edge_export.parity import Differences
from edge_export.recipes import Recipe
from schemas.bundle_manifest import EdgeModel


def card(recipe: Recipe, model: EdgeModel, differences: Differences) -> str:
    """The card of a converted model as Markdown."""
    ports = [f"{name}: {shape}" for name, shape in {**model.inputs, **model.outputs}.items()]
    measured = [
        f"{name}: {difference:.1e} (tolerance {recipe.tolerance[name]:.0e})" for name, difference in differences.items()
    ]
    lines = [
        f"# {model.role}",
        "",
        recipe.purpose,
        "",
        f"- File: `{model.file}`, {model.bytes:,} bytes, SHA-256 `{model.sha256}`",
        f"- Source: {model.package} {model.package_version} ({recipe.package.client}), `{model.source_file}`",
        f"- Source SHA-256: `{model.source_sha256}`",
        f"- Licence: {model.licence}",
        f"- Weights stored as: {recipe.precision}, as in the source",
        f"- Input and outputs: {'; '.join(ports)}",
        f"- Largest difference to the original runtime: {'; '.join(measured)}",
        "",
        "## Training data",
        "",
        recipe.training_data,
        "",
        "## Limits",
        "",
        recipe.limits,
        "",
    ]
    return "\n".join(lines)
