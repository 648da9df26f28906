"""All that a handler works with, handed in from outside: settings, key, catalogue, bus, clock, randomness."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.bus import Bus
from gateway.catalogue import Catalogue, bundle_fact
from gateway.issuing import Terms
from gateway.settings import Settings
from schemas import signing
from schemas.facts import Facts, Limits, PoolFact
from schemas.pools import PROMISES

Clock = Callable[[], int]
"""Unix time in whole seconds."""
Randomness = Callable[[int], bytes]
"""So many fresh random bytes, from the operating system."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a job's clocks are looked at; tests turn them faster."""

    tick_seconds: float = 1.0
    """Between two looks, and between two WAITING frames."""
    gap_seconds: float = 6.0
    """A worker that says nothing for three heartbeats of two seconds is lost (spec/sealed-job.md 5.3)."""
    stall_seconds: float = 15.0
    """A browser that takes no byte for so long is gone."""
    hand_over_seconds: float = 5.0
    """How long a worker may take to say that it has the sealed request."""


@dataclass(frozen=True)
class Door:
    """One gateway."""

    settings: Settings
    key: Ed25519PrivateKey = field(repr=False)
    catalogue: Catalogue = field(repr=False)
    bus: Bus
    clock: Clock
    randomness: Randomness
    pace: Pace = field(default_factory=Pace)

    @cached_property
    def public_key(self) -> Ed25519PublicKey:
        """The gateway's signing key, as others know it."""
        return self.key.public_key()

    @cached_property
    def allowed_workers(self) -> frozenset[str]:
        """Thumbprints of the workers that may serve here."""
        return frozenset(self.settings.workers)

    @cached_property
    def limits(self) -> Limits:
        """What this gateway allows at most."""
        return Limits(
            max_images=self.settings.max_images,
            max_disclosures=self.settings.max_disclosures,
            token_seconds=self.settings.token_seconds,
            claim_seconds=self.settings.claim_seconds,
            job_seconds=self.settings.job_seconds,
        )

    @cached_property
    def terms(self) -> Terms:
        """What this gateway is willing to countersign."""
        return Terms(
            catalogue=self.catalogue, pools=self.settings.pools, region=self.settings.region, limits=self.limits
        )

    def facts(self, workers: dict[str, int]) -> Facts:
        """What this gateway says of itself; ``workers`` by pool."""
        return Facts(
            operator=self.settings.operator,
            contact=self.settings.contact,
            region=self.settings.region,
            key=signing.jwk_of(self.public_key),
            notice=self.catalogue.notice,
            pools=[
                PoolFact(name=pool, promise=PROMISES[pool], workers=workers.get(pool, 0))
                for pool in self.settings.pools
            ],
            bundles=[bundle_fact(name, manifest) for name, manifest in self.catalogue.bundles.items()],
            limits=self.limits,
        )
