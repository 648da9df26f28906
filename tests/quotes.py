"""Quotes by a key in software: what a TPM would say, and every edit of it, validly signed."""

import hashlib
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schemas.attestation import AttestationKey, Quote, expected_pcr
from schemas.scalars import to_b64u
from tests.statements import seed

ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (SP 800-186, 3.2.1.3)."""


def quote_key(name: str = "tpm") -> ec.EllipticCurvePrivateKey:
    """The fixed P-256 key of ``name``."""
    return ec.derive_private_key(int.from_bytes(seed(name), "big") % (ORDER - 1) + 1, ec.SECP256R1())


def attestation_key(key: ec.EllipticCurvePrivateKey | None = None) -> AttestationKey:
    """How that key stands in a roster entry."""
    point = (key or quote_key()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return AttestationKey(key=to_b64u(point), root="test-tpm")


def attest(binding: bytes, software: str, **edits: bytes) -> bytes:
    """The message of a quote; ``edits`` replace whole parts of it, by name."""
    parts = {
        "magic": b"\xffTCG",
        "type": bytes.fromhex("8018"),
        "signer": bytes.fromhex("0022 000b") + seed("a key's name"),
        "extra": bytes.fromhex("0020") + binding,
        "clock": bytes(17),
        "firmware": bytes(8),
        "selection": bytes.fromhex("00000001 000b 03 000080"),
        "digest": bytes.fromhex("0020") + hashlib.sha256(expected_pcr(software)).digest(),
    }
    return b"".join((parts | edits).values())


def signed(message: bytes, key: ec.EllipticCurvePrivateKey | None = None) -> Quote:
    """``message`` as a quote by that key, the same on each call (RFC 6979)."""
    der = (key or quote_key()).sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return quote_of(message, *decode_dss_signature(der))


def quote_of(message: bytes, r: int, s: int) -> Quote:
    """A quote with this signature, right or wrong."""
    return Quote(message=to_b64u(message), signature=to_b64u(r.to_bytes(32, "big") + s.to_bytes(32, "big")))
