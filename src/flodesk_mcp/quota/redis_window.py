"""A window that replicas share in Redis, and this process's queue before it."""

import math
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, NamedTuple, Protocol

import anyio
from pydantic_core import from_json

from flodesk_mcp.deadline import CLOCK_STEP, WaitDeadline
from flodesk_mcp.quota import ledger
from flodesk_mcp.quota.ledger import Bounds
from flodesk_mcp.quota.protocol import QuotaSpent, QuotaUnknown, Slot
from flodesk_mcp.quota.turns import (
    CROWDED,
    LATE,
    MOST_OF_PAUSE,
    OTHERS_MAY_CHANGE,
    OVERTAKEN_AFTER,
    Turn,
    TurnQueue,
    pause_of_first,
)
from flodesk_mcp.quota.window import MAX_IN_FLIGHT

__all__ = ["Decided", "Memory", "RedisWindow"]

LONGEST_REQUEST = 660.0
"""Seconds for which a window is remembered after its minute: longer than any request may take."""


class Decided(NamedTuple):
    """What the script answers about one window. Seconds, but for `taken`, `ahead`, `crowded`, `others` and `free`."""

    now: float
    taken: int
    wait: float
    ahead: int
    crowded: int
    others: int
    wait_of_next: float
    free: int
    sure_in: float

    @classmethod
    def parsed(cls, answer: list[bytes]) -> "Decided":
        """Return what an answer says."""
        return cls(float(answer[0]), *from_json(answer[1]))


class Memory(Protocol):
    """What runs the script."""

    name: str
    """That of this process."""

    async def decide(self, window: str, request: dict[str, Any], look: dict[str, Any]) -> Decided:
        """Return what is decided on a request that wants to leave. Raises QuotaUnknown."""

    def tell(self, window: str, request: dict[str, Any]) -> Callable[[], Awaitable[Decided | None]]:
        """Say what needs no answer; the function that is returned waits for it all the same, or for a while."""


