"""The command ``likeness``. Nothing heavy is imported before it is known what is wanted."""

import argparse
import sys
from pathlib import Path

from gateway.version import VERSION
from schemas.errors import LikenessError

DESCRIPTION = """\
Portraits of yourself, without handing over a photo.

  likeness up        everything on this machine: nats-server, gateway, one worker
  likeness doctor    looks at this machine and says what is missing
  likeness verify    checks a receipt file, or says what mark a portrait carries
"""
EPILOG = (
    "Settings are environment variables that begin with LIKENESS_; gateway/README.md and worker/README.md list them."
)

UP = """\
Starts a nats-server (on loopback, in memory), a gateway and one worker, and prints the address to open. Ctrl-C stops
all of them. Nothing is left behind but the gateway's signing key (LIKENESS_STATE).
"""
GATEWAY = """\
Starts one gateway. It needs a nats-server (LIKENESS_NATS_URL) and the thumbprints of its workers (LIKENESS_WORKERS).
"""
WORKER = """\
Starts one worker. It needs a nats-server (LIKENESS_NATS_URL) and the thumbprint of its gateway's key
(LIKENESS_GATEWAY_KEY). What follows `worker` is passed on; `likeness worker --help` lists it.
"""
VERIFY = """\
A receipt file (from the page, after a job): follows every signature and every hash from your consent to the worker's
statement, and says what each step shows. A PNG: says whether it is marked as a generated picture. Works offline and
keeps nothing.
"""
WITNESS = """\
Starts a witness of transparency logs (C2SP tlog-witness). It cosigns a log's checkpoints as long as each continues all
that it saw of that log before. LIKENESS_WITNESS_LOGS names the file with the verifier keys of the logs to watch. Run it
on another machine than the gateway's, and under somebody else's hand: that is what it is worth.
"""
LOG_CHECK = """\
Reads the whole log at URL (a gateway's is at its address, /log) as anybody can: checks its signature and its witnesses,
hashes every entry again, compares every tile, and lists the public facts. With --kept, the checkpoint of this visit is
kept, and the log must have grown from the one of your last. Exit status 1 when something does not hold.
"""
DOCTOR = """\
Looks at Python, Node.js, nats-server, swap, bundles, browser models, the page, the key and the port. Exit status 1 when
something must be put right first.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="likeness",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"likeness {VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="everything on this machine", description=UP)
    up.add_argument("--port", type=int, help="port of the page (default: LIKENESS_PORT, else 8000; 0: any free one)")
    up.add_argument("--i-accept-swap", action="store_true", help="start the worker although swap is on")
    commands.add_parser("gateway", help="one gateway", description=GATEWAY)
    commands.add_parser("worker", help="one worker", description=WORKER, add_help=False)
    verify = commands.add_parser("verify", help="check a receipt file or a portrait", description=VERIFY)
    verify.add_argument("file", type=Path, help="a receipt file (.json) or a portrait (.png)")
    witness = commands.add_parser("witness", help="one witness of transparency logs", description=WITNESS)
    witness.add_argument("--vkey", action="store_true", help="print the witness's verifier key and stop")
    log = commands.add_parser("log", help="check a transparency log").add_subparsers(dest="action", required=True)
    check = log.add_parser("check", help="read a whole log as a stranger", description=LOG_CHECK)
    check.add_argument("url", metavar="URL", help="where the log is, such as https://likeness.example/log")
    check.add_argument(
        "--policy", type=Path, metavar="FILE", help="whom to believe (default: what the log says itself)"
    )
    check.add_argument("--kept", type=Path, metavar="FILE", help="where the checkpoint is kept between visits")
    commands.add_parser("doctor", help="what is missing on this machine", description=DOCTOR)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    given, rest = parser().parse_known_args(arguments)
    if rest and given.command != "worker":
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return _run(given, rest)
    except LikenessError as error:
        print(f"likeness: {error.detail} ({error.code})", file=sys.stderr)
        return 1


def _run(given: argparse.Namespace, rest: list[str]) -> int:
    # Each command imports what it needs when it runs: `likeness verify` must not wait for a web framework.
    match given.command:
        case "up":
            from gateway.cli_up import run_up  # noqa: PLC0415

            status = run_up(port=given.port, accept_swap=given.i_accept_swap)
        case "gateway":
            from gateway.__main__ import main as serve  # noqa: PLC0415

            status = serve()
        case "worker":
            from gateway.cli_up import become_worker  # noqa: PLC0415

            status = become_worker(rest)
        case "verify":
            from gateway.cli_verify import verify_file  # noqa: PLC0415

            status = verify_file(given.file)
        case "witness":
            from gateway.cli_witness import run_witness  # noqa: PLC0415

            status = run_witness(vkey_only=given.vkey)
        case "log":
            from gateway.cli_log import check_log  # noqa: PLC0415

            status = check_log(given.url, given.policy, given.kept)
        case "doctor":
            from gateway.cli_doctor import run_doctor  # noqa: PLC0415

            status = run_doctor()
        case _:
            raise AssertionError(given.command)
    return status


if __name__ == "__main__":
    sys.exit(main())
