"""``python -m worker``: a worker, until it is told to stop (SIGINT or SIGTERM)."""

import argparse
import asyncio
import dataclasses
import logging
import os
import signal
import sys

from schemas.errors import LikenessError
from worker import settings as settings_module
from worker.identity import identity_key
from worker.settings import Settings
from worker.supervisor import supervise

EPILOG = "Settings are environment variables that begin with LIKENESS_; worker/README.md lists them."


def main() -> int:
    """Serve, or check; the exit status."""
    parser = argparse.ArgumentParser(prog="worker", description="Draws portraits for one gateway.", epilog=EPILOG)
    parser.add_argument(
        "--i-accept-swap", action="store_true", help="start although memory can reach a disk by way of swap"
    )
    parser.add_argument("--check", action="store_true", help="load the bundles, compare their parity vectors, and exit")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker: %(message)s", stream=sys.stderr)
    try:
        settings = settings_module.read(os.environ)
        if given.i_accept_swap:
            settings = dataclasses.replace(settings, accept_swap=True)
        if given.check:
            _check(settings)
        else:
            asyncio.run(_serve(settings))
    except LikenessError as error:
        sys.stderr.write(f"worker: {error.code}: {error.detail}\n")
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await supervise(settings, identity_key(settings.worker_key_file), stopping)


def _check(settings: Settings) -> None:
    # Only here: the process that serves has no use for numpy and onnxruntime, and is a third of the size without them.
    from worker.check import check  # noqa: PLC0415

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    check(settings, say)


if __name__ == "__main__":
    sys.exit(main())
