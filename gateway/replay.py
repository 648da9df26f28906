"""How often a token may be used: decisions on its counters. Storing them, by compare-and-set, is the caller's part."""

from typing import Final

import msgspec

from gateway.ledger import TokenUse
from schemas.errors import OutOfOrder, TokenExhausted, TokenExpired, TokenRevoked, WrongHolder

MAX_JOBS: Final = 16
"""Jobs that one token may open, most of which found no worker; so one consent leaves little in the ledger."""


def check_alive(use: TokenUse, *, now: int) -> None:
    """Return when the token may still be used at all.

    Raises:
        TokenRevoked: the person withdrew the consent.
        TokenExpired: its time is over.
    """
    if use.revoked_at is not None:
        raise TokenRevoked
    if now >= use.expires_at:
        raise TokenExpired


def check_room(use: TokenUse, *, images: int, now: int) -> None:
    """Return when one more disclosure for ``images`` portraits fits into the token; spends nothing.

    Raises:
        TokenRevoked, TokenExpired: see ``check_alive``.
        TokenExhausted: it allows no further portrait or no further worker.
    """
    check_alive(use, now=now)
    if use.disclosures + 1 > use.max_disclosures or use.images + images > use.max_images:
        raise TokenExhausted


def open_job(use: TokenUse, offer_id: str, *, images: int, now: int) -> TokenUse:
    """The counters once the job ``offer_id`` is open. It takes the place of the job before it, which thereby ends.

    Raises:
        TokenRevoked, TokenExpired, TokenExhausted: see ``check_room``; or there were ``MAX_JOBS`` already.
    """
    check_room(use, images=images, now=now)
    if use.jobs >= MAX_JOBS:
        raise TokenExhausted("too many jobs were opened with this consent; consent again")
    return msgspec.structs.replace(use, jobs=use.jobs + 1, offer_id=offer_id)


def spend(use: TokenUse, offer_id: str, *, n: int, images: int, now: int) -> TokenUse:
    """The counters after disclosure number ``n`` (from 1) for ``images`` portraits, in the job ``offer_id``.

    Raises:
        TokenRevoked, TokenExpired, TokenExhausted: see ``check_room``.
        OutOfOrder: another disclosure came first, or another job has taken this one's place.
    """
    check_room(use, images=images, now=now)
    if n != use.disclosures + 1:
        raise OutOfOrder("another disclosure of this consent came first")
    if offer_id != use.offer_id:
        raise OutOfOrder("another job of this consent has taken its place")
    return msgspec.structs.replace(use, disclosures=n, images=use.images + images)


def refund(use: TokenUse, *, images: int) -> TokenUse:
    """The counters after a disclosure that reached nobody: there was no worker to hand the sealed request to."""
    return msgspec.structs.replace(use, disclosures=use.disclosures - 1, images=use.images - images)


def revoke(use: TokenUse, *, holder: str, token: str, commitment: str, now: int) -> TokenUse:
    """The counters once ``holder`` (thumbprint) has withdrawn the consent of ``token`` (digest).

    The first revocation stays: one that comes again changes nothing. ``commitment`` is its leaf as hex.

    Raises:
        WrongHolder: another key, or another token.
    """
    if (holder, token) != (use.holder, use.token):
        raise WrongHolder
    if use.revoked_at is not None:
        return use
    return msgspec.structs.replace(use, revoked_at=now, revocation=commitment)
