"""Writes schemas/vectors/*.json: one set of accepted and refused examples for Python and TypeScript alike.

``python -m tests.make_vectors``. Keys and times are fixed; only HPKE's own randomness differs from run to run. Every
case says what must come of it (``expect``: ``accept`` or an error code), and the outcome stored is the one the spec
asks for, written by hand here: it is not copied from what the code happened to answer.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas import canonical, embedding, frames, sealing, signing
from schemas.job import Disclosure, JobRequest
from schemas.scalars import digest, to_b64u
from tests.statements import NOTICE, World, example_record, seed, signing_key

FOLDER = Path(__file__).parent.parent / "schemas" / "vectors"
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
        "no kid": (resigned({"alg": "Ed25519", "typ": "likeness-claim+jwt"}), key, "bad-header"),
        "two parts": (f"{header}.{payload}", key, "bad-header"),
        "four parts": (good + ".", key, "bad-header"),
        "payload not canonical": (resigned(plain, spaced), key, "not-canonical"),
        "payload of another kind": (resigned(plain, to_b64u(canonical.encode(world.offer()))), key, "bad-field"),
    }
    for name, (jws, trusted, expect) in cases.items():
        yield {"name": name, "struct": "Claim", "jws": jws, "key": trusted, "expect": expect}
    grant = world.grant_jws()
    yield {
        "name": "a grant brings its key",
        "struct": "ConsentGrant",
        "jws": grant,
        "key": None,
        "expect": "accept",
        "kid": signing.thumbprint(world.browser.public_key()),
    }
    yield {"name": "no key brought", "struct": "Claim", "jws": good, "key": None, "expect": "bad-header"}
    intruder = signing.sign(world.grant(), signing_key("other"), introduce=True)
    mixed = f"{grant.split('.')[0]}.{intruder.split('.')[1]}.{intruder.split('.')[2]}"
    yield {
        "name": "signed by another than the key brought",
        "struct": "ConsentGrant",
        "jws": mixed,
        "key": None,
        "expect": "bad-signature",
    }


def sealing_cases() -> Iterator[Case]:
    """Requests sealed by Python: seed, info, sealed -> plaintext or code."""
    key = sealing.worker_key(seed("hpke"))
    info, plaintext = seed("info"), b"a request of nobody"
    sealed = sealing.seal_request(plaintext, key.public, info)
    shared = {"seed": seed("hpke").hex(), "public": to_b64u(key.public)}
    flip = bytearray(sealed)
    flip[-1] ^= 1
    bad_pad = sealing.SUITE.encrypt(
        sealing.pad(plaintext, sealing.REQUEST_ROOM_BYTES)[:-1] + b"\1", key.private.public_key(), info
    )
    yield {
        "name": "opens",
        **shared,
        "info": info.hex(),
        "sealed": to_b64u(sealed),
        "plaintext": plaintext.hex(),
        "expect": "accept",
    }
    yield {
        "name": "another context",
        **shared,
        "info": seed("x").hex(),
        "sealed": to_b64u(sealed),
        "expect": "cannot-open",
    }
    yield {
        "name": "another key",
        **shared,
        "seed": seed("y").hex(),
        "info": info.hex(),
        "sealed": to_b64u(sealed),
        "expect": "cannot-open",
    }
    yield {"name": "altered", **shared, "info": info.hex(), "sealed": to_b64u(bytes(flip)), "expect": "cannot-open"}
    yield {
        "name": "padding not zero",
        **shared,
        "info": info.hex(),
        "sealed": to_b64u(bad_pad),
        "expect": "cannot-open",
    }
    yield {"name": "too short", **shared, "info": info.hex(), "sealed": to_b64u(sealed[:-1]), "expect": "sealed-size"}
    yield {"name": "too long", **shared, "info": info.hex(), "sealed": to_b64u(sealed + b"\0"), "expect": "sealed-size"}


def image_bytes(length: int) -> bytes:
    """The image of a vector: byte ``i`` is ``i * 7 % 251``."""
    return bytes(i * 7 % 251 for i in range(length))


def image_cases() -> Iterator[Case]:
    """Sealed images by rule: the chunks' SHA-256, and edits that must be refused."""
    secret, claim_hash = seed("response"), seed("claim hash")
    request = image_bytes(sealing.SEALED_REQUEST_BYTES)
    key = sealing.reply_key(secret, request, claim_hash)
    shared = {"response_secret": secret.hex(), "claim_hash": claim_hash.hex(), "reply_key": key.hex()}
    for length in (0, 1, sealing.CHUNK_BYTES - 4, sealing.CHUNK_BYTES - 3, 3 * sealing.CHUNK_BYTES):
        chunks = sealing.seal_image(image_bytes(length), key, 1)
        yield {
            "name": f"{length} bytes",
            **shared,
            "image_index": 1,
            "length": length,
            "edit": None,
            "chunks": [digest(chunk) for chunk in chunks],
            "expect": "accept",
        }
    for edit in (
        "flip a bit",
        "drop the last",
        "drop the first",
        "swap two",
        "repeat one",
        "cut one short",
        "another index",
        "none at all",
    ):
        yield {
            "name": edit,
            **shared,
            "image_index": 1,
            "length": 3 * sealing.CHUNK_BYTES,
            "edit": edit,
            "expect": "result-invalid",
        }


