"""The command ``likeness``. Nothing heavy is imported before it is known what is wanted."""

import argparse
import sys
from pathlib import Path

from gateway.version import VERSION
from schemas.errors import LikenessError

DESCRIPTION = """\
Portraits of yourself, without handing over a photo.

  likeness up        everything on this machine: nats-server, witness, gateway, worker
  likeness doctor    looks at this machine and says what is missing
  likeness verify    checks a consent or a receipt file, or says what mark a portrait carries
  likeness log check reads a whole transparency log as a stranger
"""
EPILOG = (
    "Settings are environment variables that begin with LIKENESS_; gateway/README.md and worker/README.md list them."
)

UP = """\
Starts a nats-server (on loopback, in memory), a witness, a gateway and one worker (for volunteers' pool: three, as
many as a browser chooses among), and prints the address to open.
Ctrl-C stops all of them. What stays is in LIKENESS_STATE: the keys, the log and what the witness saw of it; none of it
is about a person. With LIKENESS_POLICY, the witnesses are those that this file names, and none is started.
"""
GATEWAY = """\
Starts one gateway. It needs a nats-server (LIKENESS_NATS_URL) and the thumbprints of its workers (LIKENESS_WORKERS).
"""
WORKER = """\
Starts one worker. It needs a nats-server (LIKENESS_NATS_URL) and the thumbprint of its gateway's key
(LIKENESS_GATEWAY_KEY). What follows `worker` is passed on; `likeness worker --help` lists it.
"""
VERIFY = """\
A consent or a receipt file (from the page): follows every signature, every hash and every proof of the log, from your
consent to the worker's statement, and says what each step shows. A PNG: says whether it is marked as a generated
picture. Works offline and keeps nothing.
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
ROTATE = """\
Makes a new signing key for the gateway of this environment (LIKENESS_STATE or LIKENESS_KEY_FILE). It signs from the
next start on; the old key then verifies for one more day, unless it is dropped.
"""
COMPANY = """\
A company that wants its people's likeness records on its own workers alone makes a root key, vouches for each of its
workers with it, and gives its people a link that names the key. The gateway never has it.
"""
DOCTOR = """\
Looks at Python, Node.js, nats-server, swap, the kernel, bundles, browser models, the page, keys, witnesses and the
port. Exit status 1 when something must be put right first.
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
    verify.add_argument("file", type=Path, help="a consent or receipt file (.json) or a portrait (.png)")
    verify.add_argument("--policy", type=Path, metavar="FILE", help="the witness policy that the file must be under")
    witness = commands.add_parser("witness", help="one witness of transparency logs", description=WITNESS)
    witness.add_argument("--vkey", action="store_true", help="print the witness's verifier key and stop")
    _add_rotation(commands.add_parser("rotate-key", help="a new signing key for the gateway", description=ROTATE))
    _add_company(commands.add_parser("company", help="a company's root key", description=COMPANY))
    log = commands.add_parser("log", help="check a transparency log").add_subparsers(dest="action", required=True)
    check = log.add_parser("check", help="read a whole log as a stranger", description=LOG_CHECK)
    check.add_argument("url", metavar="URL", help="where the log is, such as https://likeness.example/log")
    check.add_argument(
        "--policy", type=Path, metavar="FILE", help="whom to believe (default: what the log says itself)"
    )
    check.add_argument("--kept", type=Path, metavar="FILE", help="where the checkpoint is kept between visits")
    commands.add_parser("doctor", help="what is missing on this machine", description=DOCTOR)
    return top


def _add_rotation(rotation: argparse.ArgumentParser) -> None:
    rotation.add_argument(
        "--drop-old", action="store_true", help="refuse the old key at once: somebody else may have it"
    )


def _add_company(company: argparse.ArgumentParser) -> None:
    actions = company.add_subparsers(dest="action", required=True)
    new = actions.add_parser("new", help="make a root key")
    new.add_argument("file", type=Path, help="where to keep it")
    endorse = actions.add_parser("endorse", help="vouch for a worker: prints what it names in LIKENESS_ENDORSEMENT")
    endorse.add_argument("file", type=Path, help="the root key")
    endorse.add_argument("worker", metavar="THUMBPRINT", help="the worker, as its log calls it at each start")
    endorse.add_argument("--days", type=int, default=30, help="for how long (default: 30, at most 90)")


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

            status = verify_file(given.file, given.policy)
        case "rotate-key":
            from gateway.cli_keys import rotate_key  # noqa: PLC0415

            status = rotate_key(drop_old=given.drop_old)
        case "company":
            from gateway import cli_keys  # noqa: PLC0415

            is_new = given.action == "new"
            status = (
                cli_keys.new_company(given.file)
                if is_new
                else cli_keys.endorse(given.file, given.worker, days=given.days)
            )
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