class RedisWindow(TurnQueue):
    """One of the two windows, and this process's queue before it."""

    def __init__(self, memory: Memory, name: str, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._memory = memory
        self._name = name
        self._said = said(bounds)
        self._keys = count()
        self._heard: list[dict[str, float]] = []
        self._told: set[Turn] = set()  # to wait
        self._known: tuple[float, Decided] | None = None

    def observe(self, allowed: int, remaining: int, left_at: float) -> None:
        """Learn what the answer to the request that left at `left_at` tells; the others do when it has ended."""
        self._heard.append({"allowed": allowed, "remaining": remaining, "left_at": left_at})

    def close_for(self, seconds: float) -> None:
        """Let nobody through for `seconds`; the others learn it when the request has ended that was told so."""
        self._heard.append({"close": seconds})
        self._wake_all()

    def seconds_until_free(self) -> float:
        """Return how long a request must wait that arrives now, as far as is known without asking."""
        if self._known is None:
            return 0.0
        at, known = self._known
        wait = at + known.wait_of_next - anyio.current_time()
        return wait if wait > CLOCK_STEP else 0.0

    def free(self) -> int:
        """Return how many requests may leave in this minute, as far as is known without asking."""
        if self._known is None or anyio.current_time() > self._known[0] + self._bounds.window:
            return self.limit
        return self._known[1].free

    async def look(self) -> None:
        """Learn what the others have done."""
        self._learn(await self._tell()())

    async def _write_down(self) -> None:
        self._tell()

    def _wait_of(self, turn: Turn) -> float:
        return self._known[1].wait if self._known else 0.0

    async def _look(self, turn: Turn, deadline: WaitDeadline) -> float:
        try:
            pause = await self._asked(turn, deadline)
        except BaseException:
            self._told.discard(turn)
            raise
        if turn.taken:
            self._told.discard(turn)
            self._queue.remove(turn)
        return pause

    async def _asked(self, turn: Turn, deadline: WaitDeadline) -> float:
        while True:
            before = self._waiting_before(turn)
            decided = await self._decide(turn, before)
            if decided.taken:
                return 0.0
            self._told.add(turn)
            if self._waiting_before(turn) <= before:
                break
            # Others asked at the same time, and must wait before this one.
        if (decided.wait and not deadline.allows(decided.wait)) or (decided.crowded and not deadline.seconds_left):
            raise (QuotaUnknown if decided.sure_in else QuotaSpent)(decided.wait or 1)
        if not decided.wait and not decided.crowded:
            return math.inf  # whoever leaves wakes the next
        if before:
            return deadline.seconds_left
        return min(pause_of_first(decided.wait, decided.ahead, others=bool(decided.others)), deadline.seconds_left)

    async def _decide(self, turn: Turn, before: int) -> Decided:
        """Ask for a slot for `turn`. Raises QuotaUnknown."""
        key = f"{self._memory.name}.{next(self._keys)}"
        age = anyio.current_time() - turn.began
        look = {"key": key, "of_a_job": turn.of_a_job, "age": age, "before": before}
        try:
            decided = await self._memory.decide(self._name, self._request(turn), look)
        except QuotaUnknown as unknown:
            if unknown.in_doubt:
                self._tell({"key": key, "sent": False})
            raise
        except BaseException:  # it may have been taken
            self._tell({"key": key, "sent": False})
            raise
        self._learn(decided)
        if decided.taken:
            turn.taken = key, Slot(left_at=decided.now)
        return decided

    async def _end(self, key: str, slot: Slot) -> None:
        was_refused = bool(self._heard) and not slot.counted
        slot.ended_at = anyio.current_time()
        told = self._tell({"key": key, "left_at": slot.left_at, "sent": slot.sent, "counted": slot.counted})
        if was_refused:  # how long to wait is asked for next
            self._learn(await told())

    def _tell(self, ended: dict[str, Any] | None = None) -> Callable[[], Awaitable[Decided | None]]:
        """Tell the others what was heard, what has ended, and how the queue stands."""
        heard, self._heard = self._heard, []
        request = self._request()
        if heard:
            request["heard"] = heard
        if ended:
            request["ended"] = ended
        return self._memory.tell(self._name, request)

    def _request(self, but: Turn | None = None) -> dict[str, Any]:
        """Return what is said with everything: the bounds, and how the queue stands, `but` one turn."""
        now = anyio.current_time()
        waiting = [turn for turn in self._queue if turn in self._told and turn is not but]
        people, jobs = ([now - began for began in arrivals] for arrivals in self._arrivals(waiting))
        return {**self._said, "queue": {"people": people, "jobs": jobs}}

    def _waiting_before(self, turn: Turn) -> int:
        """Return how many before `turn` were told to wait: who asks at the same time is decided upon in order."""
        return sum(other in self._told for other in self._queue[: self._queue.index(turn)])

    def _learn(self, decided: Decided | None) -> None:
        if decided is not None:
            self._known = anyio.current_time(), decided


def said(bounds: Bounds) -> dict[str, Any]:
    """Return what the script must know of a window and of the rules."""
    return {
        "bounds": {
            "limit": bounds.limit,
            "at_once": bounds.at_once,
            "minute": bounds.minute,
            "window": bounds.window,
            "pace": bounds.pace,
            "noticed_late": ledger.NOTICED_LATE,
            "held_up": bounds.held_up,
            "most_counted": ledger.MOST_COUNTED,
            "kept_apart": ledger.KEPT_APART,
            "grains": ledger.GRAINS,
            "kept_free": ledger.KEPT_FREE,
            "background_at_once": ledger.BACKGROUND_AT_ONCE,
            "clock_step": CLOCK_STEP,
            "longest_crowded": CROWDED * (1 + MAX_IN_FLIGHT) * MOST_OF_PAUSE,
            "longest_pause": OTHERS_MAY_CHANGE * MOST_OF_PAUSE + LATE,
            "overtaken_after": OVERTAKEN_AFTER,
            "longest_request": LONGEST_REQUEST,
        }
    }
