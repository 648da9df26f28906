"""Cases about bytes and signatures: canonical JSON, JWS, frames."""

import json
from collections.abc import Iterator
from typing import Any

from schemas import canonical, frames, signing
from schemas.job import Choose
from schemas.scalars import to_b64u
from tests.statements import World, signing_key

Case = dict[str, Any]


def canonical_cases() -> Iterator[Case]:
    """Bytes of an Offer: ``raw`` -> accept or code."""
    good = canonical.encode(World().offer()).decode()
    edits = {
        "the canonical bytes": (good, "accept"),
        "a space": (good.replace(":1,", ": 1,", 1), "not-canonical"),
        "a trailing newline": (good + "\n", "not-canonical"),
        "a key twice": (good.replace('"lot":1', '"lot":1,"lot":1'), "not-canonical"),
        "keys in another order": (
            '{"token"' + good.split(',"token"')[1][:-1] + "," + good[1:].split(',"token"')[0] + "}",
            "not-canonical",
        ),
        "an escaped letter": (good.replace('"company"', '"c\\u006fmpany"'), "not-canonical"),
        "an unknown field": (good.replace('"lot":1', '"lot":1,"lotto":1'), "bad-field"),
        "a missing field": (good.replace('"lot":1,', ""), "bad-field"),
        "a number as text": (good.replace('"lot":1', '"lot":"1"'), "bad-field"),
        "a number as fraction": (good.replace('"lot":1', '"lot":1.0'), "bad-field"),
        "true for a number": (good.replace('"lot":1', '"lot":true'), "bad-field"),
        "null for a number": (good.replace('"lot":1', '"lot":null'), "bad-field"),
        "a number out of range": (good.replace('"lot":1', '"lot":9'), "bad-field"),
        "a huge number": (good.replace('"lot":1', '"lot":99999999999999999999999999'), "bad-field"),
        "another kind": (good.replace("likeness/offer/v1", "likeness/offer/v2"), "bad-field"),
        # A reader for one kind may fill the tag in; the comparison with the re-encoding refuses either way.
        "no kind": (good.replace('"kind":"likeness/offer/v1",', ""), "not-canonical"),
        "a digest with a newline": (good.replace(World().offer().bundle, World().offer().bundle + "\\n"), "bad-field"),
        "a digest in capitals": (good.replace(World().offer().bundle, World().offer().bundle.upper()), "bad-field"),
        "an unknown pool": (good.replace('"company"', '"public"'), "bad-field"),
        "not JSON": ("offer", "not-json"),
        "nothing": ("", "not-json"),
        "a list": ("[]", "bad-field"),
        "cut off": (good[:-1], "not-json"),
    }
    for name, (raw, expect) in edits.items():
        yield {"name": name, "struct": "Offer", "raw": raw, "expect": expect}


