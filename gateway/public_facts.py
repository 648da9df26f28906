"""What a gateway says in its log about itself: what it offers, and its own files (spec/transparency-log.md)."""

import asyncio
import logging
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

import msgspec

from gateway.catalogue import Catalogue
from gateway.log import Log
from gateway.site import Site
from gateway.version import VERSION
from schemas.errors import LogUnavailable
from schemas.log_leaf import PublicFact, public_entry
from schemas.scalars import digest

RETRY_SECONDS: Final = 5
PACKAGE: Final = "likeness"
RECORD: Final = "RECORD"

log = logging.getLogger("likeness.gateway")


def public_facts(catalogue: Catalogue, site: Site) -> Iterator[PublicFact]:
    """One fact for each bundle and its styles, the page, and the released package.

    A page that is not built and a program that runs from a checkout have no digest that anybody could compare, and no
    fact.
    """
    for name, manifest in catalogue.bundles.items():
        yield PublicFact(what="bundle", name=manifest.name, version=manifest.version, digest=name)
        # Sorted keys, no white space: as they stand in `GET /api/v1/facts`.
        styles = msgspec.json.encode(manifest.styles, order="sorted")
        yield PublicFact(what="styles", name=manifest.name, version=manifest.version, digest=digest(styles))
    listing = site.find("/build.json")
    if listing is not None:
        yield PublicFact(what="page", name="page", version=VERSION, digest=digest(listing.bodies["identity"]))
    record = released()
    if record is not None:
        yield PublicFact(what="wheel", name=PACKAGE, version=VERSION, digest=digest(record.encode()))


def released(package: str = PACKAGE) -> str | None:
    """The list of files with their digests (RECORD) of the installed ``package``; None in a checkout."""
    try:
        found: Distribution = distribution(package)
    except PackageNotFoundError:
        return None
    record = found.read_text(RECORD)
    # In a checkout the package is a pointer to it, and its list names none of our files.
    return record if record is not None and "gateway/app.py," in record else None


async def log_facts(facts: Iterator[PublicFact], into: Log) -> None:
    """Return when all ``facts`` stand in the log, however long it takes; each stands there once."""
    for fact in facts:
        while True:
            try:
                await into.append(public_entry(fact))
                break
            except LogUnavailable as error:
                log.warning("a public fact waits for the log: %s", error.detail)
                await asyncio.sleep(RETRY_SECONDS)
