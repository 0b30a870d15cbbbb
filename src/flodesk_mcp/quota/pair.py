"""The two windows of an account: that of all requests, and that of batches, which count in both."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.protocol import QuotaSpent, Slot

__all__ = ["MAX_IN_FLIGHT", "WindowPair"]

MAX_IN_FLIGHT = 10


class _Window(Protocol):
    """A window and the queue before it, wherever it counts."""

    limit: int

    def slot(self, deadline: WaitDeadline) -> AbstractAsyncContextManager[Slot]: ...
    def observe(self, allowed: int, remaining: int, left_at: float) -> None: ...
    def close_for(self, seconds: float) -> None: ...
    def seconds_until_free(self) -> float: ...
    def free(self) -> int: ...


class WindowPair:
    """A Quota of two windows.

    A batch waits for the batches' window first and joins the other queue only then, so that it holds up no ordinary
    request. Waiting for one of the ten places of requests under way counts as waiting for quota.
    """

    def __init__(self, requests: _Window, batches: _Window) -> None:
        self._requests = requests
        self._batches = batches

    @asynccontextmanager
    async def slot(self, deadline: WaitDeadline, *, batch: bool = False) -> AsyncIterator[Slot]:
        """Hold what one request needs for as long as it is under way; wait for it in order of arrival.

        Raises QuotaSpent at once when `deadline` does not allow the wait.
        """
        if not batch:
            async with self._requests.slot(deadline) as slot:
                yield slot
            return
        wait = self.seconds_until_free(batch=True)
        if wait and not deadline.allows(wait):
            raise QuotaSpent(wait)
        async with self._batches.slot(deadline) as outer:
            outer.sent = False
            async with self._requests.slot(deadline) as slot:
                outer.left_at = slot.left_at
                try:
                    yield slot
                finally:
                    outer.sent, outer.counted = slot.sent, slot.counted

    def observe(self, allowed: int, remaining: int, slot: Slot, *, batch: bool = False) -> None:
        """Learn what the answer to the request in `slot` tells of the quota.

        Which of the two a batch's answer tells of is not documented: its limit shows it.
        """
        window = self._batches if batch and allowed <= self._batches.limit else self._requests
        window.observe(allowed, remaining, slot.left_at)

    def close_for(self, seconds: float, *, batch: bool = False) -> None:
        """Let nobody through for `seconds`; after a batch, only batches wait."""
        (self._batches if batch else self._requests).close_for(seconds)

    def seconds_until_free(self, *, batch: bool = False) -> float:
        """Return how long a request must wait that arrives now."""
        wait = self._requests.seconds_until_free()
        return max(wait, self._batches.seconds_until_free()) if batch else wait

    def free(self) -> int:
        """Return how many requests may leave in this minute."""
        return self._requests.free()
