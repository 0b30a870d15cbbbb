"""What was sent lately, and when the next request may leave. Nothing here waits, or knows who else is in a queue.

A token bucket would let almost twice the quota through in its first minute, so each request holds a place in a moving
window. The other side counts when a request arrives, somewhere between its leaving and its answer: a place is
therefore held until 60 seconds after the *answer*, which no jitter of the network can undercut.
"""

import math
from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, NamedTuple

from pydantic import Field, FiniteFloat

from flodesk_mcp.deadline import CLOCK_STEP
from flodesk_mcp.quota.protocol import Slot

__all__ = ["MINUTE", "Bounds", "Departure", "Ended", "Foreign", "Ledger"]

MINUTE = 60.0
CLOCKS_DIFFER = 0.5

MOST_COUNTED = 1000
"""A limit above this one, and above our own, changes nothing for us; whatever it says, no more is kept in memory."""

KEPT_APART = 64
GRAINS = 256
"""So many requests are remembered one by one; what ends at nearly the same time as another is then counted with it."""

HELD_UP_SECONDS = 1.4
"""A call of a person waits no longer because of a job: 1.5 seconds with the time that a process takes to notice."""

OF_A_PACE = 0.62
"""With 20 batches a minute, 1.86 seconds: less would keep a job that is alone below 97 percent of them."""

NOTICED_LATE = 0.25
"""Of a pace: what a process may need to notice that its moment has come."""

KEPT_FREE = 0.03
"""So much of the limit people find free within those seconds, although a job runs."""

BACKGROUND_AT_ONCE = 2
"""A job that is alone needs no more, unless answers take longer than a second; the other places are people's."""

Moment = FiniteFloat
"""A time on anyio's clock. What stands in a file is checked when it is read."""

Number = Annotated[int, Field(ge=1, le=10**9)]
Share = Annotated[int, Field(ge=0, le=10**9)]


@dataclass(frozen=True)
class Bounds:
    """At most `limit` requests in any `minute`, `at_once` of them under way."""

    limit: int
    at_once: int
    minute: float = MINUTE

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError("a quota is at least one request a minute")

    @property
    def window(self) -> float:
        """The other side's minute, and half a second for clocks that differ."""
        return self.minute + CLOCKS_DIFFER

    @property
    def pace(self) -> float:
        """The seconds from one request of a job to the next."""
        return self.minute / self.limit

    @property
    def held_up(self) -> float:
        """How long a call of a person may wait because of a job: of few places one is not always so soon free."""
        return max(HELD_UP_SECONDS, self.pace * OF_A_PACE)


@dataclass
class Departure:
    """A request that is under way, sent by `process`."""

    process: str
    left_at: Moment
    background: bool = False


class Ended(NamedTuple):
    """One request, or some of nearly the same time: when the first left and the last ended; how many are of people."""

    left_at: Moment
    ended_at: Moment
    counted: bool
    number: Number = 1
    of_people: Share = 1


@dataclass
class Foreign:
    """Requests that others have sent, seen in Flodesk's count."""

    seen_at: Moment
    number: Number


