"""How many in a minute: a token bucket, so that a flood of valid consents fills neither the ledger nor the log."""

from dataclasses import dataclass
from typing import Final

MINUTE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Throttle:
    """Lets ``per_minute`` through at once, and then as many as come with time."""

    per_minute: int
    left: float = 0.0
    looked_at: float = float("-inf")
    """Never, so that it is full at the first look."""

    def take(self, now: float) -> float:
        """0.0 when one more goes through at ``now``, else how long to wait; seconds, of a clock that goes forward."""
        per_second = self.per_minute / MINUTE_SECONDS
        self.left = min(float(self.per_minute), self.left + (now - self.looked_at) * per_second)
        self.looked_at = now
        if self.left < 1.0:
            return (1.0 - self.left) / per_second
        self.left -= 1.0
        return 0.0
