"""What one credential may send: the windows of its requests and of its batches."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.flodesk.errors import QuotaExhausted
from flodesk_mcp.quota.window import Slot, Window

__all__ = ["Quota"]

MAX_IN_FLIGHT = 10


class Quota:
    """Two windows, and at most ten requests under way at once.

    A batch counts in both windows. It waits for the batches' window first and joins the other queue only then, so
    that it holds up no ordinary request. Waiting for one of the ten places counts as waiting for quota.
    """

    def __init__(self, requests_per_minute: int = 100, batches_per_minute: int = 20) -> None:
        self.requests = Window(requests_per_minute, at_once=MAX_IN_FLIGHT)
        self.batches = Window(batches_per_minute)

    @asynccontextmanager
    async def slot(self, budget: WaitDeadline, *, batch: bool = False) -> AsyncIterator[Slot]:
        """Hold what one request needs for as long as it is under way.

        Raises QuotaExhausted at once when `budget` does not allow the wait.
        """
        if not batch:
            async with self.requests.slot(budget) as slot:
                yield slot
            return
        wait = self.seconds_until_free(batch=True)
        if wait and not budget.allows(wait):
            raise QuotaExhausted(wait)
        async with self.batches.slot(budget) as outer:
            outer.sent = False
            async with self.requests.slot(budget) as slot:
                outer.left_at = slot.left_at
                try:
                    yield slot
                finally:
                    outer.sent, outer.counted = slot.sent, slot.counted

    def seconds_until_free(self, *, batch: bool = False) -> float:
        """Return how long a request must wait that arrives now."""
        wait = self.requests.seconds_until_free()
        return max(wait, self.batches.seconds_until_free()) if batch else wait

    def observe(self, headers: Mapping[str, str], slot: Slot, *, batch: bool = False) -> None:
        """Learn from the quota headers of the answer to the request in `slot`. Source: flodesk-api, ToolFilter.

        Which of the two quotas a batch's answer tells of is not documented: its limit shows it.
        """
        allowed = _count(headers.get("X-Fd-RateLimit-Limit"))
        remaining = _count(headers.get("X-Fd-RateLimit-Remaining"))
        if allowed and remaining is not None:
            window = self.batches if batch and allowed <= self.batches.limit else self.requests
            window.observe(allowed, remaining, slot.left_at)

    def close_for(self, seconds: float, *, batch: bool = False) -> None:
        """Let nobody through for `seconds`: Flodesk said so (Retry-After). After a batch, only batches wait."""
        (self.batches if batch else self.requests).close_for(seconds)


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004
