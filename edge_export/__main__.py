"""`python -m edge_export`: the foundry's command line."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from edge_export import edge, sources
from schemas.errors import ExportError

_EDGE_TEXT = """\
Make the models that run in the browser: face detector, face mesh, ruler, face embedder and age gate.

Source packages are fetched once with npm and pip as they are configured on this machine, compared with
pinned SHA-256 digests and kept in the cache; later runs need no network. Each graph is compared with stored
answers of the runtime it came from, in a fresh process, and gets its name only if it is within tolerance.
"""

_EDGE_AFTER = """\
Written to the output folder: <role>.onnx, cards/<role>.md and manifest.json. The same sources give the same
bytes. A refusal prints one line, `code: reason`, leaves the previous models as they were, and exits with 1.
"""


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_export",
        description="The foundry: published model weights in, checked ONNX graphs out.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    edge_parser = commands.add_parser(
        "edge",
        help="make the browser's models and their manifest",
        description=_EDGE_TEXT,
        epilog=_EDGE_AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    edge_parser.add_argument("--out", type=Path, default=Path(".build/edge"), help="default: %(default)s")
    edge_parser.add_argument("--cache", type=Path, default=Path(".cache/edge"), help="default: %(default)s")
    edge_parser.add_argument("--quiet", action="store_true", help="no progress bars")
    edge_parser.set_defaults(run=_edge)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except ExportError as error:
        sys.exit(f"{error.code}: {error.detail}")


def _edge(arguments: argparse.Namespace) -> None:
    started = time.monotonic()
    made = edge.make(arguments.out, arguments.cache, sources.download, quiet=arguments.quiet)
    for one in made:
        measured = ", ".join(f"{name} {difference:.1e}" for name, difference in one.differences.items())
        facts = f"{one.model.role:<7} {one.model.bytes:>9,} bytes  sha256 {one.model.sha256}"
        print(f"{facts}  off by {measured}" if measured else facts)
    print(f"{len(made)} models in {arguments.out}, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
