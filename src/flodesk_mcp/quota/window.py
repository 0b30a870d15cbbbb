"""A moving window of requests: never more than allowed in any 60 seconds, in order of arrival, for one process.

A token bucket would let almost twice the quota through in its first minute, so each request holds a slot
of a moving window. The other side counts when a request arrives, somewhere between its leaving and its answer: a slot
is therefore held until 60 seconds after the *answer*, which no jitter of the network can undercut.
"""

import math
from bisect import insort
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from operator import attrgetter

import anyio

from flodesk_mcp.deadline import CLOCK_STEP, WaitDeadline
from flodesk_mcp.quota.protocol import QuotaSpent, Slot

__all__ = ["Window", "WindowQuota"]

MINUTE = 60.0
WINDOW_SECONDS = MINUTE + 0.5
"""The other side's minute, and half a second for clocks that differ."""

MAX_IN_FLIGHT = 10


@dataclass(eq=False)
class _Turn:
    """A request's place in the queue."""

    arrival: int
    woken: anyio.Event = field(default_factory=anyio.Event)


class Window:
    """At most `limit` requests in any minute, `at_once` of them under way, and a queue of those that have to wait."""

    def __init__(self, limit: int, at_once: int | None = None) -> None:
        if limit < 1:
            raise ValueError("a quota is at least one request a minute")
        self.limit = limit
        self._at_once = at_once or limit
        self._allowed_in_all = limit
        self._under_way: list[Slot] = []
        self._ended: deque[Slot] = deque()  # in the order in which they ended, and so become free
        self._foreign: list[float] = []
        self._queue: list[_Turn] = []
        self._closed_until = -math.inf
        self._newest_observed = -math.inf

    @asynccontextmanager
    async def slot(self, deadline: WaitDeadline) -> AsyncIterator[Slot]:
        """Hold a slot during the block, and 60 seconds more.

        Raises QuotaSpent at once when `deadline` does not allow the wait.
        """
        slot = await self._take(deadline)
        try:
            yield slot
        finally:
            self._under_way.remove(slot)
            if slot.sent:
                slot.ended_at = anyio.current_time()
                self._ended.append(slot)
            self._wake_next()

    def observe(self, allowed: int, remaining: int, left_at: float) -> None:
        """Believe the other side's count where it shows that other applications spend the same quota.

        `left_at` is when the request left whose answer says so. Requests that were under way beside it may or may
        not be in that count, and those of a minute ago may have left it, so others' share is known within bounds.
        """
        if left_at < self._newest_observed:
            return  # overtaken by the answer to a later request
        self._newest_observed = left_at
        self._forget_the_old()
        now = anyio.current_time()
        used = max(allowed - remaining, 0)
        others = max(used - self._taken(), 0)
        if others < len(self._foreign):
            surely_in_it = sum(
                slot.counted and slot.ended_at is not None and slot.ended_at <= left_at and now < slot.left_at + MINUTE
                for slot in self._ended
            )
            others = min(len(self._foreign), max(used - surely_in_it, 0))
        news = others - len(self._foreign)
        self._allowed_in_all = allowed
        if news > 0:
            self._foreign += [now + WINDOW_SECONDS] * news
            self._wake_all()
        else:
            del self._foreign[:-news]
            self._wake_next()

    def close_for(self, seconds: float) -> None:
        """Let nobody through for `seconds`."""
        self._closed_until = max(self._closed_until, anyio.current_time() + seconds)
        self._wake_all()

    def seconds_until_free(self, ahead: int | None = None) -> float:
        """Return how long a request must wait that has `ahead` others before it, by default the whole queue."""
        self._forget_the_old()
        now = anyio.current_time()
        ahead = len(self._queue) if ahead is None else ahead
        taken = self._taken()
        if now >= self._closed_until and ahead + taken < min(self.limit, self._allowed_in_all - len(self._foreign)):
            return 0.0
        own = [_free_at(slot) for slot in (*self._ended, *self._under_way)]
        free_at = max(
            _turn_of(own, self.limit, ahead, now),
            _turn_of(own + self._foreign, self._allowed_in_all, ahead, now),
            self._closed_until,
        )
        return wait if (wait := free_at - now) > CLOCK_STEP else 0.0

    def free(self) -> int:
        """Return how many requests may leave in this minute."""
        self._forget_the_old()
        return max(min(self.limit, self._allowed_in_all - len(self._foreign)) - self._taken(), 0)

    def _taken(self) -> int:
        return len(self._under_way) + len(self._ended)

    async def _take(self, deadline: WaitDeadline) -> Slot:
        turn = _Turn(deadline.arrival)
        insort(self._queue, turn, key=attrgetter("arrival"))
        try:
            # Twice, because leaving `waiting` takes time: between the last look and the taking, nobody else may run.
            while self._pause(turn, deadline) is not None:
                async with deadline.waiting(self.seconds_until_free(self._queue.index(turn))):
                    while (pause := self._pause(turn, deadline)) is not None:
                        turn.woken = anyio.Event()
                        with anyio.move_on_after(pause):
                            await turn.woken.wait()
            slot = Slot(left_at=anyio.current_time())
            self._under_way.append(slot)
            return slot
        finally:
            self._queue.remove(turn)
            self._wake_next()

    def _pause(self, turn: _Turn, deadline: WaitDeadline) -> float | None:
        """Return how long `turn` sleeps at most before it looks again, or None if it may leave now."""
        ahead = self._queue.index(turn)
        wait = self.seconds_until_free(ahead)
        crowded = len(self._under_way) + ahead >= self._at_once
        if (wait and not deadline.allows(wait)) or (crowded and not deadline.seconds_left):
            raise QuotaSpent(wait or 1)
        if not ahead:
            return wait or (deadline.seconds_left if crowded else None)
        # Whoever leaves wakes the next, so all that those behind must not miss is their deadline.
        return deadline.seconds_left if wait or crowded else math.inf

    def _forget_the_old(self) -> None:
        now = anyio.current_time()
        while self._ended and _free_at(self._ended[0]) <= now:
            self._ended.popleft()
        self._foreign = [free_at for free_at in self._foreign if free_at > now]

    def _wake_next(self) -> None:
        if self._queue:
            self._queue[0].woken.set()

    def _wake_all(self) -> None:
        """Let all see that their wait has become longer, so that those who cannot wait fail at once."""
        for turn in self._queue:
            turn.woken.set()


def _turn_of(taken: list[float], limit: int, ahead: int, now: float) -> float:
    """Return when the request with `ahead` others before it may leave, if `taken` says when each slot is freed."""
    rounds, index = divmod(ahead, limit)
    # The slots that nobody holds come first. With more taken than allowed, the first to be freed open no slot.
    place = index - (limit - len(taken))
    return (now if place < 0 else sorted(taken)[place]) + rounds * WINDOW_SECONDS


def _free_at(slot: Slot) -> float:
    """Return when others can have the slot; for a request under way, the soonest that is possible."""
    return (anyio.current_time() if slot.ended_at is None else slot.ended_at) + WINDOW_SECONDS


class WindowQuota:
    """A Quota for one process: two windows, and at most ten requests under way at once.

    A batch counts in both windows. It waits for the batches' window first and joins the other queue only then, so
    that it holds up no ordinary request. Waiting for one of the ten places counts as waiting for quota.
    """

    def __init__(self, requests_per_minute: int = 100, batches_per_minute: int = 20) -> None:
        self._requests = Window(requests_per_minute, at_once=MAX_IN_FLIGHT)
        self._batches = Window(batches_per_minute)

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
