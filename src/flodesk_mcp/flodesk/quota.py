"""The request windows: never more than Flodesk allows in any 60 seconds, in order of arrival.

A token bucket would let almost twice the quota through in its first minute, so each request holds a slot
of a moving window. Flodesk counts when a request arrives, somewhere between its leaving and its answer: a slot
is therefore held until 60 seconds after the *answer*, which no jitter of the network can undercut.
"""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from flodesk_mcp.flodesk.budget import Budget
from flodesk_mcp.flodesk.errors import QuotaExhausted

__all__ = ["Quota", "Slot", "Window"]

WINDOW_SECONDS = 60.5
"""Flodesk's minute, and half a second for clocks that differ."""

MAX_IN_FLIGHT = 10

_CLOCK_STEP = 0.001  # shorter waits are rounding errors of the clock


@dataclass(eq=False)
class Slot:
    """One request's place in the window. `free_at` is None while the request is under way.

    A slot whose request never left (`sent` is False at the end) costs nothing.
    """

    free_at: float | None = None
    sent: bool = False


class Window:
    """At most `limit` requests in any minute, and those behind each other that have to wait."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._allowed_in_all = limit
        self._own: list[Slot] = []
        self._foreign: list[float] = []
        self._queued = 0
        self._closed_until = -math.inf
        self._turn = anyio.Lock()
        self._changed = anyio.Event()

    @asynccontextmanager
    async def slot(self, budget: Budget) -> AsyncIterator[Slot]:
        """Hold a slot during the block, and 60 seconds more.

        Raises QuotaExhausted at once when `budget` does not allow the wait.
        """
        slot = await self._take(budget)
        try:
            yield slot
        finally:
            if slot.sent:
                slot.free_at = anyio.current_time() + WINDOW_SECONDS
            else:
                self._own.remove(slot)
            self._wake()

    def observe(self, allowed: int, remaining: int) -> None:
        """Believe Flodesk's own count where it shows that other applications spend the same quota.

        Requests under way may or may not be in Flodesk's count, so theirs is known within bounds only.
        """
        self._forget_the_old()
        used = allowed - remaining
        answered = sum(slot.free_at is not None for slot in self._own)
        least, most = max(used - len(self._own), 0), max(used - answered, 0)
        others = min(max(len(self._foreign), least), most)
        news = others - len(self._foreign)
        if news > 0:
            self._foreign += [anyio.current_time() + WINDOW_SECONDS] * news
        else:
            del self._foreign[:-news]
        self._allowed_in_all = allowed
        self._wake()

    def close_for(self, seconds: float) -> None:
        """Let nobody through for `seconds`: Flodesk said so (Retry-After)."""
        self._closed_until = max(self._closed_until, anyio.current_time() + seconds)

    def seconds_until_free(self, ahead: int = 0) -> float:
        """Return how long a request must wait that has `ahead` others before it in the queue."""
        self._forget_the_old()
        now = anyio.current_time()
        own = [now + WINDOW_SECONDS if slot.free_at is None else slot.free_at for slot in self._own]
        free_at = max(
            _turn_of(own, self.limit, ahead, now),
            _turn_of(own + self._foreign, self._allowed_in_all, ahead, now),
            self._closed_until,
        )
        return wait if (wait := free_at - now) > _CLOCK_STEP else 0.0

    def free(self) -> int:
        """Return how many requests may leave at once."""
        self._forget_the_old()
        taken = len(self._own)
        return max(min(self.limit - taken, self._allowed_in_all - taken - len(self._foreign)), 0)

    async def _take(self, budget: Budget) -> Slot:
        wait = self.seconds_until_free(ahead=self._queued)
        if wait and not budget.allows(wait):
            raise QuotaExhausted(wait)
        self._queued += 1
        try:
            async with budget.waiting(wait), self._turn:
                while wait := self.seconds_until_free():
                    if not budget.allows(wait):
                        raise QuotaExhausted(wait)
                    with anyio.move_on_after(wait):
                        await self._changed.wait()
                slot = Slot()
                self._own.append(slot)
                return slot
        finally:
            self._queued -= 1

    def _forget_the_old(self) -> None:
        now = anyio.current_time()
        self._own = [slot for slot in self._own if slot.free_at is None or slot.free_at > now]
        self._foreign = [free_at for free_at in self._foreign if free_at > now]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


def _turn_of(taken: list[float], limit: int, ahead: int, now: float) -> float:
    """Return when the request with `ahead` others before it may leave, if `taken` says when each slot is freed."""
    rounds, index = divmod(ahead, limit)
    # The slots that nobody holds come first. With more taken than allowed, the first to be freed open no slot.
    place = index - (limit - len(taken))
    return (now if place < 0 else sorted(taken)[place]) + rounds * WINDOW_SECONDS


class Quota:
    """What one credential may send: two windows, and at most ten requests at once."""

    def __init__(self, requests_per_minute: int = 100, batches_per_minute: int = 20) -> None:
        self.requests = Window(requests_per_minute)
        self.batches = Window(batches_per_minute)
        self._in_flight = anyio.Semaphore(MAX_IN_FLIGHT)

    @asynccontextmanager
    async def slot(self, budget: Budget, *, batch: bool = False) -> AsyncIterator[Slot]:
        """Hold what one request needs for as long as it is under way. A batch counts in both windows.

        Raises QuotaExhausted at once when `budget` does not allow the wait.
        """
        if batch:
            async with self.batches.slot(budget) as outer, self.slot(budget) as slot:
                try:
                    yield slot
                finally:
                    outer.sent = slot.sent
            return
        async with self.requests.slot(budget) as slot:
            await self._enter(budget)
            slot.sent = True
            try:
                yield slot
            finally:
                self._in_flight.release()

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from the quota headers of an answer. Source: flodesk-api, Limits."""
        allowed = _count(headers.get("X-Fd-RateLimit-Limit"))
        remaining = _count(headers.get("X-Fd-RateLimit-Remaining"))
        if allowed and remaining is not None:
            self.requests.observe(allowed, remaining)

    def close_for(self, seconds: float, *, batch: bool = False) -> None:
        """Let nobody through for `seconds`: Flodesk said so (Retry-After)."""
        (self.batches if batch else self.requests).close_for(seconds)

    async def _enter(self, budget: Budget) -> None:
        try:
            self._in_flight.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(budget.deadline - anyio.current_time()):
                await self._in_flight.acquire()
                return
            raise QuotaExhausted(1) from None


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004
