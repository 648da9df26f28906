"""From a person's consent to a token: the gateway's countersignature (spec/consent-token.md section 3)."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.catalogue import Catalogue
from gateway.ledger import TokenUse, nonce_key
from schemas import signing
from schemas.consent import ConsentGrant, ConsentToken, consent_leaf, open_grant
from schemas.errors import OverLimit, UnknownBundle, UnknownStyle, WrongPool
from schemas.facts import Limits
from schemas.scalars import Pool, digest


@dataclass(frozen=True, slots=True)
class Terms:
    """What this gateway is willing to countersign."""

    catalogue: Catalogue
    pools: tuple[Pool, ...]
    region: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Issued:
    """A countersigned token, and what has to be remembered before it is handed out."""

    token: ConsentToken
    jws: str
    leaf: bytes
    """The consent's commitment, which must stand in the log."""
    nonce: str
    """Key of the grant's nonce in the ledger: it must be new."""
    use: TokenUse


def issue(grant_jws: str, terms: Terms, *, key: Ed25519PrivateKey, jti: str, now: int) -> Issued:
    """The token for ``grant_jws``.

    Raises:
        StatementError, NoticeOutdated, WrongPool, GrantExpired: see ``consent.open_grant``.
        UnknownBundle, UnknownStyle, WrongPool, OverLimit: asks for what this gateway does not offer.
    """
    # 3.1 to 3.3: the browser signed it, just now, under the notice in force.
    verified = open_grant(grant_jws, notice=terms.catalogue.notice.digest, now=now)
    grant = verified.statement
    # 3.4: it asks for what is offered here.
    check_terms(grant, terms)
    # 3.6: the countersignature, never for longer than the person said. (3.5 is the ledger's: see admission.)
    token = ConsentToken(
        jti=jti,
        iss=signing.thumbprint(key.public_key()),
        aud=grant.pool,
        cnf=verified.kid,
        grant=digest(grant_jws.encode("ascii")),
        notice=grant.notice,
        purpose=grant.purpose,
        bundle=grant.bundle,
        styles=grant.styles,
        region=grant.region,
        max_images=grant.max_images,
        max_disclosures=grant.max_disclosures,
        iat=now,
        exp=min(grant.expires_at, now + terms.limits.token_seconds),
    )
    token_jws = signing.sign(token, key)
    use = TokenUse(
        holder=verified.kid,
        token=digest(token_jws.encode("ascii")),
        max_images=token.max_images,
        max_disclosures=token.max_disclosures,
        images=0,
        disclosures=0,
        jobs=0,
        offer_id=None,
        expires_at=token.exp,
        revoked_at=None,
        revocation=None,
    )
    return Issued(
        token=token,
        jws=token_jws,
        leaf=consent_leaf(grant, token_jws),
        nonce=nonce_key(verified.kid, grant.nonce),
        use=use,
    )


def check_terms(grant: ConsentGrant, terms: Terms) -> None:
    """Return when all that ``grant`` asks for is on offer (spec/consent-token.md 3.4, in its order).

    Raises:
        UnknownBundle, UnknownStyle, WrongPool, OverLimit: named after what is not.
    """
    if grant.bundle not in terms.catalogue.bundles:
        raise UnknownBundle
    if grant.pool not in terms.pools or grant.region != terms.region:
        raise WrongPool
    if sorted(set(grant.styles)) != grant.styles or not set(grant.styles) <= terms.catalogue.styles(grant.bundle):
        raise UnknownStyle
    if grant.max_images > terms.limits.max_images or grant.max_disclosures > terms.limits.max_disclosures:
        raise OverLimit