def record_cases() -> Iterator[Case]:
    """Likeness records: ``raw`` hex -> the record or a code."""
    full = example_record()
    raw = embedding.encode(full)

    def patched(at: int, value: int) -> str:
        return (raw[:at] + bytes([value]) + raw[at + 1 :]).hex()

    scale = len(raw) - embedding.EMBEDDING_BYTES
    look = embedding.HEADER_BYTES + embedding.GEOMETRY_LENGTH
    good = {
        "all parts": full,
        "geometry alone": embedding.LikenessRecord(geometry=full.geometry),
        "look alone": embedding.LikenessRecord(look=full.look),
        "embedding alone": embedding.LikenessRecord(embedding=full.embedding),
    }
    for name, record in good.items():
        yield {"name": name, "raw": embedding.encode(record).hex(), "parts": sorted(record.parts), "expect": "accept"}
    refused = {
        "empty": ("", "record-malformed"),
        "header alone": (raw[:8].hex(), "record-malformed"),
        "another magic": (patched(0, 0), "record-malformed"),
        "another version": (patched(2, 2), "record-malformed"),
        "an unknown part": (patched(3, 15), "record-malformed"),
        "another ruler": (patched(4, 9), "record-malformed"),
        "an unknown embedder": (patched(5, 9), "record-malformed"),
        "no embedder": (patched(5, 0), "record-malformed"),
        "a reserved byte": (patched(6, 1), "record-malformed"),
        "one byte too many": (raw.hex() + "00", "record-malformed"),
        "one byte too few": (raw[:-1].hex(), "record-malformed"),
        "257 bytes": (raw.ljust(257, b"\0").hex(), "record-malformed"),
        "geometry of -128": (patched(8, 128), "record-not-finite"),
        "a colour not given but set": (patched(look + 12, 5), "record-malformed"),
        "an attribute out of range": (patched(look + 20, 11), "record-malformed"),
        "a reserved attribute": (patched(look + 35, 1), "record-malformed"),
        "scale NaN": ((raw[:scale] + struct.pack("<f", float("nan")) + raw[scale + 4 :]).hex(), "record-not-finite"),
        "scale infinite": (
            (raw[:scale] + struct.pack("<f", float("inf")) + raw[scale + 4 :]).hex(),
            "record-not-finite",
        ),
        "scale zero": ((raw[:scale] + bytes(4) + raw[scale + 4 :]).hex(), "record-not-finite"),
        "scale negative": ((raw[:scale] + struct.pack("<f", -0.5) + raw[scale + 4 :]).hex(), "record-not-finite"),
        "scale huge": ((raw[:scale] + struct.pack("<f", 1e30) + raw[scale + 4 :]).hex(), "record-not-finite"),
        "embedding of -128": (patched(scale + 4, 128), "record-not-finite"),
    }
    for name, (text, expect) in refused.items():
        yield {"name": name, "raw": text, "expect": expect}


