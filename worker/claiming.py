"""The claim: this worker's word that one fresh key is its own and serves one offer (spec/sealed-job.md section 2)."""

from schemas import signing
from schemas.attestation import Quote, quote_binding
from schemas.job import Offer
from schemas.scalars import digest, to_b64u
from schemas.worker_key import Claim
from worker.desk import Desk, Listing


async def sign_claim(desk: Desk, listing: Listing, offer: Offer, offer_raw: bytes, hpke_key: bytes) -> str:
    """The claim of ``offer`` (``offer_raw`` as it was received) with ``hpke_key``, as a JWS.

    Raises:
        QuoteInvalid: the pool is ``attested`` and the TPM gave no quote.
    """
    offer_hash = digest(offer_raw)
    statement = Claim(
        offer=offer_hash,
        hpke_key=to_b64u(hpke_key),
        worker=desk.worker,
        roster=digest(listing.roster.encode("ascii")),
        bundle=offer.bundle,
        issued_at=desk.clock(),
        lease_seconds=desk.settings.lease_seconds,
        quote=await _quote(desk, quote_binding(hpke_key, bytes.fromhex(offer_hash))),
    )
    return signing.sign(statement, desk.identity)


async def _quote(desk: Desk, binding: bytes) -> Quote | None:
    if desk.settings.pool != "attested" or desk.tpm is None:
        return None
    tpm, _ = desk.tpm
    return await tpm.quote(binding)
