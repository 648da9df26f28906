"""What does it cost to mint and to verify one consent token?

The peer is joserfc, a JOSE library we did not write, with the same key and payload. Ours does more in the same call:
it decodes strictly, encodes again and compares (spec/encoding.md), and checks the token's times.
"""

import json
from pathlib import Path
from typing import Any, Final

import joserfc.jws
import msgspec
from joserfc.jwk import OKPKey
from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.notebook import Notebook
from bench.rounds import Contender, race
from gateway.catalogue import read_catalogue
from gateway.issuing import Terms, issue
from schemas import consent, signing
from schemas.facts import Limits
from schemas.scalars import to_b64u
from tests.statements import NOW, World, seed
from tests.unit.gateway.parts import write_manifest

ROUNDS: Final = 40
CALLS: Final = 20
PEER: Final = "joserfc"
ALGORITHMS: Final = ["Ed25519"]


def bench_token(benchmark: BenchmarkFixture, notebook: Notebook, tmp_path: Path) -> None:
    samples = race(benchmark, _ours() | _theirs() | _whole_decision(tmp_path), rounds=ROUNDS, calls=CALLS)
    notebook.versions = machine.versions("cryptography", "msgspec", "joserfc")
    notebook.row("mint a token", "µs", samples["mint"], peer=PEER, against=samples["mint, joserfc"])
    notebook.row("verify a token", "µs", samples["verify"], peer=PEER, against=samples["verify, joserfc"])
    notebook.row("from a grant to its token: the gateway's whole decision", "µs", samples["issue"])
    notebook.note(
        "Not measured: remembering the grant and the token's counters in NATS, which bench_relay.py includes."
    )


def _ours() -> dict[str, Contender]:
    world = World()
    token, jws, public = world.token(), world.token_jws(), world.gateway.public_key()
    return {
        "mint": lambda: signing.sign(token, world.gateway),
        "verify": lambda: consent.open_token(jws, gateway=(public,), now=NOW),
    }


def _theirs() -> dict[str, Contender]:
    """The same statement by joserfc; what it reads are plain dictionaries."""
    world = World()
    claims: dict[str, Any] = msgspec.to_builtins(world.token())
    public = world.gateway.public_key()
    header = {
        "alg": "Ed25519",
        "kid": signing.thumbprint(public),
        "typ": signing.typ_of(consent.ConsentToken),
    }
    jwk: dict[str, Any] = {"crv": "Ed25519", "kty": "OKP", "x": signing.jwk_of(public).x}
    key = OKPKey.import_key(jwk | {"d": to_b64u(seed("gateway"))})
    public_key = OKPKey.import_key(jwk)
    jws = world.token_jws()

    def mint() -> str:
        payload = json.dumps(claims, sort_keys=True, separators=(",", ":")).encode()
        return str(joserfc.jws.serialize_compact(header, payload, key, algorithms=ALGORITHMS))

    def verify() -> dict[str, Any]:
        opened = joserfc.jws.deserialize_compact(jws, public_key, algorithms=ALGORITHMS)
        read: dict[str, Any] = json.loads(opened.payload)
        if not read["iat"] <= NOW < read["exp"]:
            raise ValueError("expired")
        return read

    return {"mint, joserfc": mint, "verify, joserfc": verify}


def _whole_decision(folder: Path) -> dict[str, Contender]:
    """All that the gateway decides between a person's grant and the token, without its memory."""
    world = World()
    bundle = write_manifest(folder / "bundle")
    catalogue = read_catalogue((folder / "bundle",))
    limits = Limits(max_images=4, max_disclosures=2, token_seconds=900, claim_seconds=60, job_seconds=120)
    terms = Terms(catalogue=catalogue, pools=("company",), region="local", limits=limits)
    grant = world.grant_jws(bundle=bundle, notice=catalogue.notice.digest)
    return {"issue": lambda: issue(grant, terms, key=world.gateway, jti="11" * 16, now=NOW)}
