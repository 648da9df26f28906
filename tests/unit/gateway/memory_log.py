"""The log in memory: the same promises over tests/log_world, whose witnesses cosign at once."""

from dataclasses import dataclass, field

from schemas.errors import LogUnavailable
from tests.log_world import LogWorld


@dataclass
class MemoryLog:
    """See ``gateway.log.Log``."""

    world: LogWorld = field(default_factory=LogWorld)
    problem: str = ""

    def break_off(self) -> None:
        """From now on nothing is written or witnessed."""
        self.problem = LogUnavailable.code

    @property
    def entries(self) -> list[bytes]:
        """What stands in it, in order."""
        return self.world.entries

    async def append(self, entry: bytes) -> str:
        """See ``log.Log``."""
        if self.problem:
            raise LogUnavailable
        return self.world.prove(entry)

    def health(self) -> str:
        """See ``log.Log``."""
        return self.problem
