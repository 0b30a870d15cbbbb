"""The mirror of one account's people: kept fresh, searched, and told of our own writes."""

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import anyio
from sqlalchemy import ColumnElement, and_, or_, select

from flodesk_mcp.audience.conditions import Where
from flodesk_mcp.audience.errors import MirrorUnusable
from flodesk_mcp.audience.garbage import seldom_searched_for
from flodesk_mcp.audience.person import COLUMNS, Person
from flodesk_mcp.audience.reading import SMALL, Progress, Reader
from flodesk_mcp.audience.rows import Work
from flodesk_mcp.audience.storage import Storage
from flodesk_mcp.audience.tables import mirrors, people, readings, segments
from flodesk_mcp.audience.writing import count_of, put_people
from flodesk_mcp.flodesk import FlodeskClient, Subscriber
from flodesk_mcp.flodesk.plain import plain

__all__ = ["Columns", "Freshness", "Matches", "Mirror", "MirrorStatus", "Place"]

BATCH = 1_000
LOCK_POLL_SECONDS = 0.5


class Place(NamedTuple):
    """A place in the order of the list, the newest first: behind the person `id`, who joined at `created_us`."""

    created_us: int
    id: str

    @classmethod
    def of_last(cls, columns: "Columns") -> "Place":
        """Return the place of the last person in columns."""
        return cls(columns[-1][-1], columns[0][-1])


@dataclass(frozen=True)
class Freshness:
    """How far the mirror can be believed. Times are seconds since 1970, None where it never happened.

    `checked_at`: when new people and own writes were last known to be complete; `whole_at`: when the reading began
    that everything else is at least as new as. `reading` of `total` people were read by one that is not finished.
    """

    checked_at: float | None = None
    whole_at: float | None = None
    reading: int | None = None
    total: int | None = None


Columns = Sequence[Sequence[Any]]
"""COLUMNS of people, and `created_us`: each a sequence with a value for everybody."""

_WHOLE = select(*(people.c[name] for name in COLUMNS), people.c.created_us)


def _people(columns: Columns) -> Iterator[Person]:
    return map(Person, *columns[:-1])


@dataclass(frozen=True, kw_only=True)
class MirrorStatus(Freshness):
    """The same, where the mirror is, and how many people are in it."""

    place: str
    people: int


@dataclass(frozen=True)
class Matches:
    """A page of those who match, each with their place, how many match in all, and the names of segments by id."""

    page: list[tuple[Person, Place]]
    total: int
    segment_names: dict[str, str]


