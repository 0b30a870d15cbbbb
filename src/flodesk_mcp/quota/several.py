"""An account with several quotas: so many requests in ten seconds, say, and so many in a day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.protocol import Quota, QuotaSpent, Slot
from flodesk_mcp.quota.window import counted_twice

__all__ = ["SeveralQuotas"]


class SeveralQuotas:
    """A Quota of a narrow and a wide one, each of which counts every request.

    A request waits for the wide one first and joins the other queue only then, so that it holds up nobody who may go.
    """

    def __init__(self, narrow: Quota, wide: Quota, *, wide_above: int) -> None:
        """Take both. An answer that allows more than `wide_above` requests tells of the wide one."""
        self._narrow = narrow
        self._wide = wide
        self._wide_above = wide_above

    @asynccontextmanager
    async def slot(self, deadline: WaitDeadline, *, batch: bool = False) -> AsyncIterator[Slot]:
        """Hold what one request needs for as long as it is under way. Raises QuotaSpent."""
        wait = self.seconds_until_free(batch=batch)
        if wait and not deadline.allows(wait):
            raise QuotaSpent(wait)
        both = counted_twice(self._wide.slot(deadline, batch=batch), self._narrow.slot(deadline, batch=batch))
        async with both as slot:
            yield slot

    def observe(self, allowed: int, remaining: int, slot: Slot, *, batch: bool = False) -> None:
        """Learn what the answer to the request in `slot` tells of one of them."""
        (self._wide if allowed > self._wide_above else self._narrow).observe(allowed, remaining, slot, batch=batch)

    def close_for(self, seconds: float, *, batch: bool = False) -> None:
        """Let nobody through for `seconds`."""
        self._narrow.close_for(seconds, batch=batch)

    def seconds_until_free(self, *, batch: bool = False) -> float:
        """Return how long a request must wait that arrives now."""
        return max(self._narrow.seconds_until_free(batch=batch), self._wide.seconds_until_free(batch=batch))

    def free(self) -> int:
        """Return how many requests may leave until the narrow quota begins anew."""
        return min(self._narrow.free(), self._wide.free())
