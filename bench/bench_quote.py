"""What does a TPM quote add to a claim: to make one, to check one, and in bytes?

The TPM is swtpm, so the time is that of two processes of tpm2-tools and of arithmetic on this machine; a chip takes
longer for the arithmetic. The peer of a check is opening the claim itself, an Ed25519 signature with its statement.
"""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Final

from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.machine import ROOT
from bench.notebook import Notebook
from bench.rounds import Samples, race
from schemas import canonical, signing
from schemas.attestation import AttestationKey, Quote, check_quote, quote_binding
from schemas.scalars import to_b64u
from schemas.worker_key import Claim
from tests import swtpm
from tests.statements import SOFTWARE, World, seed
from worker.attest import Tpm

ROUNDS: Final = 40
WEB: Final = ROOT / "gateway" / "web"


def bench_quote(benchmark: BenchmarkFixture, notebook: Notebook, tmp_path: Path) -> None:
    world = World()
    jws, identity = world.claim_jws(), world.worker.public_key()
    binding = quote_binding(world.hpke().public, seed("offer"))
    state, folder = tmp_path / "tpm", tmp_path / "worker"
    state.mkdir()
    folder.mkdir()
    with swtpm.running(state) as tcti, asyncio.Runner() as runner:
        tpm = Tpm(tcti, folder)
        key = runner.run(tpm.make_key())
        runner.run(tpm.measure(SOFTWARE))
        quote = runner.run(tpm.quote(binding))
        contenders = {
            "make": lambda: runner.run(tpm.quote(binding)),
            "check": lambda: check_quote(quote, key, binding=binding, software=SOFTWARE),
            "open": lambda: signing.open_signed(Claim, jws, identity),
        }
        samples = race(benchmark, contenders, rounds=ROUNDS)
    in_node = _race_in_node(tmp_path, quote, key, binding)
    notebook.versions = machine.versions("cryptography") | {
        "swtpm": machine.program_version("swtpm", "--version"),
        "tpm2-tools": machine.program_version("tpm2", "--version"),
        "node": machine.program_version("node", "--version"),
    }
    notebook.row("make a quote, checked by its maker, swtpm", "ms", samples["make"])
    peer = "opening the claim"
    notebook.row("check a quote, Python", "µs", samples["check"], peer=peer, against=samples["open"])
    notebook.row("check a quote, Node", "µs", in_node["check"], peer=peer, against=in_node["open"])
    sizes = [len(canonical.encode(statement)) for statement in (quote, world.claim())]
    notebook.note(f"A quote is {sizes[0]} bytes of JSON; a claim without one is {sizes[1]}.")
    notebook.note("Not measured: a TPM that is a chip, or part of a processor.")


def _race_in_node(folder: Path, quote: Quote, key: AttestationKey, binding: bytes) -> Samples:
    """The rounds of quote_node.mjs, which esbuild makes one file with the page's own protocol."""
    made = folder / "quote_node.mjs"
    subprocess.run(
        [
            str(WEB / "node_modules/.bin/esbuild"),
            str(Path(__file__).with_name("quote_node.mjs")),
            *("--bundle", "--format=esm", "--platform=node", "--log-level=warning", f"--outfile={made}"),
        ],
        env=os.environ | {"NODE_PATH": str(WEB / "node_modules")},
        check=True,
    )
    world = World()
    given = {
        "rounds": ROUNDS,
        "quote": {"message": quote.message, "signature": quote.signature},
        "key": {"key": key.key, "root": key.root},
        "binding": to_b64u(binding),
        "software": SOFTWARE,
        "claim": world.claim_jws(),
        "identity": to_b64u(world.worker.public_key().public_bytes_raw()),
    }
    done = subprocess.run(["node", str(made)], input=json.dumps(given), capture_output=True, text=True, check=True)
    samples: Samples = json.loads(done.stdout)
    return samples