class Mirror:
    """Everybody on the list of one account, as far as was last read."""

    def __init__(self, flodesk: FlodeskClient, storage: Storage, clock: Callable[[], float] = time.time) -> None:
        self._flodesk = flodesk
        self._storage = storage
        self._clock = clock
        self.rows = storage.mirror
        """For queries of one's own on the tables, within the account."""

    async def exists(self) -> bool:
        """Tell whether anything was ever read."""
        return await self._storage.exists()

    async def status(self) -> MirrorStatus:
        """Return all that is known of the mirror, without a request. Raises AudienceError."""
        known, number = await self.freshness(), await self.count()
        return MirrorStatus(place=self._storage.place(), people=number, **asdict(known))

    async def freshness(self) -> Freshness:
        """Return how fresh the mirror is, without a request. Raises AudienceError."""
        async with self.rows.reading() as work:
            state = await work.first(select(mirrors))
            begun = await work.first(select(readings).where(readings.c.finished_at.is_(None)))
        return Freshness(
            state and state.checked_at, state and state.whole_at, begun and begun.place, begun and begun.total
        )

    async def refresh(
        self, max_age_seconds: float = 0, progress: Progress | None = None, *, whole: bool = False
    ) -> None:
        """Make the mirror no older than `max_age_seconds`, by as few requests as that takes.

        The list is read whole when it never was, when it is small, when a top-up does not come out even, and when
        `whole` asks for it: then a mirror that is damaged, or of a newer version, is kept aside for a new one. Whoever
        else reads it meanwhile is waited for. Raises FlodeskError, MirrorUnusable.
        """
        try:
            await self._refresh_in_turn(max_age_seconds, progress, whole=whole)
        except MirrorUnusable:
            if not whole:
                raise
            await self._storage.set_aside()
            await self._refresh_in_turn(0, progress, whole=True)
        await self.used()

    async def _refresh_in_turn(self, max_age_seconds: float, progress: Progress | None, *, whole: bool) -> None:
        """Refresh, or wait for whoever does, and use what they have read."""
        since = self._clock() - max_age_seconds  # what another reads meanwhile is new enough, too
        while True:
            status = await self.freshness()
            if _is_fresh(status, since, whole=whole):
                return
            async with self._storage.lock("reading") as is_mine:
                if is_mine:
                    status = await self.freshness()  # another may have come to its end just now
                    if not _is_fresh(status, since, whole=whole):
                        await self._refresh(status, progress, whole=whole)
                    return
            if progress and status.reading is not None:
                progress(status.reading, status.total or 0)
            whole = False
            await anyio.sleep(LOCK_POLL_SECONDS)

    async def _refresh(self, status: Freshness, progress: Progress | None, *, whole: bool) -> None:
        reader = Reader(self._flodesk, self.rows, self._clock)
        must_be_whole = whole or status.checked_at is None or status.reading is not None
        with seldom_searched_for():
            if must_be_whole or await self.count() <= SMALL or not await reader.top_up():
                await reader.read_whole(progress)

    async def people(self, where: Where | None = None, batch: int = BATCH) -> AsyncGenerator[list[Person], None]:
        """Yield those who match, the newest first, in batches: memory is constant, and refreshing loses nobody.

        Somebody who matches from the beginning to the end comes exactly once.
        """
        async for found in self.stored(where, None, batch):
            yield list(_people(found))

    async def stored(
        self, where: Where | None, after: Place | None, batch: int = BATCH
    ) -> AsyncGenerator[Columns, None]:
        """Yield the same from behind `after` on, by columns."""
        while True:
            async with self.rows.reading() as work:
                found = await self._page(work, where, after, batch)
            if found[0]:
                yield found
            if len(found[0]) < batch:
                return
            after = Place.of_last(found)

    async def search(self, where: Where | None, after: Place | None, limit: int) -> Matches:
        """Return a page of those who match, how many there are in all, and the names of segments."""
        async with self.rows.reading() as work:
            found = await self._page(work, where, after, limit)
            page = [*zip(_people(found), map(Place, found[-1], found[0]), strict=True)]
            return Matches(page, await self._count(work, where), await _names(work))

    async def count(self, where: Where | None = None) -> int:
        """Return how many match."""
        async with self.rows.reading() as work:
            return await self._count(work, where)

    async def segment_names(self) -> dict[str, str]:
        """Return the names of segments by id, as far as anybody is in them."""
        async with self.rows.reading() as work:
            return await _names(work)

    async def _page(self, work: Work, where: Where | None, after: Place | None, limit: int) -> Columns:
        query = (
            _WHOLE.where(*self._clauses(where)).order_by(people.c.created_us.desc(), people.c.id.desc()).limit(limit)
        )
        if after:
            us, as_old = people.c.created_us, people.c.created_us == after.created_us
            # The first half is for the index, which SQLite does not use for the second.
            query = query.where(
                us <= after.created_us, or_(us < after.created_us, and_(as_old, people.c.id < after.id))
            )
        return await work.columns(query)

    async def _count(self, work: Work, where: Where | None) -> int:
        return await count_of(work, *self._clauses(where))

    def _clauses(self, where: Where | None) -> list[ColumnElement[bool]]:
        return [where.clause(datetime.fromtimestamp(self._clock(), UTC))] if where else []

    async def note(self, *seen: Subscriber) -> None:
        """Store what Flodesk has just answered of people, if there is a mirror. Raises AudienceError."""
        if seen and await self.exists():
            async with self.rows.writing() as work:
                await put_people(work, map(plain, seen), self._clock())

    async def used(self) -> None:
        """Take note that the mirror is in use: one that is not for a long time is forgotten."""
        await self._storage.used()

    async def forget(self) -> None:
        """Delete the mirror."""
        await self._storage.forget()


async def _names(work: Work) -> dict[str, str]:
    return {row.id: row.name or row.id for row in await work.all(select(segments))}


def _is_fresh(status: Freshness, since: float, *, whole: bool) -> bool:
    if status.reading is not None:
        return False
    newest = status.whole_at if whole else status.checked_at
    return newest is not None and newest >= since