def quantise_cases() -> Iterator[Case]:
    """Vectors to int8: floats -> scale and values, or a code (``null`` stands for NaN)."""
    vector = [((i * 53) % 127 - 63) / 256 for i in range(128)]
    halves = [127.0 / 128, *((i - 63) / 256 for i in range(127))]
    for name, floats in {"a ramp": vector, "halves round to even": halves}.items():
        got = embedding.quantise(floats)
        scale = to_b64u(struct.pack("<f", got.scale))
        yield {"name": name, "vector": floats, "scale": scale, "values": got.values.hex(), "expect": "accept"}
    yield {"name": "NaN", "vector": [None, *vector[1:]], "expect": "record-not-finite"}
    yield {"name": "smaller than any float32", "vector": [1e-45] * 128, "expect": "record-not-finite"}
    yield {"name": "all zero", "vector": [0.0] * 128, "expect": "record-not-finite"}
    yield {"name": "127 numbers", "vector": vector[1:], "expect": "record-malformed"}
    yield {"name": "512 numbers", "vector": vector * 4, "expect": "record-malformed"}


def consent_cases() -> Iterator[Case]:
    """Grants at a gateway (``open_grant``) and tokens for a grant at a worker (``token_for_grant``)."""
    world = World()
    now = world.now
    grants = {
        "a fresh grant": (world.grant_jws(), now, NOTICE, "accept"),
        "another notice": (world.grant_jws(), now, digest(b"other"), "notice-outdated"),
        "six minutes old": (world.grant_jws(), now + 360, NOTICE, "grant-expired"),
        "from the future": (world.grant_jws(), now - 61, NOTICE, "grant-expired"),
        "already over": (world.grant_jws(expires_at=now), now, NOTICE, "grant-expired"),
        "too long": (world.grant_jws(expires_at=now + 901), now, NOTICE, "grant-expired"),
    }
    for name, (jws, at, notice, expect) in grants.items():
        yield {"name": name, "op": "open_grant", "grant": jws, "notice": notice, "now": at, "expect": expect}
    stranger = signing.sign(world.grant(), signing_key("other"), introduce=True)
    tokens = {
        "a token for its grant": (world.token_jws(), world.grant_jws(), now, "accept"),
        "a token that allows less": (world.token_jws(max_images=1, styles=["plain"]), world.grant_jws(), now, "accept"),
        "expired": (world.token_jws(), world.grant_jws(), now + 900, "token-expired"),
        "not yet": (world.token_jws(), world.grant_jws(), now - 61, "token-expired"),
        "another grant": (world.token_jws(), world.grant_jws(nonce="01" * 16), now, "grant-mismatch"),
        "more images": (world.token_jws(max_images=3), world.grant_jws(), now, "grant-mismatch"),
        "more disclosures": (world.token_jws(max_disclosures=2), world.grant_jws(), now, "grant-mismatch"),
        "another style": (world.token_jws(styles=["plain", "zoo"]), world.grant_jws(), now, "grant-mismatch"),
        "another bundle": (world.token_jws(bundle=digest(b"x")), world.grant_jws(), now, "grant-mismatch"),
        "another pool": (world.token_jws(aud="volunteer"), world.grant_jws(), now, "grant-mismatch"),
        "lasts longer": (world.token_jws(exp=now + 901), world.grant_jws(), now, "grant-mismatch"),
        "a grant by somebody else": (world.token_jws(), stranger, now, "wrong-holder"),
        "signed by somebody else": (
            signing.sign(world.token(), signing_key("other")),
            world.grant_jws(),
            now,
            "unknown-key",
        ),
    }
    gateway = to_b64u(world.gateway.public_key().public_bytes_raw())
    for name, (token, grant, at, expect) in tokens.items():
        yield {
            "name": name,
            "op": "token_for_grant",
            "token": token,
            "grant": grant,
            "gateway": gateway,
            "now": at,
            "expect": expect,
        }


