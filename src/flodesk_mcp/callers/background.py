"""What runs beside the calls, for as long as a server or a command does: jobs."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from typing import Any

import anyio
from anyio.abc import TaskGroup

__all__ = ["Background"]


class Background:
    """Runs work that outlives the call that began it."""

    def __init__(self) -> None:
        self._group: TaskGroup | None = None
        self._context: Context

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take on work for as long as this is open; at its end, what is under way is cancelled."""
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            self._group, self._context = group, copy_context()
            try:
                yield
            except Exception as error:  # the group would wrap it
                failure = error
            self._group = None
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `work` beside the calls. It must not fail. Once the end has begun, nothing runs any more."""
        if self._group is not None:
            # Not in the context of a call: its deadline, and who it reports to, are none of a job's.
            self._context.run(self._group.start_soon, work)
