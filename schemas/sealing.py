"""Sealing a request to one worker's single-use key, and its images back to the browser (spec/sealed-job.md).

HPKE base mode (RFC 9180) with MLKEM768-X25519 (X-Wing), HKDF-SHA256, AES-256-GCM. The library's HPKE is single shot
without associated data, so the context is bound through ``info``. Every sealed request has one size. The way back
needs no second key exchange: the request carries a fresh 32-byte response secret.
"""

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.errors import CannotOpen, ResultInvalid, SealedSize, TooLarge

SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
MLKEM_PUBLIC_BYTES: Final = 1184
PUBLIC_KEY_BYTES: Final = MLKEM_PUBLIC_BYTES + 32
ENC_BYTES: Final = 1120
TAG_BYTES: Final = 16
SEALED_REQUEST_BYTES: Final = 8192
"""Every sealed request has exactly this size (spec/sealed-job.md 3.1)."""
REQUEST_ROOM_BYTES: Final = SEALED_REQUEST_BYTES - ENC_BYTES - TAG_BYTES
CHUNK_BYTES: Final = 65536
SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + TAG_BYTES
MAX_IMAGE_CHUNKS: Final = 256
SECRET_BYTES: Final = 32

REQUEST_LABEL: Final = b"likeness/request/v1"
REPLY_LABEL: Final = b"likeness/reply/v1"
IMAGE_LABEL: Final = b"likeness/image/v1"


@dataclass(frozen=True, slots=True)
class WorkerKey:
    """A single-use X-Wing key pair. It lives in one child process and ends with it."""

    private: MLKEM768X25519PrivateKey = field(repr=False)
    public: bytes = field(repr=False)
    """1216 bytes: ML-KEM-768 encapsulation key, then X25519 public key."""


def worker_key(seed: bytes) -> WorkerKey:
    """The key pair of a 32-byte X-Wing seed: SHAKE-256 gives the ML-KEM seed (64 bytes) and the X25519 scalar (32).

    The seed must come from the operating system's random source and be used once.
    """
    expanded = hashlib.shake_256(seed).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return WorkerKey(private=MLKEM768X25519PrivateKey(mlkem, x25519), public=public)


def context(offer_hash: bytes, claim_hash: bytes, disclosure_hash: bytes) -> bytes:
    """HPKE ``info``: what the sealed request is bound to. Each argument is a 32-byte SHA-256."""
    return hashlib.sha256(REQUEST_LABEL + offer_hash + claim_hash + disclosure_hash).digest()


def seal_request(plaintext: bytes, public: bytes, info: bytes) -> bytes:
    """``plaintext`` sealed to ``public`` (1216 bytes): always ``SEALED_REQUEST_BYTES`` long, ``enc || ct``.

    Raises:
        TooLarge: more than ``REQUEST_ROOM_BYTES - 4`` bytes.
        CannotOpen: ``public`` is not a key.
    """
    if len(plaintext) > REQUEST_ROOM_BYTES - 4:
        raise TooLarge
    if len(public) != PUBLIC_KEY_BYTES:
        raise CannotOpen("not an X-Wing public key")
    try:
        theirs = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_BYTES:]),
        )
    except ValueError as error:
        raise CannotOpen("not an X-Wing public key") from error
    return SUITE.encrypt(pad(plaintext, REQUEST_ROOM_BYTES), theirs, info)


def open_request(sealed: bytes, key: WorkerKey, info: bytes) -> bytes:
    """The plaintext of ``sealed``.

    Raises:
        SealedSize: not ``SEALED_REQUEST_BYTES`` long.
        CannotOpen: sealed to another key or context, altered, or padded with anything but zeros.
    """
    if len(sealed) != SEALED_REQUEST_BYTES:
        raise SealedSize
    try:
        return unpad(SUITE.decrypt(sealed, key.private, info))
    except (InvalidTag, ValueError) as error:
        raise CannotOpen from error


def reply_key(response_secret: bytes, sealed_request: bytes, claim_hash: bytes) -> bytes:
    """The 32-byte AES key of the way back, known to the browser and the child alone (spec/sealed-job.md 4.1)."""
    salt = sealed_request[:ENC_BYTES]
    return HKDF(SHA256(), 32, salt=salt, info=REPLY_LABEL + claim_hash).derive(response_secret)


def seal_image(image: bytes, key: bytes, image_index: int) -> list[bytes]:
    """``image`` (an encoded file) as sealed chunks of ``SEALED_CHUNK_BYTES`` each (spec/sealed-job.md 4.2).

    A key seals each (image, chunk) once: the nonce is their index, and the key is fresh for every request.
    """
    count = -(-(len(image) + 4) // CHUNK_BYTES)
    if count > MAX_IMAGE_CHUNKS:
        raise TooLarge
    padded = pad(image, count * CHUNK_BYTES)
    box = AESGCM(key)
    return [
        box.encrypt(
            _nonce(image_index, i),
            padded[i * CHUNK_BYTES : (i + 1) * CHUNK_BYTES],
            _image_context(last=i == count - 1),
        )
        for i in range(count)
    ]


def open_image(chunks: list[bytes], key: bytes, image_index: int) -> bytes:
    """The image of ``chunks``, all of them in order.

    Raises:
        ResultInvalid: a chunk is missing, altered, repeated, out of order, or the padding is wrong.
    """
    if not 0 < len(chunks) <= MAX_IMAGE_CHUNKS or any(len(c) != SEALED_CHUNK_BYTES for c in chunks):
        raise ResultInvalid
    box = AESGCM(key)
    try:
        parts = [
            box.decrypt(_nonce(image_index, i), chunk, _image_context(last=i == len(chunks) - 1))
            for i, chunk in enumerate(chunks)
        ]
        return unpad(b"".join(parts))
    except (InvalidTag, ValueError) as error:
        raise ResultInvalid from error


def pad(plaintext: bytes, size_bytes: int) -> bytes:
    """``u32 big-endian length || plaintext || zeros``, ``size_bytes`` in all."""
    return (struct.pack(">I", len(plaintext)) + plaintext).ljust(size_bytes, b"\0")


def unpad(padded: bytes) -> bytes:
    """The inverse of ``pad``.

    Raises:
        ValueError: the length is too large or a padding byte is not zero.
    """
    (length,) = struct.unpack_from(">I", padded)
    if length > len(padded) - 4 or any(padded[4 + length :]):
        raise ValueError("bad padding")
    return padded[4 : 4 + length]


def _nonce(image_index: int, chunk_index: int) -> bytes:
    return struct.pack(">IQ", image_index, chunk_index)


def _image_context(*, last: bool) -> bytes:
    return IMAGE_LABEL + bytes([last])