@dataclass
class Ledger:
    """The requests that count in a window. Times are anyio's; `allowed` is what the other side says, where it did."""

    under_way: dict[str, Departure] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)
    closed_until: Moment = 0.0
    allowed: Number | None = None
    newest_observed: Moment = 0.0
    newest_background: Moment = 0.0

    @property
    def taken(self) -> int:
        """How many places of the window our own requests hold."""
        return len(self.under_way) + sum(group.number for group in self.ended)

    def leave(self, key: str, process: str, bounds: Bounds, now: float, *, background: bool) -> None:
        """Count a request that leaves now. A job that noticed its moment late does not have to be late ever after."""
        self.under_way[key] = Departure(process, now, background)
        if background:
            due = self.newest_background + bounds.pace
            self.newest_background = due if now - due < bounds.pace * NOTICED_LATE else now

    def end(self, key: str, slot: Slot, bounds: Bounds, now: float) -> None:
        """Hold the place of a request that has ended for a minute more, or none for one that never left."""
        departure = self.under_way.pop(key, None)
        if not slot.sent:
            return
        of_people = 0 if departure and departure.background else 1
        last = self.ended[-1] if len(self.ended) > KEPT_APART else None
        if last and now - last.left_at < bounds.window / GRAINS:
            self.ended[-1] = Ended(
                min(last.left_at, slot.left_at),
                now,
                last.counted and slot.counted,
                last.number + 1,
                last.of_people + of_people,
            )
        else:
            self.ended.append(Ended(slot.left_at, now, slot.counted, of_people=of_people))

    def bury(self, key: str, ended_at: float) -> None:
        """Take for ended what nobody will ever end, because its process is dead."""
        dead = self.under_way.pop(key)
        ended = Ended(dead.left_at, ended_at, counted=False, of_people=0 if dead.background else 1)
        insort(self.ended, ended, key=attrgetter("ended_at"))

    def close(self, seconds: float, now: float) -> None:
        """Let nobody through for `seconds`."""
        self.closed_until = max(self.closed_until, now + seconds)

    def observe(self, allowed: int, remaining: int, left_at: float, bounds: Bounds, now: float) -> int:
        """Believe the other side's count where it shows that other applications spend the same quota.

        `left_at` is when the request left whose answer says so. Requests that were under way beside it may or may
        not be in that count, and those of a minute ago may have left it, so others' share is known within bounds.
        Return how many places more than before others hold.
        """
        if left_at < self.newest_observed:
            return 0  # overtaken by the answer to a later request
        self.newest_observed = left_at
        self.forget_the_old(bounds, now)
        most = max(bounds.limit, MOST_COUNTED)
        used = max(allowed - remaining, 0)
        unseen = max(allowed - most, 0)  # of a larger limit, others can have so many and take nothing from us
        self.allowed = min(allowed, most)
        known = self._others
        others = max(used - self.taken - unseen, 0)
        if others < known:
            surely_in_it = sum(
                group.number
                for group in self.ended
                if group.counted and group.ended_at <= left_at and now < group.left_at + bounds.minute
            )
            others = min(known, max(used - surely_in_it - unseen, 0))
        if others > known:
            self.foreign.append(Foreign(now, others - known))
        self._take_back(known - others)
        return others - known

    def seconds_until_free(self, bounds: Bounds, ahead: int, now: float) -> float:
        """Return how long a request must wait that has `ahead` others before it."""
        self.forget_the_old(bounds, now)
        allowed = self._allowed(bounds)
        if now >= self.closed_until and ahead + self.taken < min(bounds.limit, allowed - self._others):
            return 0.0
        own = [(group.ended_at + bounds.window, group.number) for group in self.ended]
        own.append((now + bounds.window, len(self.under_way)))  # the soonest that is possible
        others = [(group.seen_at + bounds.window, group.number) for group in self.foreign]
        free_at = max(
            _turn_of(own, bounds.limit, ahead, bounds, now),
            _turn_of(own + others, allowed, ahead, bounds, now),
            self.closed_until,
        )
        return wait if (wait := free_at - now) > CLOCK_STEP else 0.0

    def seconds_until_spare(self, bounds: Bounds, ahead: int, now: float) -> float:
        """Return how long a job's request must wait that has `ahead` others before it.

        It leaves no sooner than a pace after the one before should have left, and only if as many people as usual, who
        all came right after it, would find their places within `bounds.held_up`.
        """
        paced = self.newest_background + bounds.pace - now
        kept = self.seconds_until_free(bounds, ahead + self._kept_free(bounds), now) - bounds.held_up
        wait = max(self.seconds_until_free(bounds, ahead, now), kept, paced)
        return wait if wait > CLOCK_STEP else 0.0

    def is_crowded(self, bounds: Bounds, ahead: int, *, background: bool) -> bool:
        """Tell whether so many requests are under way that another one, with `ahead` before it, must wait."""
        under_way = len(self.under_way) + ahead
        if not background:
            return under_way >= bounds.at_once
        of_jobs = sum(sent.background for sent in self.under_way.values())
        return of_jobs >= BACKGROUND_AT_ONCE or 2 * under_way >= bounds.at_once

    def free(self, bounds: Bounds, now: float) -> int:
        """Return how many requests may leave in this minute."""
        self.forget_the_old(bounds, now)
        return max(min(bounds.limit, self._allowed(bounds) - self._others) - self.taken, 0)

    def forget_the_old(self, bounds: Bounds, now: float) -> None:
        """Give the places back that were held for a minute."""
        until = now - bounds.window
        if self.ended and self.ended[0].ended_at <= until:
            del self.ended[: bisect_right(self.ended, until, key=attrgetter("ended_at"))]
        if self.foreign:
            self.foreign = [group for group in self.foreign if group.seen_at > until]

    def _kept_free(self, bounds: Bounds) -> int:
        """Return how many calls of people may be expected at once: as many as in the last minute, within limits."""
        of_people = sum(group.of_people for group in self.ended)
        of_people += sum(not sent.background for sent in self.under_way.values())
        limit = min(bounds.limit, self._allowed(bounds))
        return min(max(math.ceil(limit * KEPT_FREE), min(of_people, limit // 3)), limit - 1)

    @property
    def _others(self) -> int:
        return sum(group.number for group in self.foreign)

    def _allowed(self, bounds: Bounds) -> int:
        return bounds.limit if self.allowed is None else self.allowed

    def _take_back(self, number: int) -> None:
        """Forget so many of others' requests, the oldest first."""
        while number > 0:
            oldest = self.foreign[0]
            gone = min(number, oldest.number)
            oldest.number -= gone
            number -= gone
            if not oldest.number:
                del self.foreign[0]


def _turn_of(taken: Iterable[tuple[float, int]], limit: int, ahead: int, bounds: Bounds, now: float) -> float:
    """Return when the request with `ahead` others before it may leave; `taken` says when how many places are freed."""
    groups = sorted(taken)
    rounds, index = divmod(ahead, limit)
    # The places that nobody holds come first. With more taken than allowed, the first to be freed open no place.
    place = index - (limit - sum(number for _, number in groups))
    free_at = now
    for moment, number in groups:
        if place < 0:
            break
        free_at = moment
        place -= number
    return free_at + rounds * bounds.window
