"""Reading the list into the mirror: whole, page by page, so that it goes on where it was interrupted; and its top."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from anyio.abc import TaskGroup
from sqlalchemy import and_, delete, func, or_, select, update

from flodesk_mcp.audience.ahead import Expecting, reading_ahead
from flodesk_mcp.audience.comparison import Comparison
from flodesk_mcp.audience.numbers import finished
from flodesk_mcp.audience.rows import Rows
from flodesk_mcp.audience.tables import mirrors, people, readings
from flodesk_mcp.audience.writing import count_of, put_people, remove_people
from flodesk_mcp.flodesk import FlodeskClient, Page, Subscriber, wait_deadline
from flodesk_mcp.flodesk.listing import PageRead, whole_pages
from flodesk_mcp.flodesk.plain import PlainSubscriber

__all__ = ["SMALL", "Progress", "Reader"]

Progress = Callable[[int, int], None]
"""Told how many people were read so far, of how many."""

SMALL = 2_000
"""People whose list is read whole while somebody waits: 20 requests. A longer one lets the calls of people pass."""

REMEMBERED = 1_000
PER_PAGE = 100
PATIENCE = 120.0
"""What one page may wait: a long list takes more than a minute's quota."""

PAGES_AHEAD = 8
TOGETHER_SECONDS = 0.05
"""Pages that come so soon one after the other are stored together: storing one takes as long as fetching it."""

ROUNDS = 3


class Reader:
    """Reads one account's list into the mirror's rows. Only one at a time may: see `Storage.lock`."""

    def __init__(self, flodesk: FlodeskClient, rows: Rows, clock: Callable[[], float]) -> None:
        self._flodesk = flodesk
        self._rows = rows
        self._clock = clock
        self._total = 0

    async def read_whole(self, progress: Progress | None = None) -> None:
        """Read everybody, or the rest of a reading that was interrupted, until the mirror agrees with Flodesk.

        Raises FlodeskError.
        """
        await self._read(await self._begun(), progress)
        for _ in range(ROUNDS):
            if await self._settled():
                break
            if self._total > SMALL:
                await self._comparison().repair_statuses()
            else:
                await self._read(await self._begun(again=True), progress)  # a second look costs little
        async with self._rows.writing() as work:
            await finished(work, self._clock())
            await work.analyze()

    async def top_up(self) -> bool:
        """Read the newest people, up to those that are known, and find who is gone; tell whether that came out even.

        Raises FlodeskError.
        """
        agrees = await self._read_top()
        if not agrees:
            agrees = await self._comparison().repair(None)
        if agrees:
            async with self._rows.writing() as work:
                await work.change(update(mirrors).values(checked_at=self._clock()))
        return agrees

    async def _begun(self, *, again: bool = False) -> "_Begun":
        """Return the reading that was interrupted, or begin one; or begin it `again`."""
        async with self._rows.writing() as work:
            query = select(readings.c.id, readings.c.began_at, readings.c.place)
            open_one = await work.first(query.where(readings.c.finished_at.is_(None)))
            if open_one and not again:
                return _Begun(open_one.id, open_one.began_at, open_one.place)
            if await work.first(select(mirrors)) is None:
                await work.put(mirrors, [{"used_at": self._clock(), "removed": 0}])
            last = await work.value(select(func.max(readings.c.id)))
            begun = _Begun((last or 0) + 1, self._clock(), 0)
            await work.change(delete(readings).where(readings.c.finished_at.is_(None)))
            await work.put(readings, [{"id": begun.id, "began_at": begun.began_at, "place": 0, "total": 0}])
            return begun

    async def _read(self, begun: "_Begun", progress: Progress | None) -> None:
        memory = _Memory(self._rows, begun.id)

        def begin(tasks: TaskGroup) -> AsyncGenerator[PageRead[PlainSubscriber], None]:
            pages = Expecting(self._page, tasks)
            return whole_pages(pages.fetch, memory, begun.place, pages.expect)

        async with reading_ahead(begin, PAGES_AHEAD, TOGETHER_SECONDS) as handed_out:
            async for pages in handed_out:
                last = pages[-1]
                self._total = max(last.total or 0, last.after)
                async with self._rows.writing() as work:
                    found = [person for page in pages for person in page.rows]
                    await put_people(work, found, self._clock(), reading=begun.id, is_first=begun.id == 1)
                    done = update(readings).where(readings.c.id == begun.id)
                    await work.change(done.values(place=last.after, total=self._total))
                if progress:
                    progress(last.after, self._total)
        unseen = or_(people.c.reading.is_(None), people.c.reading != begun.id)
        async with self._rows.writing() as work:
            await remove_people(work, and_(unseen, people.c.seen_at < begun.began_at))

    async def _read_top(self) -> bool:
        """Read the first pages until all on one are known, or there are as many people as at Flodesk."""
        number = 0
        while True:
            number += 1
            page = await self._page(number, PER_PAGE)
            ids = [person["id"] for person in page.data]
            async with self._rows.writing() as work:
                known = await count_of(work, people.c.id.in_(ids))
                await put_people(work, page.data, self._clock())
                agrees = await count_of(work) == page.meta.total_items
            if agrees or known == len(ids):
                return agrees

    async def _settled(self) -> bool:
        """Take in who came meanwhile, and tell whether there are as many people, and as many active ones, as there."""
        agrees = await self._read_top()
        active = await self._list(1, 1, "active")
        async with self._rows.reading() as work:
            return agrees and await count_of(work, people.c.status == "active") == active.meta.total_items

    def _comparison(self) -> Comparison:
        return Comparison(self._list, self._get, self._rows, self._clock)

    async def _page(self, number: int, size: int) -> Page[PlainSubscriber]:
        return await self._list(number, size)

    async def _list(self, number: int, size: int, status: str | None = None) -> Page[PlainSubscriber]:
        with wait_deadline(PATIENCE, background=self._total > SMALL):
            return await self._flodesk.subscribers.list_plain(page=number, per_page=size, status=status)

    async def _get(self, id: str) -> Subscriber:
        with wait_deadline(PATIENCE, background=self._total > SMALL):
            return await self._flodesk.subscribers.get(id)


@dataclass(frozen=True)
class _Begun:
    id: int
    began_at: float
    place: int


class _Memory:
    """What a reading has read: the last thousand by their ids, the others as the database has them."""

    def __init__(self, rows: Rows, reading: int) -> None:
        self._rows = rows
        self._reading = reading
        self._recent: dict[str, None] = {}

    async def knows_any(self, rows: Sequence[PlainSubscriber], /) -> bool:
        """Tell whether one of `rows` was read."""
        ids = [row["id"] for row in rows]
        if any(known in self._recent for known in ids):
            return True
        query = select(people.c.id).where(people.c.id.in_(ids), people.c.reading == self._reading)
        async with self._rows.reading() as work:
            known = [row.id for row in await work.all(query)]
        self._remember(known)
        return bool(known)

    def unread(self, rows: Sequence[PlainSubscriber], /) -> list[PlainSubscriber]:
        """Return those of `rows` that were not read yet, and count all as read."""
        found = [row for row in rows if row["id"] not in self._recent]
        self._remember([row["id"] for row in found])
        return found

    def _remember(self, ids: Sequence[str]) -> None:
        self._recent.update(dict.fromkeys(ids))
        for forgotten in list(islice(self._recent, max(len(self._recent) - REMEMBERED, 0))):
            del self._recent[forgotten]
