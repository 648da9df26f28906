"""What every job of one worker needs: who it is, the connection, its clock, and what it remembers."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import signing
from schemas.attestation import AttestationKey
from worker.attest import Tpm
from worker.intake import Intake
from worker.memory import Clock, ShortMemory
from worker.settings import Settings


def _unix_time() -> int:
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Listing:
    """A valid roster entry of this worker, and the keys of the gateway that are trusted here."""

    roster: str
    """The entry as the gateway signed it."""
    gateway: signing.Keys
    not_after: int
    """Unix time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One for a worker."""

    settings: Settings
    identity: Ed25519PrivateKey = field(repr=False)
    worker: str
    """Thumbprint of ``identity``."""
    software: str
    intake: Intake
    stopping: asyncio.Event
    """Set when this worker shall end."""
    tpm: tuple[Tpm, AttestationKey] | None = None
    """Measured, and the key that it signs with; every worker of the pool ``attested`` has one."""
    clock: Clock = _unix_time
    random: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    claimed: ShortMemory = field(default_factory=lambda: ShortMemory(_unix_time))
    """Offer ids of which this worker has a lot: another one is for another worker."""
    handed: ShortMemory = field(default_factory=lambda: ShortMemory(_unix_time))
    """Digests of the sealed requests that were handed to a child."""
