"""Values that hold for a while: each looked up once for all who want it at the same time."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

import anyio

from flodesk_mcp.deadline import patience

__all__ = ["Fresh", "FreshMap"]

T = TypeVar("T")
Key = TypeVar("Key", bound=Hashable)
Clock = Callable[[], float]


@dataclass(eq=False)
class _LookUp:
    """One that is under way. `error` is what it failed with, None also for one that was cancelled."""

    number: int
    ended: anyio.Event = field(default_factory=anyio.Event)
    error: Exception | None = None


class Fresh(Generic[T]):
    """A value that holds for `seconds` after `look_up` has returned it.

    All who want it while it is being looked up wait for that one look-up. When the one who runs it is cancelled, the
    next of them takes over. A look-up that fails is not kept, and fails who runs it; of the others it fails those
    who asked before it began, while who came later tries again: a failure is told to each, but none waits for more
    than two look-ups. Nobody waits for another's look-up beyond its own wait deadline, but then looks up itself.
    """

    def __init__(self, look_up: Callable[[], Awaitable[T]], seconds: float, clock: Clock = anyio.current_time) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._clock = clock
        self._known: tuple[T, float, int] | None = None  # with when it was, and the number of its look-up
        self._look_ups = 0
        self._forgotten = 0
        self._ongoing: _LookUp | None = None

    @property
    def look_ups(self) -> int:
        """How many look-ups have begun so far: a mark for `newer_than`."""
        return self._look_ups

    @property
    def value(self) -> T | None:
        """What is known and still holds, without a look-up."""
        known = self._held(self._forgotten)
        return None if known is None else known[0]

    async def get(self) -> T:
        """Return the value, looked up if it is not known or holds no longer."""
        return await self._newer_than(self._forgotten)

    async def newer_than(self, look_ups: int) -> T:
        """Return the value of a look-up that began after `look_ups` others: what is known, or looked up now."""
        return await self._newer_than(max(look_ups, self._forgotten))

    async def refresh(self) -> T:
        """Look the value up, however fresh it is; share a look-up that begins after this."""
        return await self.newer_than(self._look_ups)

    def set(self, value: T) -> None:
        """Keep what somebody has just read whole."""
        self._look_ups += 1
        self._keep(value, self._look_ups)

    def forget(self) -> None:
        """Look up the next time: something changed, and a look-up that is under way may have missed it."""
        self._forgotten = self._look_ups
        self._known = None

    async def _newer_than(self, seen: int) -> T:
        begun = self._look_ups
        while (known := self._held(seen)) is None:
            seconds = patience()
            if self._ongoing is None or not seconds:
                return await self._run()
            ongoing = self._ongoing
            with anyio.move_on_after(seconds):
                await ongoing.ended.wait()
            if ongoing.error is not None and ongoing.number > begun:
                raise ongoing.error
        return known[0]

    async def _run(self) -> T:
        self._look_ups += 1
        overtaken = self._ongoing
        self._ongoing = ongoing = _LookUp(self._look_ups)
        try:
            value = await self._look_up()
        except Exception as error:
            ongoing.error = error
            raise
        else:
            self._keep(value, ongoing.number)
            if overtaken is not None:
                overtaken.ended.set()  # who waits for it need not do so any longer
            return value
        finally:
            if self._ongoing is ongoing:
                self._ongoing = None
            ongoing.ended.set()

    def _keep(self, value: T, number: int) -> None:
        if number > self._forgotten and (self._known is None or number > self._known[2]):
            self._known = (value, self._clock(), number)

    def _held(self, seen: int) -> tuple[T, float, int] | None:
        known = self._known
        return known if known and known[2] > seen and self._clock() < known[1] + self._seconds else None


class FreshMap(Generic[Key, T]):
    """Values by key that hold for `seconds` each; of more than `most` the oldest are forgotten."""

    def __init__(self, seconds: float, most: float = inf, clock: Clock = anyio.current_time) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._known: dict[Key, tuple[T, float]] = {}

    def __len__(self) -> int:
        """How many are remembered, of which some may hold no longer."""
        return len(self._known)

    def set(self, key: Key, value: T) -> None:
        """Keep `value`, the newest of all."""
        self.update({key: value})

    def update(self, values: Mapping[Key, T]) -> None:
        """Keep all of `values`, the newest of all."""
        until = self._clock() + self._seconds
        for key, value in values.items():
            self._known.pop(key, None)
            self._known[key] = (value, until)
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def get(self, key: Key) -> T | None:
        """Return what is known under `key` and still holds."""
        value, until = self._known.get(key, (None, -inf))
        if self._clock() < until:
            return value
        self._known.pop(key, None)
        return None

    def values(self) -> list[T]:
        """Return all that still hold, the oldest first."""
        now = self._clock()
        return [value for value, until in self._known.values() if now < until]

    def forget(self, key: Key) -> None:
        """Know nothing of `key` any longer."""
        self._known.pop(key, None)
