"""The consent as a file that the person keeps, and its check without any network (spec/consent-token.md 6).

It holds what was agreed to, word for word, who signed what, and the proof that it stands in the log. Its ISO/IEC TS
27560 form is made from these same fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas import canonical, signing
from schemas.consent import ConsentGrant, ConsentToken, check_grant_of_token, consent_leaf
from schemas.errors import GrantMismatch, NoticeOutdated
from schemas.log_leaf import SALT_BYTES
from schemas.log_policy import Policy, read_policy
from schemas.log_proof import check_inclusion
from schemas.pools import PROMISES
from schemas.scalars import B64u, Jws, LogProofText, Text, digest, from_b64u

PolicyText = Annotated[str, Meta(max_length=8000)]


class ConsentFile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/consent-file/v1",
):
    """Canonical JSON, made by the page as soon as the gateway has countersigned."""

    gateway_keys: Annotated[list[signing.Jwk], Meta(min_length=1, max_length=4)]
    policy: PolicyText
    """The witness policy that the page pinned."""
    notice: Text
    """The notice as it was shown."""
    promise: Text
    """The promise of the chosen pool as it was shown."""
    grant: Jws
    token: Jws
    salt: B64u
    """The 32 random bytes behind the grant's ``salt_commitment``; only this file has them."""
    proof: LogProofText


@dataclass(frozen=True, slots=True)
class CheckedConsent:
    """What a consent file holds once every step was followed."""

    gateway: signing.Keys
    policy: Policy
    grant: signing.Verified[ConsentGrant]
    token: ConsentToken


def read_consent_file(raw: bytes) -> ConsentFile:
    """The consent file in ``raw``. Nothing in it is verified yet.

    Raises:
        StatementError: see ``canonical.decode``.
    """
    return canonical.decode(ConsentFile, raw)


def check_consent(file: ConsentFile) -> CheckedConsent:
    """What ``file`` holds, when all of it belongs together (spec/consent-token.md 6.2). Judged without a clock.

    Raises:
        StatementError, GrantMismatch, WrongHolder, NoticeOutdated, LogError: the first step that does not hold.
    """
    gateway = tuple(signing.key_of(jwk) for jwk in file.gateway_keys)
    grant = signing.open_introduced(ConsentGrant, file.grant)
    said = grant.statement
    if said.notice != digest(file.notice.encode()):
        raise NoticeOutdated("the notice in the file is not the one that was agreed to")
    if file.promise != PROMISES[said.pool]:
        raise NoticeOutdated("the pool's promise in the file is not the one of this version")
    token = signing.open_signed(ConsentToken, file.token, *gateway).statement
    check_grant_of_token(token, file.grant)
    if said.salt_commitment != digest(from_b64u(file.salt, SALT_BYTES)):
        raise GrantMismatch("the salt is not the one of this consent")
    policy = read_policy(file.policy)
    check_inclusion(policy, file.proof, consent_leaf(said, file.token), now=None)
    return CheckedConsent(gateway=gateway, policy=policy, grant=grant, token=token)


def consent_sentences(checked: CheckedConsent) -> Iterator[str]:
    """What a check of a consent file found, in words, one sentence a step."""
    grant, token = checked.grant.statement, checked.token
    yield f"The consent is signed by the browser key {checked.grant.kid}; the notice is the one it was given to."
    yield (
        f"It allows {grant.max_images} portrait(s), at most {grant.max_disclosures} worker(s) of the pool "
        f"“{grant.pool}” in the region “{grant.region}”, for one purpose: {grant.purpose}."
    )
    yield f"The gateway {token.iss} countersigned this very consent."
    yield f"It stands in the log {checked.policy.log.name}, as its witness policy asks."
