"""A whole list, read page by page while others change it.

The API has numbered pages and no cursor, so whatever is added or removed in front of the reader shifts the rest. Each
page is therefore asked for in a size that makes it overlap what was read before. Where the overlap holds a row that
was read, nothing was missed in between; where it does not, the reader goes back until it does. What it has read it
recognises. Memory is constant: one page, and the ids of the last thousand rows.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from flodesk_mcp.deadline import wait_deadline
from flodesk_mcp.flodesk.models import Campaign, Page, Segment, Subscriber, Webhook, Workflow

__all__ = ["Memory", "PageRead", "whole_list", "whole_pages"]

Item = TypeVar("Item", Subscriber, Segment, Workflow, Webhook, Campaign)
Row = TypeVar("Row")

PER_PAGE = 100
OVERLAP = 2
REMEMBERED = 1_000
MOST_TRIES = 3
PATIENCE = 120.0
"""What one page may wait: a long list takes more than a minute's quota."""


class Memory(Protocol[Row]):
    """What a reader has read so far."""

    async def knows_any(self, rows: Sequence[Row], /) -> bool:
        """Tell whether one of `rows` was read."""

    def unread(self, rows: Sequence[Row], /) -> list[Row]:
        """Return those of `rows` that were not read yet, and count all as read."""


@dataclass(frozen=True)
class PageRead(Generic[Row]):
    """What a page brought that was not read before. `after` is the place in the list where the next one begins."""

    rows: list[Row]
    after: int
    total: int | None


async def whole_list(fetch: Callable[[int, int], Awaitable[Page[Item]]]) -> AsyncGenerator[Item, None]:
    """Yield every row of the list whose pages `fetch` returns, given their number and size.

    A row that is in the list from the beginning to the end comes exactly once, whatever happens to the others: what
    comes or goes in the meantime may be yielded or not. The order of those that stay must be stable. Each page may
    wait two minutes, unless a `wait_deadline` block says otherwise. Raises FlodeskError.
    """
    progress: _Progress[Item] = _Progress()
    async with aclosing(whole_pages(fetch, progress)) as pages:
        async for page in pages:
            for row in page.rows:
                yield row


async def whole_pages(
    fetch: Callable[[int, int], Awaitable[Page[Row]]],
    memory: Memory[Row],
    start: int = 0,
    expect: Callable[[int, int], None] | None = None,
) -> AsyncGenerator[PageRead[Row], None]:
    """Yield the pages of a list as `whole_list` reads it, from the place `start` on. `memory` knows what was read.

    So a reading that was interrupted goes on where it stopped. `expect` is told of each page that will be fetched
    after the next one, unless the list changes: where an overlap holds a row that was read, it does not matter which
    of the two pages was answered first. Raises FlodeskError.
    """
    failed: Counter[int] = Counter()  # where an overlap was missing since the last new row
    largest, target, beyond, total = PER_PAGE, max(start - OVERLAP, 0), start, 0
    while True:
        number, size = _window(target, beyond, largest)
        if expect and (end := number * size) < total:
            expect(*_window(end - OVERLAP, end, largest))
        with wait_deadline(PATIENCE):
            page = await fetch(number, size)
        first = (number - 1) * size
        if first and failed[first] < MOST_TRIES and not await memory.knows_any(page.data):
            failed[first] += 1
            target = beyond = max(first - PER_PAGE + OVERLAP, 0)  # those before have gone, and pulled others forward
            continue
        if rows := memory.unread(page.data):
            failed.clear()
        beyond, total = first + len(page.data), page.meta.total_items or 0
        yield PageRead(rows, beyond, page.meta.total_items)
        if _is_last(page, number, size):
            return
        if len(page.data) < size:
            largest = len(page.data)  # this server gives no more at once
        target = max(beyond - OVERLAP, 0)


class _Progress(Generic[Item]):
    """What was read: the last thousand rows by their ids, and of those before them how old they are at least."""

    def __init__(self) -> None:
        self._read: dict[str, None] = {}
        self._page: set[str] = set()
        self._has_forgotten = False
        self._is_lost = False
        self._newest_first = True
        self._oldest: datetime | None = None

    async def knows_any(self, rows: Sequence[Item], /) -> bool:
        """Tell whether one of `rows` was read lately, or seen on the page before."""
        return any(self._knows(row) for row in rows)

    def unread(self, rows: Sequence[Item], /) -> list[Item]:
        """Return those of `rows` that were not read yet, and count all as read."""
        first_known = next((index for index, row in enumerate(rows) if self._knows(row)), None)
        self._is_lost = bool(self._read) and (self._is_lost or first_known is None)
        self._note_order(rows)
        found: list[Item] = []
        for index, row in enumerate(rows):
            if not self._knows(row) and not self._was_forgotten(row, index < (first_known or 0)):
                found.append(row)
                self._note_read(row)
        self._page = {row.id for row in rows}
        return found

    def _knows(self, row: Item) -> bool:
        return row.id in self._read or row.id in self._page

    def _was_forgotten(self, row: Item, is_before_known: bool) -> bool:
        """Tell whether a row that is not remembered was read before those that are, or came in front of them.

        Once those that are remembered have gone, or are far, it can only be told in a list with the newest first:
        what is newer than the last that was read.
        """
        if self._is_lost and self._newest_first and self._oldest:
            created_at = _created_at(row)
            return created_at is not None and created_at > self._oldest
        return self._has_forgotten and is_before_known

    def _note_read(self, row: Item) -> None:
        self._is_lost = False
        self._read[row.id] = None
        if len(self._read) > REMEMBERED:
            del self._read[next(iter(self._read))]
            self._has_forgotten = True
        created_at = _created_at(row)
        if created_at and (self._oldest is None or created_at < self._oldest):
            self._oldest = created_at

    def _note_order(self, rows: Sequence[Item]) -> None:
        times = [time for row in rows if (time := _created_at(row))]
        if len(times) < len(rows) or any(earlier < later for earlier, later in pairwise(times)):
            self._newest_first = False


def _window(target: int, beyond: int, largest: int) -> tuple[int, int]:
    """Return number and size of the page that holds row `target`, and goes as far beyond row `beyond` as possible."""
    ends = {size: (target // size + 1) * size for size in range(max(largest // 2, 1), largest + 1)}
    size = max(ends, key=lambda size: ends[size])
    return (target // size + 1, size) if ends[size] > beyond else (beyond // largest + 1, largest)


def _is_last(page: Page[Row], number: int, size: int) -> bool:
    """Tell whether nothing comes after `page`. Campaigns may come without a count of their pages."""
    if not page.data or page.meta.total_pages is None:
        return len(page.data) < size
    return number >= page.meta.total_pages


def _created_at(row: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(getattr(row, "created_at", None) or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
