"""How often a token may be used: decisions on its counters. Storing them, by compare-and-set, is the caller's part."""

import msgspec

from gateway.ledger import TokenUse
from schemas.errors import OutOfOrder, TokenExhausted, TokenExpired


def check_room(use: TokenUse, *, images: int, now: int) -> None:
    """Return when one more disclosure for ``images`` portraits fits into the token; spends nothing.

    Raises:
        TokenExpired: its time is over.
        TokenExhausted: it allows no further portrait or no further worker.
    """
    if now >= use.expires_at:
        raise TokenExpired
    if use.disclosures + 1 > use.max_disclosures or use.images + images > use.max_images:
        raise TokenExhausted


def spend(use: TokenUse, *, n: int, images: int, now: int) -> TokenUse:
    """The counters after disclosure number ``n`` (from 1) for ``images`` portraits.

    Raises:
        TokenExpired, TokenExhausted: see ``check_room``.
        OutOfOrder: another disclosure came first.
    """
    check_room(use, images=images, now=now)
    if n != use.disclosures + 1:
        raise OutOfOrder("another disclosure of this consent came first")
    return msgspec.structs.replace(use, disclosures=n, images=use.images + images)


def refund(use: TokenUse, *, images: int) -> TokenUse:
    """The counters after a disclosure that reached nobody: there was no worker to hand the sealed request to."""
    return msgspec.structs.replace(use, disclosures=use.disclosures - 1, images=use.images - images)
