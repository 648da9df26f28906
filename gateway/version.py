"""Which Likeness this is."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed() -> str:
    try:
        return version("likeness")
    except PackageNotFoundError:
        return "0+unpackaged"


VERSION: Final = _installed()
