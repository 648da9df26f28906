"""Consent: what a person signs, and the token that a gateway countersigns (spec/consent-token.md)."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from schemas import signing
from schemas.errors import GrantExpired, GrantMismatch, JobStale, NoticeOutdated, TokenExpired, WrongHolder, WrongPool
from schemas.log_leaf import SALT_BYTES, commitment
from schemas.scalars import (
    B64u,
    Count,
    Digest,
    Disclosures,
    Id,
    Images,
    Jws,
    LogProofText,
    Name,
    Pool,
    Seconds,
    Thumbprint,
    digest,
    from_b64u,
)

TOKEN_SECONDS: Final = 15 * 60
"""Longest life of a token and of a grant."""
CLOCK_SKEW_SECONDS: Final = 60
REVOCATION_FRESH_SECONDS: Final = TOKEN_SECONDS
"""Wide: a withdrawal should not fail for a clock that is wrong by minutes; the ledger takes each once."""
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
    volunteer_machine: Literal["yes", "no"]
    """Whether a machine that nobody has checked may open the record: ``yes`` for the pool ``volunteer`` alone."""
    salt_commitment: Digest
    """SHA-256 of 32 random bytes that only the person keeps; salts the consent's leaf in the log."""
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
    notice: Digest
    purpose: Literal["portrait"]
    bundle: Digest
    styles: Styles
    region: Name
    max_images: Images
    max_disclosures: Disclosures
    iat: Seconds
    exp: Seconds


class Admitted(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/admitted/v1",
):
    """A gateway's answer to a grant. Without the proof the token is worth nothing to a browser."""

    token: Jws
    proof: LogProofText
    """That the consent's leaf stands in the log, under a checkpoint as the policy wants it."""


class Revocation(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/revocation/v1",
):
    """The person withdraws a consent, signed by K_u."""

    jti: Id
    token: Digest
    """SHA-256 of the token's JWS."""
    salt: B64u
    """32 random bytes; salts the revocation's leaf in the log."""
    issued_at: Seconds


class Revoked(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/revoked/v1",
):
    """A gateway's answer to a revocation; the same again when it is repeated."""

    token: Digest
    revoked_at: Seconds
    disclosures: Count
    """Workers that may have received the likeness record before."""
    proof: LogProofText
    """That the revocation's leaf stands in the log."""


def consent_leaf(grant: ConsentGrant, token_jws: str) -> bytes:
    """The commitment of a consent: salted by the grant, about the token that answers it."""
    return commitment("consent", bytes.fromhex(grant.salt_commitment), token_jws)


def open_grant(jws: str, *, notice: str, now: int) -> signing.Verified[ConsentGrant]:
    """The grant in ``jws`` (spec/consent-token.md section 3, in its order).

    Raises:
        StatementError: see ``signing.open_introduced``.
        NoticeOutdated: agreed to another notice than ``notice`` (its digest).
        WrongPool: the pool and the yes or no to volunteers' machines do not fit together.
        GrantExpired: not of this moment, already over, or longer than ``TOKEN_SECONDS``.
    """
    verified = signing.open_introduced(ConsentGrant, jws)
    grant = verified.statement
    if grant.notice != notice:
        raise NoticeOutdated
    if not _names_its_machine(grant):
        raise WrongPool("a volunteer's machine needs its own yes, and no other does")
    age = now - grant.issued_at
    if not -CLOCK_SKEW_SECONDS <= age <= GRANT_FRESH_SECONDS:
        raise GrantExpired
    if not now < grant.expires_at <= grant.issued_at + TOKEN_SECONDS:
        raise GrantExpired
    return verified


def open_token(jws: str, *, gateway: signing.Keys, now: int) -> ConsentToken:
    """The token in ``jws``, countersigned by a key of ``gateway`` and still valid.

    Raises:
        StatementError: see ``signing.open_signed``.
        TokenExpired: ``exp`` has passed, or ``iat`` lies in the future.
    """
    token = signing.open_signed(ConsentToken, jws, *gateway).statement
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
        _names_its_machine(grant)
        and token.grant == digest(grant_jws.encode("ascii"))
        and token.notice == grant.notice
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


def _names_its_machine(grant: ConsentGrant) -> bool:
    return (grant.volunteer_machine == "yes") is (grant.pool == "volunteer")


def open_revocation(jws: str, *, now: int) -> signing.Verified[Revocation]:
    """The revocation in ``jws``; whose token it is, and that ``kid`` is its holder, is for the ledger to say.

    Raises:
        StatementError: see ``signing.open_introduced``.
        JobStale: not of this moment.
    """
    verified = signing.open_introduced(Revocation, jws)
    revocation_leaf(verified.statement, jws)  # a salt of another length is refused here, before anything is changed
    if abs(now - verified.statement.issued_at) > REVOCATION_FRESH_SECONDS:
        raise JobStale
    return verified


def revocation_leaf(revocation: Revocation, jws: str) -> bytes:
    """The commitment of a revocation, salted by itself.

    Raises:
        BadField: the salt has another length than 32 bytes.
    """
    return commitment("revocation", from_b64u(revocation.salt, SALT_BYTES), jws)
