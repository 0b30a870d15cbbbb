"""Where events arrive: those that come at the same time are stored in one transaction, and answered then."""

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from flodesk_mcp.events.errors import InboxFull
from flodesk_mcp.store import Post, ReceivedEvents, StoreError, Taken

__all__ = ["Inbox"]

MOST_AT_ONCE = 200
MOST_WAITING = 1_000
"""About two seconds of a flood: who comes after them is better told to come again."""

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class _Waiting:
    post: Post
    done: anyio.Event = field(default_factory=anyio.Event)
    taken: Taken | None = None


class Inbox:
    """Stores what is posted before it says so. `stored` is called whenever something new was."""

    def __init__(self, events: ReceivedEvents, stored: Callable[[], None]) -> None:
        self._events = events
        self._stored = stored
        self._waiting: deque[_Waiting] = deque()
        self._arrived = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Store what is posted for as long as the block lasts."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._store_all)
            yield
            group.cancel_scope.cancel()

    async def take(self, post: Post) -> Taken:
        """Store the event of a post, and return what became of it once that is committed.

        Raises InboxFull, and StoreError when it could not be stored.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise InboxFull
        waiting = _Waiting(post)
        self._waiting.append(waiting)
        self._arrived.set()
        await waiting.done.wait()
        if waiting.taken is None:
            raise StoreError("The event could not be stored.")
        return waiting.taken

    async def _store_all(self) -> None:
        while True:
            await self._arrived.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            if not self._waiting:
                self._arrived = anyio.Event()
            await self._store(batch)

    async def _store(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = await self._events.take([waiting.post for waiting in batch])
            for waiting, taken in zip(batch, outcomes, strict=True):
                waiting.taken = taken
            if Taken.STORED in outcomes:
                self._stored()
        except StoreError as error:
            logger.warning("Events could not be stored: %s", error, extra={"repeats": "database"})
        except Exception:
            logger.exception("Events could not be stored")
        finally:
            for waiting in batch:
                waiting.done.set()
