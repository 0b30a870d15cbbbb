"""A moving window of requests: never more than allowed in any 60 seconds, in order of arrival, for one process."""

import math
from bisect import insort
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter

import anyio

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.ledger import Bounds, Ledger
from flodesk_mcp.quota.pair import MAX_IN_FLIGHT, WindowPair
from flodesk_mcp.quota.protocol import QuotaSpent, Slot

__all__ = ["Window", "WindowQuota"]

THIS_PROCESS = ""


@dataclass(eq=False)
class _Turn:
    """A request's place in the queue: those of jobs stand behind all others."""

    of_a_job: bool
    arrival: int
    woken: anyio.Event = field(default_factory=anyio.Event)


class Window:
    """At most `limit` requests in any minute, `at_once` of them under way, and a queue of those that have to wait."""

    def __init__(self, limit: int, at_once: int | None = None) -> None:
        self.limit = limit
        self._bounds = Bounds(limit, at_once or limit)
        self._ledger = Ledger()
        self._keys = map(str, count())
        self._queue: list[_Turn] = []

    @asynccontextmanager
    async def slot(self, deadline: WaitDeadline) -> AsyncIterator[Slot]:
        """Hold a slot during the block, and 60 seconds more.

        Raises QuotaSpent at once when `deadline` does not allow the wait.
        """
        key, slot = await self._take(deadline)
        try:
            yield slot
        finally:
            slot.ended_at = anyio.current_time()
            self._ledger.end(key, slot, self._bounds, slot.ended_at)
            self._wake_next()

    def observe(self, allowed: int, remaining: int, left_at: float) -> None:
        """Learn what the answer to the request that left at `left_at` tells of the quota."""
        if self._ledger.observe(allowed, remaining, left_at, self._bounds, anyio.current_time()) > 0:
            self._wake_all()
        else:
            self._wake_next()

    def close_for(self, seconds: float) -> None:
        """Let nobody through for `seconds`."""
        self._ledger.close(seconds, anyio.current_time())
        self._wake_all()

    def seconds_until_free(self, ahead: int | None = None) -> float:
        """Return how long a request must wait that has `ahead` others before it, by default all but those of jobs."""
        ahead = sum(not turn.of_a_job for turn in self._queue) if ahead is None else ahead
        return self._ledger.seconds_until_free(self._bounds, ahead, anyio.current_time())

    def free(self) -> int:
        """Return how many requests may leave in this minute."""
        return self._ledger.free(self._bounds, anyio.current_time())

    async def _take(self, deadline: WaitDeadline) -> tuple[str, Slot]:
        turn = _Turn(deadline.background, deadline.arrival)
        insort(self._queue, turn, key=attrgetter("of_a_job", "arrival"))
        try:
            # Twice, because leaving `waiting` takes time: between the last look and the taking, nobody else may run.
            while self._pause(turn, deadline) is not None:
                async with deadline.waiting(self._wait(self._queue.index(turn), deadline)):
                    while (pause := self._pause(turn, deadline)) is not None:
                        turn.woken = anyio.Event()
                        with anyio.move_on_after(pause):
                            await turn.woken.wait()
            key, slot = next(self._keys), Slot(left_at=anyio.current_time())
            self._ledger.leave(key, THIS_PROCESS, slot.left_at, background=deadline.background)
            return key, slot
        finally:
            self._queue.remove(turn)
            self._wake_next()

    def _pause(self, turn: _Turn, deadline: WaitDeadline) -> float | None:
        """Return how long `turn` sleeps at most before it looks again, or None if it may leave now."""
        ahead = self._queue.index(turn)
        wait = self._wait(ahead, deadline)
        crowded = self._ledger.is_crowded(self._bounds, ahead, background=deadline.background)
        if (wait and not deadline.allows(wait)) or (crowded and not deadline.seconds_left):
            raise QuotaSpent(wait or 1)
        if not ahead:
            return wait or (deadline.seconds_left if crowded else None)
        # Whoever leaves wakes the next, so all that those behind must not miss is their deadline.
        return deadline.seconds_left if wait or crowded else math.inf

    def _wait(self, ahead: int, deadline: WaitDeadline) -> float:
        if deadline.background:
            return self._ledger.seconds_until_spare(self._bounds, ahead, anyio.current_time())
        return self.seconds_until_free(ahead)

    def _wake_next(self) -> None:
        if self._queue:
            self._queue[0].woken.set()

    def _wake_all(self) -> None:
        """Let all see that their wait has become longer, so that those who cannot wait fail at once."""
        for turn in self._queue:
            turn.woken.set()


class WindowQuota(WindowPair):
    """The quota of an account that one process alone spends."""

    def __init__(self, requests_per_minute: int = 100, batches_per_minute: int = 20) -> None:
        super().__init__(Window(requests_per_minute, at_once=MAX_IN_FLIGHT), Window(batches_per_minute))
