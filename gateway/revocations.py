"""A withdrawal: the ledger first, then whoever works, then the log."""

from gateway import replay
from gateway.door import Door
from gateway.remembering import change_use
from schemas.consent import Revoked, open_revocation, revocation_leaf


async def revoke(door: Door, revocation_jws: str) -> Revoked:
    """The answer to ``revocation_jws`` (spec/consent-token.md section 5); the same again when it is repeated.

    Once the ledger has taken it nothing is disclosed any more, whatever happens to the rest: a relay that does not
    hear the announcement finds the withdrawal in the ledger, and where the log is away, asking again completes it.

    Raises:
        StatementError, JobStale: see ``open_revocation``.
        TokenExpired: no such token is known (any more); it cannot be used either.
        WrongHolder: by another key, or about another token.
        LogUnavailable: it is in force, but its leaf could not be logged.
    """
    now = door.clock()
    verified = open_revocation(revocation_jws, now=now)
    revocation = verified.statement
    commitment = revocation_leaf(revocation, revocation_jws).hex()
    use = await change_use(
        door,
        revocation.jti,
        lambda use: replay.revoke(use, holder=verified.kid, token=revocation.token, commitment=commitment, now=now),
    )
    await door.bus.announce_revoked(revocation.jti)
    return Revoked(
        token=use.token,
        revoked_at=use.revoked_at or now,
        disclosures=use.disclosures,
        proof=await door.log.append(bytes.fromhex(use.revocation or commitment)),
    )
