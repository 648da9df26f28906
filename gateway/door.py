"""All that a handler works with, handed in from outside: settings, key, catalogue, bus, log, clock, randomness."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.bus import Bus
from gateway.catalogue import Catalogue, bundle_fact
from gateway.issuing import Terms
from gateway.key_ring import FormerKey
from gateway.log import Log
from gateway.settings import Settings
from gateway.throttle import Throttle
from schemas import signing
from schemas.facts import Facts, Limits, PoolFact
from schemas.pools import LOTS, PROMISES

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
    choose_seconds: float = 10.0
    """How long the first worker that claims waits for the others, where a job has several lots."""
    hand_over_seconds: float = 5.0
    """How long a worker may take to say that it has the sealed request."""


@dataclass(frozen=True)
class Door:
    """One gateway."""

    settings: Settings
    key: Ed25519PrivateKey = field(repr=False)
    """Signs now."""
    catalogue: Catalogue = field(repr=False)
    bus: Bus
    log: Log
    clock: Clock
    randomness: Randomness
    former_keys: tuple[FormerKey, ...] = ()
    """Signed before, and still verify for a while."""
    pace: Pace = field(default_factory=Pace)

    @property
    def public_keys(self) -> signing.Keys:
        """The gateway's keys as others know them at this moment, the one that signs first."""
        now = self.clock()
        return (self.key.public_key(), *(former.key for former in self.former_keys if now < former.until))

    @cached_property
    def allowed_workers(self) -> frozenset[str]:
        """Thumbprints of the workers that may serve here."""
        return frozenset(self.settings.workers)

    @cached_property
    def throttle(self) -> Throttle:
        """How many consents are taken."""
        return Throttle(self.settings.consents_per_minute)

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
            keys=[signing.jwk_of(key) for key in self.public_keys],
            notice=self.catalogue.notice,
            pools=[
                PoolFact(name=pool, promise=PROMISES[pool], lots=LOTS[pool], workers=workers.get(pool, 0))
                for pool in self.settings.pools
            ],
            bundles=[bundle_fact(name, manifest) for name, manifest in self.catalogue.bundles.items()],
            limits=self.limits,
        )
