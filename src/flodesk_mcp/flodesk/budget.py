"""How long one call may wait, for quota and for retries together, and who hears of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import anyio

from flodesk_mcp.flodesk.errors import FlodeskError

__all__ = ["Budget", "call_budget", "current_budget"]

REPORT_EVERY_SECONDS = 2.0

Report = Callable[[float, float], Awaitable[None]]
"""Told the seconds waited so far, and the seconds this wait will take in all."""


@dataclass(frozen=True)
class Budget:
    """`deadline` is on anyio's clock: a wait that would end after it fails at once instead."""

    deadline: float
    report: Report | None = None

    def allows(self, seconds: float) -> bool:
        """Whether a wait of `seconds` from now ends in time."""
        return anyio.current_time() + seconds <= self.deadline

    @asynccontextmanager
    async def waiting(self, seconds: float) -> AsyncIterator[None]:
        """Report the progress of a wait of `seconds` for as long as the block lasts."""
        if self.report is None or seconds < REPORT_EVERY_SECONDS:
            yield
            return
        failure: FlodeskError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_reporting, self.report, seconds)
            try:
                yield
            except FlodeskError as error:  # a task group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    @staticmethod
    async def _keep_reporting(report: Report, seconds: float) -> None:
        began = anyio.current_time()
        while True:
            await report(anyio.current_time() - began, seconds)
            await anyio.sleep(REPORT_EVERY_SECONDS)


_current: ContextVar[Budget | None] = ContextVar("flodesk_budget", default=None)


@contextmanager
def call_budget(seconds: float, report: Report | None = None) -> Iterator[None]:
    """Let all requests within the block share one budget. An outer block's budget stays in force."""
    if _current.get() is not None:
        yield
        return
    token = _current.set(Budget(anyio.current_time() + seconds, report))
    try:
        yield
    finally:
        _current.reset(token)


def current_budget() -> Budget:
    """Return the budget of the enclosing `call_budget` block."""
    budget = _current.get()
    if budget is None:
        raise LookupError("no call_budget block is open")
    return budget
