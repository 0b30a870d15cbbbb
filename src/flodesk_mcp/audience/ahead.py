"""Reading ahead: the next pages are fetched while the last ones are being stored."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

__all__ = ["all_there", "reading_ahead"]

Item = TypeVar("Item")

MOST_AHEAD = 8


@asynccontextmanager
async def reading_ahead(source: AsyncGenerator[Item, None]) -> AsyncIterator[MemoryObjectReceiveStream[Item]]:
    """Let `source` be read by another task, up to eight items ahead. Raises what `source` raises, at the end."""
    sending, receiving = anyio.create_memory_object_stream[Item](MOST_AHEAD)
    failures: list[Exception] = []

    async def read() -> None:
        async with sending, aclosing(source):
            try:
                async for item in source:
                    await sending.send(item)
            except Exception as error:  # the group would wrap it
                failures.append(error)

    async with receiving, anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        try:
            yield receiving
        except Exception as error:
            failures.insert(0, error)
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]


def all_there(first: Item, stream: MemoryObjectReceiveStream[Item]) -> list[Item]:
    """Return `first` with what has been read since."""
    items = [first]
    while True:
        try:
            items.append(stream.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream):
            return items
