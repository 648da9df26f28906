"""Our statements, read by a JOSE library that we did not write."""

import json

import joserfc.jws
from joserfc.jwk import OKPKey

from schemas import canonical, signing
from schemas.scalars import to_b64u
from schemas.worker_key import Claim
from tests.statements import World


def test_joserfc_verifies_our_token_and_reads_the_same_payload() -> None:
    world = World()
    key = OKPKey.import_key(json.loads(canonical.encode(signing.jwk_of(world.gateway.public_key()))))
    opened = joserfc.jws.deserialize_compact(world.token_jws(), key, algorithms=["Ed25519"])
    assert opened.payload == canonical.encode(world.token())
    assert opened.headers()["typ"] == "likeness-consent+jwt"


def test_our_thumbprint_is_the_one_of_rfc_7638() -> None:
    public = World().gateway.public_key()
    key = OKPKey.import_key(json.loads(canonical.encode(signing.jwk_of(public))))
    assert key.thumbprint() == signing.thumbprint(public)


def test_we_verify_what_joserfc_signs() -> None:
    world = World()
    private = signing.jwk_of(world.worker.public_key())
    key = OKPKey.import_key(
        {"kty": private.kty, "crv": private.crv, "x": private.x, "d": to_b64u(world.worker.private_bytes_raw())}
    )
    header = {"alg": "Ed25519", "kid": key.thumbprint(), "typ": "likeness-claim+jwt"}
    token = joserfc.jws.serialize_compact(header, canonical.encode(world.claim()), key, algorithms=["Ed25519"])
    assert signing.open_signed(Claim, token, world.worker.public_key()).statement == world.claim()
