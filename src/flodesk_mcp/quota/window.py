"""Moving windows: never more requests than allowed in any 60 seconds, in order of arrival. For one process."""

import math
from bisect import insort
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter
from typing import Protocol

import anyio

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.ledger import MINUTE, Bounds, Ledger
from flodesk_mcp.quota.protocol import QuotaSpent, Slot

__all__ = ["MAX_IN_FLIGHT", "Window", "WindowPair", "WindowQuota"]

MAX_IN_FLIGHT = 10
THIS_PROCESS = ""


@dataclass(eq=False)
class _Turn:
    """A request's place in the queue: those of jobs stand behind all others."""

    of_a_job: bool
    arrival: int
    woken: anyio.Event = field(default_factory=anyio.Event)


class Window:
    """At most `limit` requests in any `minute`, `at_once` of them under way, and a queue of those that have to wait."""

    def __init__(self, limit: int, at_once: int | None = None, minute: float = MINUTE) -> None:
        self.limit = limit
        self._bounds = Bounds(limit, at_once or limit, minute)
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
            self._ledger.leave(key, THIS_PROCESS, self._bounds, slot.left_at, background=deadline.background)
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


class _AnyWindow(Protocol):
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

    def __init__(self, requests: _AnyWindow, batches: _AnyWindow) -> None:
        self._requests = requests
        self._batches = batches

    def slot(self, deadline: WaitDeadline, *, batch: bool = False) -> AbstractAsyncContextManager[Slot]:
        """Hold what one request needs for as long as it is under way; wait for it in order of arrival.

        Raises QuotaSpent at once when `deadline` does not allow the wait.
        """
        return self._slot_of_batch(deadline) if batch else self._requests.slot(deadline)

    @asynccontextmanager
    async def _slot_of_batch(self, deadline: WaitDeadline) -> AsyncIterator[Slot]:
        wait = self.seconds_until_free(batch=True)
        if wait and not deadline.allows(wait):
            raise QuotaSpent(wait)
        async with counted_twice(self._batches.slot(deadline), self._requests.slot(deadline)) as slot:
            yield slot

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


class WindowQuota(WindowPair):
    """The quota of an account that one process alone spends; its `minute` is as long as the service says."""

    def __init__(self, requests_per_minute: int = 100, batches_per_minute: int = 20, *, minute: float = MINUTE) -> None:
        requests = Window(requests_per_minute, MAX_IN_FLIGHT, minute)
        super().__init__(requests, Window(batches_per_minute, minute=minute))


@asynccontextmanager
async def counted_twice(
    wide: AbstractAsyncContextManager[Slot], narrow: AbstractAsyncContextManager[Slot]
) -> AsyncIterator[Slot]:
    """Hold a place in a wide quota, and then the slot in a narrow one: what becomes of the request counts in both."""
    async with wide as outer:
        outer.sent = False
        async with narrow as slot:
            outer.left_at = slot.left_at
            try:
                yield slot
            finally:
                outer.sent, outer.counted = slot.sent, slot.counted
