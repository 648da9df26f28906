"""A TPM 2.0 quote: a chip's signature that ties a claim's key and offer to a program's digest (spec/attestation.md).

The TPM writes a TPMS_ATTEST (TPM 2.0 Library, Part 2, 10.12.12). With one SHA-256 register, a SHA-256 key name and 32
bytes of qualifying data it has a single layout of 145 bytes, so reading it is one ``struct`` and no length is believed.
"""

import hashlib
import struct
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from schemas.errors import BadField, QuoteInvalid
from schemas.scalars import B64u, from_b64u
from schemas.sealing import PUBLIC_KEY_BYTES

QUOTE_LABEL: Final = b"likeness/quote/v1"
POINT_BYTES: Final = 65
"""0x04, x, y: an uncompressed point of P-256 (SEC 1, 2.3.3)."""
SIGNATURE_BYTES: Final = 64
"""r and s, 32 bytes each."""

TPM_GENERATED: Final = 0xFF544347
"""What a TPM puts first in all that it writes itself. A restricted key signs nothing else that begins so."""
TPM_ST_ATTEST_QUOTE: Final = 0x8018
TPM_ALG_SHA256: Final = 0x000B
PCR_23: Final = bytes((0x00, 0x00, 0x80))
"""One bit a register, least significant first: register 23 and no other."""

ATTEST: Final = struct.Struct(">IH HH32s H32s 17s8s IHB3s H32s")
"""magic, type; qualifiedSigner (size, hash, digest); extraData (size, bytes); clockInfo, firmwareVersion;
pcrSelect (count, bank, size, bits); pcrDigest (size, bytes)."""
SIZES: Final = (34, 32, 1, 3, 32)
"""What each size in it must be: a SHA-256 name, the qualifying data, one bank, 24 registers, a digest."""


class AttestationKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key with which a worker's TPM signs quotes."""

    key: B64u
    """65 bytes: an uncompressed point of P-256."""
    root: Literal["test-tpm"]
    """Whose certificates say that this key lives in a TPM. ``test-tpm``: nobody's; it may as well be a program."""


class Quote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a TPM said, and its signature."""

    message: B64u
    """A TPMS_ATTEST as the TPM wrote it, 145 bytes."""
    signature: B64u
    """ECDSA P-256 SHA-256 over ``message``: r and s, 64 bytes."""


def quote_binding(hpke_key: bytes, offer_hash: bytes) -> bytes:
    """A quote's qualifying data, 32 bytes: this single-use key (1216 bytes) for this offer (SHA-256, 32 bytes).

    Raises:
        QuoteInvalid: an argument has another length.
    """
    if len(hpke_key) != PUBLIC_KEY_BYTES or len(offer_hash) != 32:
        raise QuoteInvalid("a key or a hash of another length")
    return hashlib.sha256(QUOTE_LABEL + hpke_key + offer_hash).digest()


def expected_pcr(software: str) -> bytes:
    """Register 23 after a reset and one extension by ``software`` (a digest as hex), 32 bytes."""
    return hashlib.sha256(bytes(32) + bytes.fromhex(software)).digest()


def check_quote(quote: Quote, key: AttestationKey, *, binding: bytes, software: str) -> None:
    """Return when ``key`` signed that register 23 held ``software``, for this ``binding`` (spec/attestation.md 3).

    Raises:
        QuoteInvalid: anything else.
    """
    message = _bytes(quote.message, ATTEST.size)  # 3.1
    _check_signature(_bytes(key.key, POINT_BYTES), message, _bytes(quote.signature, SIGNATURE_BYTES))  # 3.2
    magic, kind, *rest = ATTEST.unpack(message)
    signer_size, signer_hash, _, extra_size, extra, _, _, *pcrs = rest
    count, bank, select_size, select, digest_size, pcr_digest = pcrs
    if (magic, kind) != (TPM_GENERATED, TPM_ST_ATTEST_QUOTE):  # 3.3
        raise QuoteInvalid("what was signed is not a quote")
    if (signer_size, extra_size, count, select_size, digest_size) != SIZES or signer_hash != TPM_ALG_SHA256:  # 3.4
        raise QuoteInvalid("the quote has another layout")
    if extra != binding:  # 3.5
        raise QuoteInvalid("the quote is about another key or offer")
    if (bank, select) != (TPM_ALG_SHA256, PCR_23):  # 3.6
        raise QuoteInvalid("the quote is about other registers")
    if pcr_digest != hashlib.sha256(expected_pcr(software)).digest():  # 3.7
        raise QuoteInvalid("the quote is about another program")


def _bytes(text: str, length_bytes: int) -> bytes:
    try:
        return from_b64u(text, length_bytes)
    except BadField as error:
        raise QuoteInvalid(error.detail) from None


def _check_signature(point: bytes, message: bytes, signature: bytes) -> None:
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        raise QuoteInvalid("the attestation key did not sign this quote") from None