def signing_cases() -> Iterator[Case]:
    """A Claim's JWS under a known key, a grant's JWS with an introduced one."""
    world = World()
    key = to_b64u(world.worker.public_key().public_bytes_raw())
    good = world.claim_jws()
    header, payload, signature = good.split(".")

    def resigned(head: dict[str, Any], body: str = payload) -> str:
        text = f"{to_b64u(json.dumps(head, separators=(',', ':'), sort_keys=True).encode())}.{body}"
        return f"{text}.{to_b64u(world.worker.sign(text.encode()))}"

    kid = signing.thumbprint(world.worker.public_key())
    plain = {"alg": "Ed25519", "kid": kid, "typ": "likeness-claim+jwt"}
    other = to_b64u(signing_key("other").public_key().public_bytes_raw())
    flipped = payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1]
    spaced = to_b64u(canonical.encode(world.claim()) + b" ")
    cases = {
        "a claim": (good, key, "accept"),
        "made by hand": (resigned(plain), key, "accept"),
        "another key expected": (good, other, "unknown-key"),
        "an altered payload": (f"{header}.{flipped}.{signature}", key, "bad-signature"),
        "an altered signature": (f"{header}.{payload}.{signature[:-4]}AAAA", key, "bad-signature"),
        "a short signature": (f"{header}.{payload}.{signature[:-4]}", key, "bad-signature"),
        "no signature": (f"{header}.{payload}.", key, "bad-signature"),
        "alg none": (resigned(plain | {"alg": "none"}), key, "bad-header"),
        "alg EdDSA": (resigned(plain | {"alg": "EdDSA"}), key, "bad-header"),
        "another typ": (resigned(plain | {"typ": "likeness-offer+jwt"}), key, "bad-header"),
        "an unknown crit": (resigned(plain | {"crit": ["x"], "x": 1}), key, "bad-header"),
        "the key in the header too": (
            resigned(plain | {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": key}}),
            key,
            "accept",
        ),
        "another key in the header": (
            resigned(plain | {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": other}}),
            key,
            "bad-header",
        ),
        "no kid": (resigned({"alg": "Ed25519", "typ": "likeness-claim+jwt"}), key, "bad-header"),
        "two parts": (f"{header}.{payload}", key, "bad-header"),
        "four parts": (good + ".", key, "bad-header"),
        "payload not canonical": (resigned(plain, spaced), key, "not-canonical"),
        "payload of another kind": (resigned(plain, to_b64u(canonical.encode(world.offer()))), key, "bad-field"),
    }
    for name, (jws, trusted, expect) in cases.items():
        yield {"name": name, "struct": "Claim", "jws": jws, "keys": [trusted], "expect": expect}
    several = {
        "the first of two keys": ([key, other], "accept"),
        "the second of two keys": ([other, key], "accept"),
        "none of two keys": ([other, to_b64u(signing_key("third").public_key().public_bytes_raw())], "unknown-key"),
        "no key at all": ([], "unknown-key"),
    }
    for name, (keys, expect) in several.items():
        yield {"name": name, "struct": "Claim", "jws": good, "keys": keys, "expect": expect}
    grant = world.grant_jws()
    yield {
        "name": "a grant brings its key",
        "struct": "ConsentGrant",
        "jws": grant,
        "keys": None,
        "expect": "accept",
        "kid": signing.thumbprint(world.browser.public_key()),
    }
    yield {"name": "no key brought", "struct": "Claim", "jws": good, "keys": None, "expect": "bad-header"}
    intruder = signing.sign(world.grant(), signing_key("other"), introduce=True)
    mixed = f"{grant.split('.')[0]}.{intruder.split('.')[1]}.{intruder.split('.')[2]}"
    yield {
        "name": "signed by another than the key brought",
        "struct": "ConsentGrant",
        "jws": mixed,
        "keys": None,
        "expect": "bad-signature",
    }


def frame_cases() -> Iterator[Case]:
    """Streams of frames: hex -> [[kind, payload hex]] or a code."""
    two = frames.encode_frame(frames.FrameKind.PROGRESS, b"{}") + frames.encode_frame(frames.FrameKind.END)
    listed = [[int(frames.FrameKind.PROGRESS), b"{}".hex()], [int(frames.FrameKind.END), ""]]
    yield {"name": "two frames", "stream": two.hex(), "frames": listed, "expect": "accept"}
    yield {"name": "nothing", "stream": "", "frames": [], "expect": "accept"}
    kinds = frames.FrameKind
    said = {kinds.PROOF: b"c2sp.org/tlog-proof@v1\n", kinds.CHOOSE: canonical.encode(Choose(claims=3, lots=3))}
    stream = b"".join(frames.encode_frame(kind, payload) for kind, payload in said.items())
    listed = [[int(kind), payload.hex()] for kind, payload in said.items()]
    yield {"name": "a proof and a choice", "stream": stream.hex(), "frames": listed, "expect": "accept"}
    yield {"name": "cut off", "stream": two[:-1].hex(), "expect": "result-invalid"}
    yield {"name": "an unknown kind", "stream": "0c00000000", "expect": "result-invalid"}
    yield {"name": "a payload too long", "stream": "05ffffffff", "expect": "result-invalid"}
