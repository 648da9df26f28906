"""Consent: what a person signs, and the token that a gateway countersigns (spec/consent-token.md)."""

from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from schemas import signing
from schemas.errors import GrantExpired, GrantMismatch, NoticeOutdated, TokenExpired, WrongHolder
from schemas.scalars import Digest, Disclosures, Id, Images, Name, Pool, Seconds, Thumbprint, digest

TOKEN_SECONDS: Final = 15 * 60
"""Longest life of a token and of a grant."""
CLOCK_SKEW_SECONDS: Final = 60
GRANT_FRESH_SECONDS: Final = 5 * 60
"""A grant must reach the gateway within this time of its signature."""

Styles = Annotated[list[Name], Meta(min_length=1, max_length=64)]


class ConsentGrant(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/grant/v1",
):
    """What the person agrees to, signed by the browser key K_u. Each statement is its own field; none has a default."""

    nonce: Id
    """Fresh for every grant; a grant is used once."""
    notice: Digest
    """SHA-256 of exactly the notice text that was shown."""
    purpose: Literal["portrait"]
    """There is one purpose. There is no training purpose."""
    bundle: Digest
    styles: Styles
    """Ids from the bundle's catalogue, sorted, each once."""
    pool: Pool
    region: Name
    max_images: Images
    max_disclosures: Disclosures
    """How many workers may ever receive the likeness record."""
    adult: Literal["yes"]
    this_is_me: Literal["yes"]
    i_hold_the_rights: Literal["yes"]
    salt_commitment: Digest
    """SHA-256 of 32 random bytes that only the person keeps; hides the grant in the log."""
    issued_at: Seconds
    expires_at: Seconds


class ConsentToken(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/consent/v1",
):
    """The gateway's countersignature: who may ask (the holder of K_u), for what, until when."""

    jti: Id
    iss: Thumbprint
    """The gateway's key."""
    aud: Pool
    cnf: Thumbprint
    """K_u; every use is signed by it."""
    grant: Digest
    """SHA-256 of the grant's JWS."""
    bundle: Digest
    styles: Styles
    region: Name
    max_images: Images
    max_disclosures: Disclosures
    iat: Seconds
    exp: Seconds


def open_grant(jws: str, *, notice: str, now: int) -> signing.Verified[ConsentGrant]:
    """The grant in ``jws`` (spec/consent-token.md section 3, in its order).

    Raises:
        StatementError: see ``signing.open_introduced``.
        NoticeOutdated: agreed to another notice than ``notice`` (its digest).
        GrantExpired: not of this moment, already over, or longer than ``TOKEN_SECONDS``.
    """
    verified = signing.open_introduced(ConsentGrant, jws)
    grant = verified.statement
    if grant.notice != notice:
        raise NoticeOutdated
    age = now - grant.issued_at
    if not -CLOCK_SKEW_SECONDS <= age <= GRANT_FRESH_SECONDS:
        raise GrantExpired
    if not now < grant.expires_at <= grant.issued_at + TOKEN_SECONDS:
        raise GrantExpired
    return verified


def open_token(jws: str, *, gateway: Ed25519PublicKey, now: int) -> ConsentToken:
    """The token in ``jws``, countersigned by ``gateway`` and still valid.

    Raises:
        StatementError: see ``signing.open_signed``.
        TokenExpired: ``exp`` has passed, or ``iat`` lies in the future.
    """
    token = signing.open_signed(ConsentToken, jws, gateway).statement
    if not token.iat - CLOCK_SKEW_SECONDS <= now < token.exp:
        raise TokenExpired
    return token


def check_grant_of_token(token: ConsentToken, grant_jws: str) -> ConsentGrant:
    """The grant that ``token`` was issued for, checked by the worker itself: the gateway cannot invent a consent.

    Raises:
        GrantMismatch: another grant, or one that allows less than the token says.
        WrongHolder: the grant was signed by another key than the token names.
    """
    verified = signing.open_introduced(ConsentGrant, grant_jws)
    grant = verified.statement
    if verified.kid != token.cnf:
        raise WrongHolder
    allowed = (
        token.grant == digest(grant_jws.encode("ascii"))
        and token.bundle == grant.bundle
        and token.aud == grant.pool
        and token.region == grant.region
        and set(token.styles) <= set(grant.styles)
        and token.max_images <= grant.max_images
        and token.max_disclosures <= grant.max_disclosures
        and token.exp <= grant.expires_at
    )
    if not allowed:
        raise GrantMismatch
    return grant
