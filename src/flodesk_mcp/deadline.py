"""How long one call may wait, for quota and for retries together, and who hears of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf

import anyio

__all__ = ["WaitDeadline", "current_deadline", "patience", "wait_deadline", "waiting"]

REPORT_EVERY_SECONDS = 2.0

CLOCK_STEP = 0.001
"""Shorter waits are rounding errors of the clock."""

Report = Callable[[float, float, str], Awaitable[None]]
"""Told the seconds since the call began, the second of the call at which this wait should end, and for whom it is."""


@dataclass(frozen=True)
class WaitDeadline:
    """`deadline` is on anyio's clock: a wait that would end after it fails at once instead.

    `arrival` numbers the calls: all requests of one call queue in the place of that call. `background` marks the
    requests of a job, which let those of people pass. `service` is whom the call waits for.
    """

    deadline: float
    report: Report | None = None
    background: bool = False
    service: str = "Flodesk"
    began: float = field(default_factory=anyio.current_time)
    arrival: int = field(default_factory=count().__next__)

    @property
    def seconds_left(self) -> float:
        """How long the call may still wait."""
        return max(self.deadline - anyio.current_time(), 0)

    def of(self, service: str) -> "WaitDeadline":
        """Return the deadline of the same call, for waits for `service`."""
        return self if service == self.service else replace(self, service=service)

    def allows(self, seconds: float) -> bool:
        """Whether a wait of `seconds` from now ends in time."""
        return anyio.current_time() + seconds <= self.deadline + CLOCK_STEP

    @asynccontextmanager
    async def waiting(self, seconds: float) -> AsyncIterator[None]:
        """Report the progress of a wait of `seconds` for as long as the block lasts."""
        if self.report is None or seconds < REPORT_EVERY_SECONDS:
            yield
            return
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_reporting, self.report, seconds)
            try:
                yield
            except Exception as error:  # a task group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _keep_reporting(self, report: Report, seconds: float) -> None:
        ends = anyio.current_time() - self.began + seconds
        with suppress(Exception):  # nobody to tell is no reason to fail the call
            while True:
                await report(anyio.current_time() - self.began, ends, self.service)
                await anyio.sleep(REPORT_EVERY_SECONDS)


_current: ContextVar[WaitDeadline | None] = ContextVar("flodesk_wait_deadline", default=None)


@contextmanager
def wait_deadline(seconds: float, report: Report | None = None, *, background: bool = False) -> Iterator[None]:
    """Let all requests within the block share one deadline. An outer block's stays in force.

    `report` hears of waits of more than two seconds, about every two seconds. `background` makes the requests those of
    a job: whoever waits for an answer goes first (see `flodesk_mcp.quota`). Such a block has a deadline of its own
    within a call's, too, because a job outlives the call that began it.
    """
    outer = _current.get()
    if outer is not None and (outer.background or not background):
        yield
        return
    token = _current.set(WaitDeadline(anyio.current_time() + seconds, report, background))
    try:
        yield
    finally:
        _current.reset(token)


def current_deadline() -> WaitDeadline:
    """Return the deadline of the enclosing `wait_deadline` block."""
    deadline = _current.get()
    if deadline is None:
        raise LookupError("no wait_deadline block is open")
    return deadline


@asynccontextmanager
async def waiting(seconds: float) -> AsyncIterator[None]:
    """Report the progress of a wait of `seconds` to whoever the enclosing `wait_deadline` block tells, if any."""
    deadline = _current.get()
    if deadline is None:
        yield
        return
    async with deadline.waiting(seconds):
        yield


def patience() -> float:
    """Return the seconds that the enclosing `wait_deadline` block may still wait; without one there is no end."""
    deadline = _current.get()
    return inf if deadline is None else deadline.seconds_left
