"""The claims of one job as a person sees them: each checked as it comes, then one of them picked (the page's twin)."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas import canonical, errors, signing
from schemas.consent import ConsentToken
from schemas.frames import FrameKind
from schemas.job import Choose, Offer
from schemas.log_leaf import roster_entry
from schemas.log_policy import Policy
from schemas.log_proof import check_inclusion
from schemas.pools import LOTS
from schemas.scalars import digest, from_b64u
from schemas.worker_key import CheckedClaim, check_claim, check_endorsement

ORDER: Final = (FrameKind.OFFER, FrameKind.ROSTER, FrameKind.PROOF, FrameKind.CLAIM)
"""In this order, once per worker."""


@dataclass
class Claimed:
    """What the stream said of one worker."""

    offer: bytes = b""
    roster: str = ""
    proof: str = ""
    claim: str = ""
    checked: CheckedClaim | None = None


@dataclass
class Gathering:
    """What every claim of one job is judged by, and the claims that hold."""

    gateway: signing.Keys
    policy: Policy
    company: Ed25519PublicKey | None
    token: str
    images: int
    claims: list[Claimed] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)

    @property
    def allowed(self) -> ConsentToken:
        """What the token says."""
        return canonical.decode(ConsentToken, from_b64u(self.token.split(".")[1]))

    @property
    def lots(self) -> int:
        """How many workers there must be to choose from: what the consent's pool asks for, not what the stream says."""
        return LOTS[self.allowed.aud]

    def take(self, kind: FrameKind, payload: bytes) -> None:
        """Hear what comes next of a claim, and check it once it is whole."""
        if kind is not ORDER[len(self.said)] or len(self.claims) == self.lots:
            raise errors.OutOfOrder
        if kind is FrameKind.OFFER:
            self.check_offer(canonical.decode(Offer, payload))
        self.said.append(payload)
        if len(self.said) == len(ORDER):
            (offer, *others), self.said = self.said, []
            roster, proof, claim = (other.decode() for other in others)
            self.claims.append(self.check(Claimed(offer, roster, proof, claim)))

    def check_offer(self, offer: Offer) -> None:
        """The offer is for what was asked for, and is still open."""
        token = self.allowed
        asked = (digest(self.token.encode()), token.bundle, token.aud, token.region, self.images, self.lots)
        said = (offer.token, offer.bundle, offer.pool, offer.region, offer.images, offer.lots)
        if said != asked or offer.lot > self.lots:
            raise errors.ClaimMismatch("the offer is not the one that was asked for")
        if time.time() >= offer.expires_at:
            raise errors.OfferExpired

    def check(self, claimed: Claimed) -> Claimed:
        """Everything that must be true of a claim before a byte may be sealed to it (spec/sealed-job.md 2.4)."""
        now = int(time.time())
        checked = check_claim(claimed.offer, claimed.roster, claimed.claim, gateway=self.gateway, now=now)
        check_inclusion(self.policy, claimed.proof, roster_entry(claimed.roster), now=now)
        if self.company is not None:
            check_endorsement(checked.roster, self.company, now=now)
        claimed.checked = checked
        return claimed

    def choose(self, said: Choose) -> Claimed:
        """One of enough claims at random (spec/sealed-job.md 2.5)."""
        if self.said or (said.claims, said.lots) != (len(self.claims), self.lots):
            raise errors.OutOfOrder
        checked = [claimed.checked for claimed in self.claims if claimed.checked is not None]
        if len({claim.claim.worker for claim in checked}) < self.lots:
            raise errors.TooFewClaims
        jobs = {canonical.decode(Offer, claimed.offer).offer_id for claimed in self.claims}
        if len(jobs) != 1 or len({claim.hpke_key for claim in checked}) < self.lots:
            raise errors.ClaimMismatch
        return secrets.choice(self.claims)
