"""The pinned source packages, where this machine has them."""

from pathlib import Path

import pytest

from edge_export import sources
from edge_export.export import Source
from edge_export.recipes import RECIPES, Package
from schemas.errors import SourceUnavailable

CACHE = Path(__file__).parents[3] / ".cache" / "edge"


def no_network(package: Package, _: Path) -> None:
    """A fetch that never delivers."""
    raise SourceUnavailable(package.name)


@pytest.fixture(scope="session")
def cache() -> Path:
    """A cache that holds every pinned archive."""
    try:
        for recipe in RECIPES:
            sources.archive(recipe.package, CACHE, no_network)
    except SourceUnavailable as error:
        pytest.skip(f"{error.detail} is not in .cache/edge: run `python -m edge_export edge` once, with network")
    return CACHE


@pytest.fixture(scope="session")
def real_sources(cache: Path) -> dict[str, Source]:
    """The source bytes of every recipe, by role."""
    return {r.role: sources.load(r, cache / r.package.archive) for r in RECIPES}