def claim_cases() -> Iterator[Case]:
    """Offer, roster entry and claim at the browser."""
    world = World()
    other = digest(b"other")
    offer = canonical.encode(world.offer()).decode()
    longer = world.roster_jws(not_after=world.now + 24 * 3600 + 1)
    cases: dict[str, tuple[str, str, str, int, str]] = {
        "a good claim": (offer, world.roster_jws(), world.claim_jws(), 0, "accept"),
        "another offer": (
            canonical.encode(world.offer(lot=2, lots=2)).decode(),
            world.roster_jws(),
            world.claim_jws(),
            0,
            "claim-mismatch",
        ),
        "another bundle": (offer, world.roster_jws(), world.claim_jws(bundle=other), 0, "claim-mismatch"),
        "another roster entry": (offer, world.roster_jws(), world.claim_jws(roster=other), 0, "claim-mismatch"),
        "a lease that is over": (offer, world.roster_jws(), world.claim_jws(), 30, "claim-mismatch"),
        "a claim from the future": (
            offer,
            world.roster_jws(),
            world.claim_jws(issued_at=world.now + 61),
            0,
            "claim-mismatch",
        ),
        "a roster entry that is over": (
            offer,
            world.roster_jws(not_after=world.now),
            world.claim_jws(),
            0,
            "claim-mismatch",
        ),
        "a roster entry for too long": (offer, longer, world.claim_jws(), 0, "claim-mismatch"),
        "a roster entry by somebody else": (
            offer,
            signing.sign(world.roster(), signing_key("other")),
            world.claim_jws(),
            0,
            "unknown-key",
        ),
        "a claim by somebody else": (
            offer,
            world.roster_jws(),
            signing.sign(world.claim(), signing_key("other")),
            0,
            "unknown-key",
        ),
        "a short key": (offer, world.roster_jws(), world.claim_jws(hpke_key=to_b64u(bytes(1215))), 0, "bad-field"),
    }
    for field in ("pool", "region"):
        value = {"pool": "volunteer", "region": "elsewhere"}[field]
        entry = world.roster_jws(**{field: value})
        claim = world.claim_jws(roster=digest(entry.encode()))
        cases[f"a worker of another {field}"] = (offer, entry, claim, 0, "claim-mismatch")
    gateway = to_b64u(world.gateway.public_key().public_bytes_raw())
    for name, (raw, roster, claim, later, expect) in cases.items():
        yield {
            "name": name,
            "offer": raw,
            "roster": roster,
            "claim": claim,
            "gateway": gateway,
            "now": world.now + later,
            "expect": expect,
        }


