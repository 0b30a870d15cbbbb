"""The queue of one process before a window that others share, wherever that is.

Within a process calls queue in order of arrival. Each process tells the others when its waiting calls began, so that
among processes, too, who came first leaves first; one that does not look when it said it would may be overtaken.
"""

import random
from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from operator import attrgetter

import anyio

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.ledger import Bounds
from flodesk_mcp.quota.protocol import Slot
from flodesk_mcp.quota.window import MAX_IN_FLIGHT

__all__ = [
    "CROWDED",
    "LATE",
    "MOST_ARRIVALS",
    "MOST_OF_PAUSE",
    "OTHERS_MAY_CHANGE",
    "OVERTAKEN_AFTER",
    "Turn",
    "TurnQueue",
    "pause_of_first",
]

OVERTAKEN_AFTER = 1.0
"""A process that looks so much later than it said is stopped, or its machine is too busy."""

OTHERS_MAY_CHANGE = 2.0
"""Who waits for other processes looks again after so many seconds: one of them may have died, or given up."""

CROWDED = 0.05
LATE = 0.02
"""Seconds: looks of those who wait for others to answer, and the spread of those who wait for the same moment."""

LEAST_OF_PAUSE, MOST_OF_PAUSE = 0.5, 1.5
"""Times a pause: looks of several processes are spread."""

MOST_ARRIVALS = 100


@dataclass(eq=False)
class Turn:
    """A request's place in this process's queue, and among all processes' by when its call began.

    Those of jobs stand behind all others.
    """

    of_a_job: bool
    arrival: int
    began: float
    taken: tuple[str, Slot] | None = None
    woken: anyio.Event = field(default_factory=anyio.Event)


class TurnQueue(ABC):
    """One of the two windows, and this process's queue before it. Where the window is, a subclass knows."""

    def __init__(self, bounds: Bounds) -> None:
        self.limit = bounds.limit
        self._bounds = bounds
        self._queue: list[Turn] = []

    @abstractmethod
    async def _look(self, turn: Turn, deadline: WaitDeadline) -> float:
        """Take a slot for `turn`, or return how long it sleeps at most before the next look.

        Raises QuotaSpent when the deadline does not allow the wait.
        """

    @abstractmethod
    def _wait_of(self, turn: Turn) -> float:
        """Return how long `turn` must wait, as far as is known without looking."""

    @abstractmethod
    async def _write_down(self) -> None:
        """Tell the others how the queue stands."""

    @abstractmethod
    async def _end(self, key: str, slot: Slot) -> None:
        """Hold the place of a request that has ended for a minute more, or none for one that never left."""

    @asynccontextmanager
    async def slot(self, deadline: WaitDeadline) -> AsyncIterator[Slot]:
        """Hold a slot during the block, and 60 seconds more.

        Raises QuotaSpent at once when `deadline` does not allow the wait.
        """
        key, slot = await self._take(deadline)
        try:
            yield slot
        finally:
            with anyio.CancelScope(shield=True):
                await self._end(key, slot)
            self._wake_next()

    async def _take(self, deadline: WaitDeadline) -> tuple[str, Slot]:
        turn = Turn(deadline.background, deadline.arrival, deadline.began)
        insort(self._queue, turn, key=attrgetter("of_a_job", "arrival"))
        try:
            pause = await self._look(turn, deadline)
            if turn.taken is None:
                async with deadline.waiting(self._wait_of(turn)):
                    while turn.taken is None:
                        with anyio.move_on_after(pause):
                            await turn.woken.wait()
                        turn.woken = anyio.Event()  # before the look: who leaves while that takes its time is noticed
                        pause = await self._look(turn, deadline)
        except BaseException:
            if turn.taken is not None:  # it was cancelled in the moment of leaving
                turn.taken[1].sent = False
                with anyio.CancelScope(shield=True):
                    await self._end(*turn.taken)
            raise
        else:
            return turn.taken
        finally:
            if turn in self._queue:
                self._queue.remove(turn)
                with anyio.CancelScope(shield=True):
                    await self._write_down()
            self._wake_next()

    def _arrivals(self, waiting: Sequence[Turn]) -> tuple[list[float], list[float]]:
        """Return when the first calls among those `waiting` began, and the first jobs."""
        first = waiting[:MOST_ARRIVALS]
        return [turn.began for turn in first if not turn.of_a_job], [turn.began for turn in first if turn.of_a_job]

    def _wake_next(self) -> None:
        if self._queue:
            self._queue[0].woken.set()

    def _wake_all(self) -> None:
        for turn in self._queue:
            turn.woken.set()


def pause_of_first(wait: float, ahead: int, *, others: bool) -> float:
    """Return how long the first of a queue sleeps: until its turn, if that is known.

    `others` says that other processes have requests under way or before it.
    """
    spread = random.uniform(LEAST_OF_PAUSE, MOST_OF_PAUSE)  # noqa: S311 - spreads looks, no secret
    if not wait:
        # Nothing tells when others' requests end. The further behind, the more of them must, the rarer the looks.
        return CROWDED * (1 + min(ahead, MAX_IN_FLIGHT)) * spread
    its_turn = wait + random.uniform(0, LATE)  # noqa: S311
    return min(OTHERS_MAY_CHANGE * spread, its_turn) if others else its_turn
