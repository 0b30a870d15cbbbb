"""What the processes of a machine share about one account's quota, as it stands in their file.

Times are those of the system's monotonic clock, which all processes see alike and nobody can set. It begins anew with
the system, so a time in the future is one from before that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from math import inf

from pydantic import TypeAdapter

from flodesk_mcp.quota.ledger import Ledger, Moment

__all__ = ["Line", "State", "Waiting", "parsed", "prepare", "written"]

LONGEST_CLOSING = 3600.0
CLOCK_TOLERANCE = 5.0
"""Two processes may read the clock in ways that differ by so much."""


@dataclass
class Waiting:
    """A process's queue: when its calls and its jobs began, in order.

    Who has not looked until `look_by` may be overtaken.
    """

    arrivals: list[Moment]
    look_by: Moment
    jobs: list[Moment] = field(default_factory=list)


@dataclass
class Line:
    """One window, and the queues before it by process."""

    ledger: Ledger = field(default_factory=Ledger)
    waiting: dict[str, Waiting] = field(default_factory=dict)


@dataclass
class State:
    """Both windows of an account; when each process was last here, and when the last one was."""

    requests: Line = field(default_factory=Line)
    batches: Line = field(default_factory=Line)
    seen: dict[str, Moment] = field(default_factory=dict)
    written_at: Moment = 0.0

    @property
    def lines(self) -> tuple[Line, Line]:
        """Both windows."""
        return self.requests, self.batches

    def bury(self, is_alive: Callable[[str], bool], grace: float, now: float) -> None:
        """End what dead processes had under way, and leave their queues.

        Nobody saw them die: what they sent is taken to have arrived within `grace` of their last sign of life.
        """
        named = {process for line in self.lines for process in line.waiting}
        named |= {sent.process for line in self.lines for sent in line.ledger.under_way.values()}
        for process in [process for process in named | self.seen.keys() if not is_alive(process)]:
            last_seen = self.seen.pop(process, now)
            for line in self.lines:
                line.waiting.pop(process, None)
                for key in [key for key, sent in line.ledger.under_way.items() if sent.process == process]:
                    line.ledger.bury(key, min(now, last_seen + grace))

    def only_of(self, me: str, now: float) -> "State":
        """Return what goes on without the file: others cannot be seen any longer, so theirs has ended just now."""
        self.bury(lambda process: process == me, inf, now)
        return self

    def take_over(self, own: "State", me: str, since: float) -> None:
        """Add what this process did by itself `since` the file was last to be had."""
        for line, mine in zip(self.lines, own.lines, strict=True):
            kept = {key: sent for key, sent in line.ledger.under_way.items() if sent.process != me}
            line.ledger.under_way = kept | mine.ledger.under_way
            line.ledger.ended += [group for group in mine.ledger.ended if group.ended_at >= since]
            line.ledger.ended.sort(key=lambda group: group.ended_at)
            line.ledger.closed_until = max(line.ledger.closed_until, mine.ledger.closed_until)
            line.ledger.newest_background = max(line.ledger.newest_background, mine.ledger.newest_background)

    def move_by(self, seconds: float, now: float) -> None:
        """Move all times by so much, but none into the future."""

        def moved(moment: float) -> float:
            return min(moment + seconds, now)

        for line in self.lines:
            ledger = line.ledger
            for sent in ledger.under_way.values():
                sent.left_at = moved(sent.left_at)
            moved_ends = (
                group._replace(left_at=moved(group.left_at), ended_at=moved(group.ended_at)) for group in ledger.ended
            )
            ledger.ended = sorted(moved_ends, key=lambda group: group.ended_at)
            for foreign in ledger.foreign:
                foreign.seen_at = moved(foreign.seen_at)
            ledger.newest_observed = moved(ledger.newest_observed)
            ledger.newest_background = moved(ledger.newest_background)
            ledger.closed_until = min(ledger.closed_until + seconds, now + LONGEST_CLOSING)
            for waiting in line.waiting.values():
                waiting.arrivals = [moved(arrival) for arrival in waiting.arrivals]
                waiting.jobs = [moved(arrival) for arrival in waiting.jobs]
                waiting.look_by = min(waiting.look_by + seconds, now + LONGEST_CLOSING)
        self.seen = {process: moved(moment) for process, moment in self.seen.items()}
        self.written_at = moved(self.written_at)


def prepare() -> None:
    """Do once what the first `parsed` and `written` would take long for."""
    written(parsed(written(State()), 0))


@cache
def _form() -> TypeAdapter[State]:
    return TypeAdapter(State)


def parsed(content: bytes, now: float) -> State:
    """Return the state in a file's content.

    Raises ValueError for content that is damaged.
    """
    state = _form().validate_json(content)
    # The machine was started again since, at 0 of its clock: what was before that was then at the latest.
    before_the_start = state.written_at > now + CLOCK_TOLERANCE
    state.move_by(-state.written_at if before_the_start else 0, now)
    return state


def written(state: State) -> bytes:
    """Return the content of a file that holds `state`."""
    return _form().dump_json(state)
