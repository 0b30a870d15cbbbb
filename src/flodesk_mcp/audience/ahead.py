"""Reading ahead: the next pages are fetched while the last ones are being stored."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

__all__ = ["reading_ahead"]

Item = TypeVar("Item")

MOST_AHEAD = 8
TOGETHER_SECONDS = 0.05
"""What comes so soon after another is handed out with it: to store a page for itself takes as long as to fetch it."""


@asynccontextmanager
async def reading_ahead(source: AsyncGenerator[Item, None]) -> AsyncIterator[AsyncGenerator[list[Item], None]]:
    """Let `source` be read by another task, a few items ahead; yield what hands them out, those together that come so.

    Raises what `source` raises, at the end.
    """
    sending, receiving = anyio.create_memory_object_stream[Item](MOST_AHEAD)
    has_ended = anyio.Event()
    failures: list[Exception] = []

    async def read() -> None:
        async with sending, aclosing(source):
            try:
                async for item in source:
                    await sending.send(item)
            except Exception as error:  # the group would wrap it
                failures.append(error)
        has_ended.set()

    async with receiving, anyio.create_task_group() as tasks, aclosing(_together(receiving, has_ended)) as handed_out:
        tasks.start_soon(read)
        try:
            yield handed_out
        except Exception as error:
            failures.insert(0, error)
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]


async def _together(
    stream: MemoryObjectReceiveStream[Item], has_ended: anyio.Event
) -> AsyncGenerator[list[Item], None]:
    async for first in stream:
        with anyio.move_on_after(TOGETHER_SECONDS):
            await has_ended.wait()
        items = [first]
        try:
            while True:
                items.append(stream.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream):
            yield items
