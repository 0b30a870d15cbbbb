"""What a quota does for a client of an API, however and wherever it counts."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from flodesk_mcp.deadline import WaitDeadline

__all__ = ["Quota", "QuotaSpent", "QuotaUnknown", "Slot"]


class QuotaSpent(Exception):
    """A request would have to wait longer than its deadline allows: `seconds`, until one that comes now may leave."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The quota is spent for {seconds:g} s.")
        self.seconds = seconds


class QuotaUnknown(QuotaSpent):
    """Nobody can tell how much of the quota is left, for `seconds` about, because what was counted is not to be had.

    `in_doubt` says that a place may have been taken all the same.
    """

    def __init__(self, seconds: float, *, in_doubt: bool = False) -> None:
        super().__init__(seconds)
        self.in_doubt = in_doubt


@dataclass(eq=False)
class Slot:
    """One request's place in a quota. `ended_at` is None while the request is under way.

    Whoever holds it says what became of the request: a slot whose request never left (`sent` is False at the end)
    costs nothing, and `counted` says that an answer came, so that the other side has surely counted the request.
    """

    left_at: float
    ended_at: float | None = None
    sent: bool = True
    counted: bool = False


class Quota(Protocol):
    """The requests of one account in a minute, and its batches, which count among them and by themselves.

    Calls of people come first. Whoever comes with a `background` deadline, a job, waits until nobody else does, and
    from when its last request should have left for a minute divided by the limit. What it leaves: three in a hundred
    calls of people that come at once, and as many as came in the last minute up to a third of the limit, each wait at
    most 1.5 seconds longer than without the job. Of more at once, which no quota could serve that a job has just used,
    each leaves that time after the one before. Of ten places under way a job takes two at most. A job that is alone
    reaches 97 percent of 100 requests a minute, 95 of 20 batches, as long as answers take less than a second.
    """

    def slot(self, deadline: WaitDeadline, *, batch: bool = False) -> AbstractAsyncContextManager[Slot]:
        """Hold what one request needs for as long as it is under way; wait for it in order of arrival.

        Raises QuotaSpent at once when `deadline` does not allow the wait, QuotaUnknown when nobody knows what is left.
        """

    def observe(self, allowed: int, remaining: int, slot: Slot, *, batch: bool = False) -> None:
        """Learn what the answer to the request in `slot` tells: so many are `allowed` a minute, so many `remaining`."""

    def close_for(self, seconds: float, *, batch: bool = False) -> None:
        """Let nobody through for `seconds`, because the other side said so; after a batch, only batches wait."""

    def seconds_until_free(self, *, batch: bool = False) -> float:
        """Return how long a request must wait that arrives now."""

    def free(self) -> int:
        """Return how many requests may leave in this minute."""
