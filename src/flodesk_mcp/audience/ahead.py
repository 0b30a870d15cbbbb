"""Reading ahead: what comes next is fetched while the last is being worked on."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream

__all__ = ["Expecting", "reading_ahead"]

Item = TypeVar("Item")


@asynccontextmanager
async def reading_ahead(
    begin: Callable[[TaskGroup], AsyncGenerator[Item, None]], most: int, together_seconds: float = 0.0
) -> AsyncIterator[AsyncGenerator[list[Item], None]]:
    """Let the source that `begin` returns be read by another task, up to `most` items ahead; yield what hands them out.

    All that are there are handed out at once, and those that come within `together_seconds` of the first of them, as
    long as more may be read ahead. Tasks of the source end with the block. Raises what the source raises, at the end.
    """
    sending, receiving = anyio.create_memory_object_stream[Item](most)
    has_ended = False
    no_more_come = anyio.Event()
    failures: list[Exception] = []

    async def read(source: AsyncGenerator[Item, None]) -> None:
        nonlocal has_ended
        async with sending, aclosing(source):
            try:
                async for item in source:
                    await sending.send(item)
                    if receiving.statistics().current_buffer_used == most:
                        no_more_come.set()
            except Exception as error:  # the group would wrap it
                failures.append(error)
        has_ended = True
        no_more_come.set()

    async def hand_out() -> AsyncGenerator[list[Item], None]:
        nonlocal no_more_come
        async for first in receiving:
            no_more_come = anyio.Event()
            if not has_ended and receiving.statistics().current_buffer_used < most:
                with anyio.move_on_after(together_seconds):
                    await no_more_come.wait()
            yield [first, *_there(receiving)]

    async with receiving, anyio.create_task_group() as tasks, aclosing(hand_out()) as handed_out:
        tasks.start_soon(read, begin(tasks))
        try:
            yield handed_out
        except Exception as error:
            failures.insert(0, error)
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]


def _there(stream: MemoryObjectReceiveStream[Item]) -> list[Item]:
    items: list[Item] = []
    while True:
        try:
            items.append(stream.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream):
            return items


class Expecting(Generic[Item]):
    """Fetches pages by number and size: those that are expected, before they are asked for."""

    def __init__(self, fetch: Callable[[int, int], Awaitable[Item]], tasks: TaskGroup) -> None:
        self._fetch = fetch
        self._tasks = tasks
        self._expected: dict[tuple[int, int], _Flight[Item]] = {}

    def expect(self, number: int, size: int) -> None:
        """Begin to fetch a page that will probably be asked for."""
        for passed_over in list(self._expected)[:-1]:  # but for the one that is asked for next
            del self._expected[passed_over]
        flight = self._expected[number, size] = _Flight()
        self._tasks.start_soon(self._fly, flight, number, size)

    async def fetch(self, number: int, size: int) -> Item:
        """Return a page. Raises what fetching it raises."""
        flight = self._expected.pop((number, size), None)
        if flight is None:
            return await self._fetch(number, size)
        await flight.landed.wait()
        if flight.failure:
            raise flight.failure
        return flight.page[0]

    async def _fly(self, flight: "_Flight[Item]", number: int, size: int) -> None:
        try:
            flight.page.append(await self._fetch(number, size))
        except Exception as error:  # for who asks for the page, if anybody does
            flight.failure = error
        flight.landed.set()


class _Flight(Generic[Item]):
    def __init__(self) -> None:
        self.page: list[Item] = []
        self.failure: Exception | None = None
        self.landed = anyio.Event()
