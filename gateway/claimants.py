"""The workers that hold the lots of one job: until one is chosen, and those that were not."""

from dataclasses import dataclass, field

from gateway.answers import YES, problem
from gateway.bus import Message
from gateway.door import Door
from gateway.matching import Claimant
from gateway.passing import read_worker_frame
from gateway.receipts import check_unused
from schemas.errors import LikenessError, OutOfOrder
from schemas.frames import FrameKind
from schemas.job import Stop


@dataclass
class Claimants:
    """Who claimed, in the order in which they came."""

    door: Door
    offer_id: str
    held: list[Claimant] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """Thumbprints of those whose child ended unused."""

    def find(self, worker: str) -> Claimant | None:
        """The claimant with this thumbprint."""
        return next((claimant for claimant in self.held if claimant.worker == worker), None)

    @property
    def lapse_at(self) -> int:
        """When the last of their leases is over, unix time."""
        return max(claimant.lapses_at for claimant in self.held)

    @property
    def are_gone(self) -> bool:
        """Whether nobody is left to disclose to."""
        return {claimant.worker for claimant in self.held} <= self.gone

    async def hear_unchosen(self, message: Message) -> None:
        """Answer a worker to which nothing was disclosed: it may say that its child ended, and it ends there."""
        try:
            frame = read_worker_frame(message.payload)
            claimant = self.find(message.sender)
            if claimant is None or frame.kind not in {FrameKind.RECEIPT, FrameKind.PROBLEM}:
                raise OutOfOrder
            if frame.kind is FrameKind.RECEIPT:
                check_unused(frame.payload, claimant)
        except LikenessError as error:
            await message.answer(problem(error))
            return
        self.gone.add(claimant.worker)
        await message.answer(YES)

    async def stop(self, claimant: Claimant, why: Stop) -> None:
        """Tell ``claimant`` to end."""
        await self.door.bus.stop(claimant.worker, self.offer_id, why)

    async def stop_all(self, why: Stop, *, spared: Claimant | None = None) -> None:
        """Tell all of them, but ``spared``, to end."""
        for claimant in self.held:
            if claimant is not spared:
                await self.stop(claimant, why)
