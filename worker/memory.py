"""What a worker must not do twice, remembered for as long as it could be asked to, and no longer."""

from collections.abc import Callable
from typing import Final

MAX_ENTRIES: Final = 4096
"""Far more than one worker handles while an offer is open; a sender of endless offers fills no memory."""

Clock = Callable[[], int]


class ShortMemory:
    """Names, each with the unix time at which it may be forgotten."""

    def __init__(self, clock: Clock, most: int = MAX_ENTRIES) -> None:
        self._clock = clock
        self._most = most
        self._until: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._until)

    def keep(self, name: str, until: int) -> None:
        """Remember ``name`` until then. A full memory loses what it would forget first."""
        until = max(until, self._until.pop(name, 0))
        if len(self._until) >= self._most:
            self._make_room()
        self._until[name] = until

    def knows(self, name: str) -> bool:
        """Whether ``name`` is remembered."""
        return self._until.get(name, 0) > self._clock()

    def _make_room(self) -> None:
        now = self._clock()
        self._until = {name: until for name, until in self._until.items() if until > now}
        if len(self._until) >= self._most:
            del self._until[min(self._until, key=self._until.__getitem__)]
