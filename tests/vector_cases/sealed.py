"""Cases about what is sealed: requests, images, the likeness record."""

import struct
from collections.abc import Iterator
from typing import Any

from schemas import embedding, sealing
from schemas.scalars import digest, to_b64u
from tests.statements import example_record, seed

Case = dict[str, Any]


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
