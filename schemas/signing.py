"""Signed statements: compact JWS (RFC 7515), alg ``Ed25519`` (RFC 9864), one ``typ`` a kind (spec/encoding.md 4).

Verify bytes first, then decode them strictly. One algorithm only; the header is itself canonical JSON with a closed
set of fields, so ``crit``, ``alg: none`` and every other surprise is refused by shape. Signatures are checked by
``cryptography``; any JOSE library can do the same, and the tests let one.
"""

import hashlib
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas import canonical
from schemas.errors import BadField, BadHeader, BadSignature, StatementError, UnknownKey
from schemas.scalars import B64u, Thumbprint, from_b64u, to_b64u

MAX_JWS_BYTES = 96 * 1024

T = TypeVar("T", bound=msgspec.Struct)

Keys = tuple[Ed25519PublicKey, ...]
"""The keys of one signer: the one that signs now first, then those that signed before and still verify."""


class Jwk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An Ed25519 public key as RFC 8037 writes it."""

    crv: Literal["Ed25519"]
    kty: Literal["OKP"]
    x: B64u
    """32 bytes, base64url."""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole protected header; nothing else may stand in it."""

    alg: Literal["Ed25519"]
    kid: Thumbprint
    typ: str
    jwk: Jwk | None = None
    """Present when the signer introduces its key itself: the browser's grant, a worker's enrolment."""


@dataclass(frozen=True, slots=True)
class Verified(Generic[T]):
    """A statement whose signature was checked, with the key that signed it."""

    statement: T
    key: Ed25519PublicKey
    kid: str


def jwk_of(key: Ed25519PublicKey) -> Jwk:
    """The JWK of ``key``."""
    return Jwk(crv="Ed25519", kty="OKP", x=to_b64u(key.public_bytes_raw()))


def key_of(jwk: Jwk) -> Ed25519PublicKey:
    """The key that ``jwk`` describes.

    Raises:
        BadField: ``x`` is not 32 canonical base64url bytes.
    """
    return Ed25519PublicKey.from_public_bytes(from_b64u(jwk.x, 32))


def thumbprint(key: Ed25519PublicKey) -> str:
    """RFC 7638 thumbprint of ``key``: SHA-256 of its canonical JWK, base64url."""
    return to_b64u(hashlib.sha256(canonical.encode(jwk_of(key))).digest())


def typ_of(kind: type[msgspec.Struct]) -> str:
    """The ``typ`` of a statement's JWS: ``likeness/claim/v1`` travels as ``likeness-claim+jwt``."""
    _, name, _ = canonical.kind_of(kind).split("/")
    return f"likeness-{name}+jwt"


def sign(statement: msgspec.Struct, key: Ed25519PrivateKey, *, introduce: bool = False) -> str:
    """The compact JWS of ``statement`` by ``key``; with ``introduce`` the header carries the public key too."""
    public = key.public_key()
    header = Header(
        alg="Ed25519",
        kid=thumbprint(public),
        typ=typ_of(type(statement)),
        jwk=jwk_of(public) if introduce else None,
    )
    signed = f"{to_b64u(canonical.encode(header))}.{to_b64u(canonical.encode(statement))}"
    return f"{signed}.{to_b64u(key.sign(signed.encode('ascii')))}"


def open_signed(kind: type[T], token: str, *keys: Ed25519PublicKey) -> Verified[T]:
    """The statement in ``token``, signed by one of ``keys``; its ``kid`` says by which.

    Raises:
        UnknownKey: signed by another key.
        BadHeader, BadSignature, TooLarge, NotJson, BadField, NotCanonical: see those classes.
    """
    header, signed, signature = _split(kind, token)
    key = next((key for key in keys if thumbprint(key) == header.kid), None)
    if key is None:
        raise UnknownKey
    if header.jwk is not None and header.jwk != jwk_of(key):
        raise BadHeader
    return _verify(kind, key, header.kid, signed, signature)


def open_introduced(kind: type[T], token: str) -> Verified[T]:
    """The statement in ``token``, signed by the key that its header introduces. Says nothing about who holds that key.

    Raises:
        BadHeader: no key in the header, or ``kid`` is not that key's thumbprint.
        BadSignature, TooLarge, NotJson, BadField, NotCanonical: see those classes.
    """
    header, signed, signature = _split(kind, token)
    if header.jwk is None:
        raise BadHeader
    try:
        key = key_of(header.jwk)
    except (BadField, ValueError):
        raise BadHeader from None
    if header.kid != thumbprint(key):
        raise BadHeader
    return _verify(kind, key, header.kid, signed, signature)


def _split(kind: type[msgspec.Struct], token: str) -> tuple[Header, str, str]:
    if len(token) > MAX_JWS_BYTES or token.count(".") != 2:
        raise BadHeader
    signed, _, signature = token.rpartition(".")
    try:
        header = canonical.decode(Header, from_b64u(signed.partition(".")[0]))
    except StatementError:
        raise BadHeader from None
    if header.typ != typ_of(kind):
        raise BadHeader
    return header, signed, signature


def _verify(kind: type[T], key: Ed25519PublicKey, kid: str, signed: str, signature: str) -> Verified[T]:
    try:
        key.verify(from_b64u(signature, 64), signed.encode("ascii"))
    except (InvalidSignature, BadField, UnicodeEncodeError):
        raise BadSignature from None
    payload = from_b64u(signed.partition(".")[2])
    return Verified(statement=canonical.decode(kind, payload), key=key, kid=kid)