def job_cases() -> Iterator[Case]:
    """Requests and disclosures, signed by K_u just now."""
    world = World()
    holder, token = signing.thumbprint(world.browser.public_key()), world.job_request_jws()
    stranger = signing_key("other")
    request = signing.open_introduced(JobRequest, token).statement
    shared = {"holder": holder, "token": request.token}
    yield {"name": "a request", "op": "job", "jws": token, **shared, "now": world.now, "expect": "accept"}
    yield {"name": "an old request", "op": "job", "jws": token, **shared, "now": world.now + 61, "expect": "job-stale"}
    yield {
        "name": "a request by somebody else",
        "op": "job",
        "jws": signing.sign(request, stranger, introduce=True),
        **shared,
        "now": world.now,
        "expect": "wrong-holder",
    }
    yield {
        "name": "a request for another token",
        "op": "job",
        "jws": world.job_request_jws(token=digest(b"x")),
        **shared,
        "now": world.now,
        "expect": "wrong-holder",
    }
    yield {
        "name": "a disclosure",
        "op": "disclosure",
        "jws": world.disclosure_jws(),
        **shared,
        "now": world.now,
        "expect": "accept",
    }
    yield {
        "name": "an old disclosure",
        "op": "disclosure",
        "jws": world.disclosure_jws(),
        **shared,
        "now": world.now + 61,
        "expect": "job-stale",
    }
    disclosure = signing.open_introduced(Disclosure, world.disclosure_jws()).statement
    yield {
        "name": "a disclosure by somebody else",
        "op": "disclosure",
        "jws": signing.sign(disclosure, stranger, introduce=True),
        **shared,
        "now": world.now,
        "expect": "wrong-holder",
    }
    yield {
        "name": "a request in place of a disclosure",
        "op": "disclosure",
        "jws": token,
        **shared,
        "now": world.now,
        "expect": "bad-header",
    }


def erasure_cases() -> Iterator[Case]:
    """Receipts at the browser."""
    world = World()
    receipt = world.receipt()
    shared: Case = {
        "worker": to_b64u(world.worker.public_key().public_bytes_raw()),
        "offer": receipt.offer,
        "claim": receipt.claim,
    }
    failed = world.receipt_jws(result=None, images=0, exit_kind="killed", opened_at=None)
    yield {"name": "a receipt", "jws": world.receipt_jws(), **shared, "result": receipt.result, "expect": "accept"}
    yield {"name": "a receipt without image", "jws": failed, **shared, "result": None, "expect": "accept"}
    yield {
        "name": "another result",
        "jws": world.receipt_jws(),
        **shared,
        "result": digest(b"x"),
        "expect": "receipt-mismatch",
    }
    yield {
        "name": "another offer",
        "jws": world.receipt_jws(offer=digest(b"x")),
        **shared,
        "result": receipt.result,
        "expect": "receipt-mismatch",
    }
    yield {
        "name": "another claim",
        "jws": world.receipt_jws(claim=digest(b"x")),
        **shared,
        "result": receipt.result,
        "expect": "receipt-mismatch",
    }
    yield {
        "name": "by another worker",
        "jws": signing.sign(receipt, signing_key("other")),
        **shared,
        "result": receipt.result,
        "expect": "unknown-key",
    }


def frame_cases() -> Iterator[Case]:
    """Streams of frames: hex -> [[kind, payload hex]] or a code."""
    two = frames.encode_frame(frames.FrameKind.PROGRESS, b"{}") + frames.encode_frame(frames.FrameKind.END)
    listed = [[int(frames.FrameKind.PROGRESS), b"{}".hex()], [int(frames.FrameKind.END), ""]]
    yield {"name": "two frames", "stream": two.hex(), "frames": listed, "expect": "accept"}
    yield {"name": "nothing", "stream": "", "frames": [], "expect": "accept"}
    yield {"name": "cut off", "stream": two[:-1].hex(), "expect": "result-invalid"}
    yield {"name": "an unknown kind", "stream": "0a00000000", "expect": "result-invalid"}
    yield {"name": "a payload too long", "stream": "05ffffffff", "expect": "result-invalid"}


FILES = {
    "canonical": canonical_cases,
    "signing": signing_cases,
    "sealing": sealing_cases,
    "image": image_cases,
    "record": record_cases,
    "quantise": quantise_cases,
    "consent": consent_cases,
    "claim": claim_cases,
    "job": job_cases,
    "erasure": erasure_cases,
    "frames": frame_cases,
}


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, cases in FILES.items():
        about = (cases.__doc__ or "").strip()
        document = {"about": about, "made_by": "python -m tests.make_vectors", "cases": list(cases())}
        (FOLDER / f"{name}.json").write_text(
            json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        print(f"{name}: {len(document['cases'])} cases")


if __name__ == "__main__":
    main()
