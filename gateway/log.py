"""What the gateway asks of its log. ``gateway/log_keeper.py`` keeps these promises; the tests keep them in memory."""

from typing import Protocol


class Log(Protocol):
    """One transparency log (spec/transparency-log.md)."""

    async def append(self, entry: bytes) -> str:
        """The proof (tlog-proof text) that ``entry`` stands in the log, under a checkpoint fresh enough for the policy.

        It stands there once, however often this is asked.

        Raises:
            LogUnavailable: it could not be written or witnessed in time.
        """

    def health(self) -> str:
        """Empty, or the code of what is wrong; asks nobody."""
