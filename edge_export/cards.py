"""A card for each browser model: what it is for, whose faces made it, what it cannot do."""

from __future__ import annotations

from edge_export.parity import Differences
from edge_export.recipes import OwnGraph, Recipe
from schemas.bundle_manifest import EdgeModel


def card(row: Recipe | OwnGraph, model: EdgeModel, differences: Differences) -> str:
    """The card of a finished graph as Markdown."""
    ports = [f"{name}: {shape}" for name, shape in {**model.inputs, **model.outputs}.items()]
    facts = [
        f"File: `{model.file}`, {model.bytes:,} bytes, SHA-256 `{model.sha256}`",
        f"Source: {model.package} {model.package_version}, `{model.source_file}`",
        f"Source SHA-256: `{model.source_sha256}`",
        f"Licence: {model.licence}",
        f"Inputs and outputs: {'; '.join(ports)}",
        *(_conversion(row, differences) if isinstance(row, Recipe) else []),
    ]
    sections = [
        f"# {model.role}",
        row.purpose,
        "\n".join(f"- {fact}" for fact in facts),
        "## Training data",
        row.training_data,
        "## Limits",
        row.limits,
    ]
    return "\n\n".join(sections) + "\n"


def _conversion(row: Recipe, differences: Differences) -> list[str]:
    measured = [
        f"{name} {difference:.1e} (tolerance {row.tolerance[name]:.0e})" for name, difference in differences.items()
    ]
    return [
        f"Weights stored as: {row.precision}, as in the source",
        f"Largest difference to the original runtime: {'; '.join(measured)}",
    ]
