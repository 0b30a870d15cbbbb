"""A window that all processes of a user share, and this process's queue before it, both written down in one state."""

import math
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import anyio

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.ledger import Bounds, Ledger
from flodesk_mcp.quota.protocol import QuotaSpent, Slot
from flodesk_mcp.quota.state import Line, State, Waiting
from flodesk_mcp.quota.turns import OVERTAKEN_AFTER, Turn, TurnQueue, pause_of_first

if TYPE_CHECKING:
    from flodesk_mcp.quota.file import SharedState

__all__ = ["SharedWindow"]

T = TypeVar("T")

Place = tuple[bool, float, str]
"""Where a turn stands among all processes': whether it is a job's, when its call began, and its process."""


class SharedWindow(TurnQueue):
    """One of the two windows, and this process's queue before it."""

    def __init__(self, shared: "SharedState", line_of: Callable[[State], Line], bounds: Bounds) -> None:
        super().__init__(bounds)
        self._shared = shared
        self._line_of = line_of
        self._keys = count()
        self._promise: tuple[Turn, float] | None = None
        self._heard: list[Callable[[Ledger, float], object]] = []

    def observe(self, allowed: int, remaining: int, left_at: float) -> None:
        """Learn what the answer to the request that left at `left_at` tells; the others do when it has ended."""
        self._heard.append(lambda ledger, now: ledger.observe(allowed, remaining, left_at, self._bounds, now))

    def close_for(self, seconds: float) -> None:
        """Let nobody through for `seconds`; the others learn it when the request has ended that was told so."""
        until = anyio.current_time() + seconds
        self._heard.append(lambda ledger, now: ledger.close(until - now, now))
        self._wake_all()

    def seconds_until_free(self) -> float:
        """Return how long a request must wait that arrives now, as far as is known without looking."""
        line, now = self._line_of(self._shared.known), anyio.current_time()
        ahead = sum(not turn.of_a_job for turn in self._queue) + self._others_before((False, now, ""), line, now)
        return line.ledger.seconds_until_free(self._bounds, ahead, now)

    def free(self) -> int:
        """Return how many requests may leave in this minute."""
        return self._line_of(self._shared.known).ledger.free(self._bounds, anyio.current_time())

    async def look(self) -> None:
        """Learn what the others have done."""
        await self._change(lambda state, line, now: None)

    _write_down = look

    def _wait_of(self, turn: Turn) -> float:
        line, now = self._line_of(self._shared.known), anyio.current_time()
        return self._seconds_until(turn, self._ahead_of(turn, line, now), line, now)

    def _ahead_of(self, turn: Turn, line: Line, now: float) -> int:
        return self._queue.index(turn) + self._others_before((turn.of_a_job, turn.began, self._shared.me), line, now)

    def _seconds_until(self, turn: Turn, ahead: int, line: Line, now: float) -> float:
        if turn.of_a_job:
            return line.ledger.seconds_until_spare(self._bounds, ahead, now)
        return line.ledger.seconds_until_free(self._bounds, ahead, now)

    async def _look(self, turn: Turn, deadline: WaitDeadline) -> float:
        def look(state: State, line: Line, now: float) -> QuotaSpent | float:
            pause = self._pause(turn, deadline, line, now)
            if pause is not None and self._shared.bury_the_dead(state):
                pause = self._pause(turn, deadline, line, now)
            if isinstance(pause, float):
                return pause
            self._queue.remove(turn)
            if pause is not None:
                return pause
            turn.taken = key, _ = f"{self._shared.me}.{next(self._keys)}", Slot(left_at=now)
            line.ledger.leave(key, self._shared.me, self._bounds, now, background=turn.of_a_job)
            return 0.0

        found = await self._change(look)
        if isinstance(found, QuotaSpent):
            raise found
        return found

    def _pause(self, turn: Turn, deadline: WaitDeadline, line: Line, now: float) -> float | QuotaSpent | None:
        """Return how long `turn` sleeps at most, None if it may leave now, or that it must not wait."""
        before_us = self._queue.index(turn)
        ahead = self._ahead_of(turn, line, now)
        wait = self._seconds_until(turn, ahead, line, now)
        crowded = line.ledger.is_crowded(self._bounds, ahead, background=turn.of_a_job)
        if (wait and not deadline.allows(wait)) or (crowded and not deadline.seconds_left):
            return QuotaSpent(wait or 1)
        if before_us:
            # Whoever leaves wakes the next, so all that those behind must not miss is their deadline.
            return deadline.seconds_left if wait or crowded else math.inf
        pause = None
        if wait or crowded:
            others = bool(ahead) or any(sent.process != self._shared.me for sent in line.ledger.under_way.values())
            pause = min(pause_of_first(wait, ahead, others=others), deadline.seconds_left)
            self._promise = turn, now + pause + OVERTAKEN_AFTER
        return pause

    def _others_before(self, place: Place, line: Line, now: float) -> int:
        """Return how many of other processes' waiting turns stand before `place`."""
        return sum(
            (of_a_job, arrival, process) < place
            for process, waiting in line.waiting.items()
            if process != self._shared.me and waiting.look_by > now
            for of_a_job, arrivals in ((False, waiting.arrivals), (True, waiting.jobs))
            for arrival in arrivals
        )

    async def _end(self, key: str, slot: Slot) -> None:
        def end(state: State, line: Line, now: float) -> None:
            slot.ended_at = now
            line.ledger.end(key, slot, self._bounds, now)

        await self._change(end)

    async def _change(self, change: Callable[[State, Line, float], T]) -> T:
        """Change what all processes share, tell them what was heard since, and write this process's queue down."""
        results: list[T] = []

        def changed(state: State) -> None:
            line, now = self._line_of(state), anyio.current_time()
            line.ledger.forget_the_old(self._bounds, now)
            while self._heard:
                self._heard.pop(0)(line.ledger, now)
            results.append(change(state, line, now))
            if not self._queue:
                line.waiting.pop(self._shared.me, None)
                return
            promised = self._promise is not None and self._promise[0] is self._queue[0]
            look_by = self._promise[1] if self._promise and promised else now + OVERTAKEN_AFTER
            people, jobs = self._arrivals(self._queue)
            line.waiting[self._shared.me] = Waiting(people, look_by, jobs)

        await self._shared.change(changed)
        return results[0]
