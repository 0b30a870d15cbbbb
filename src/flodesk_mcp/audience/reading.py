"""Reading the list into the mirror: whole, page by page, so that it goes on where it was interrupted; and its top."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, delete, func, or_, select, update

from flodesk_mcp.audience.person import Person
from flodesk_mcp.audience.rows import Rows, Work
from flodesk_mcp.audience.tables import mirrors, people, readings, segments
from flodesk_mcp.flodesk import FlodeskClient, Subscriber, wait_deadline

__all__ = ["Progress", "put_people", "read_whole", "top_up"]

Progress = Callable[[int, int], None]
"""Told how many people were read so far, of how many."""

REMEMBERED = 1_000
PER_PAGE = 100
PATIENCE = 120.0
"""What one page may wait: a long list takes more than a minute's quota."""


class _Memory:
    """What this reading has read: the last thousand by their ids, the others as the database has them."""

    def __init__(self, rows: Rows, reading: int) -> None:
        self._rows = rows
        self._reading = reading
        self._recent: dict[str, None] = {}

    async def knows_any(self, rows: Sequence[Subscriber], /) -> bool:
        """Tell whether one of `rows` was read."""
        ids = [row.id for row in rows]
        if any(known in self._recent for known in ids):
            return True
        query = select(people.c.id).where(people.c.id.in_(ids), people.c.reading == self._reading)
        async with self._rows.reading() as work:
            known = [row.id for row in await work.all(query)]
        self._remember(known)
        return bool(known)

    def unread(self, rows: Sequence[Subscriber], /) -> list[Subscriber]:
        """Return those of `rows` that were not read yet, and count all as read."""
        found = [row for row in rows if row.id not in self._recent]
        self._remember([row.id for row in found])
        return found

    def _remember(self, ids: Sequence[str]) -> None:
        self._recent.update(dict.fromkeys(ids))
        while len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]


async def read_whole(
    flodesk: FlodeskClient, rows: Rows, progress: Progress | None = None, clock: Callable[[], float] = time.time
) -> None:
    """Read everybody, or the rest of a reading that was interrupted. Raises FlodeskError, AudienceError."""
    begun = await _begun(rows, clock())
    memory = _Memory(rows, begun["id"])
    async with aclosing(flodesk.subscribers.pages(memory, begun["place"])) as pages:
        async for page in pages:
            total = max(page.total or 0, page.after)
            async with rows.writing() as work:
                await put_people(work, page.rows, clock(), reading=begun["id"])
                await work.change(
                    update(readings).where(readings.c.id == begun["id"]).values(place=page.after, total=total)
                )
            if progress:
                progress(page.after, total)
    async with rows.writing() as work:
        await _finish(work, begun, clock())


async def top_up(flodesk: FlodeskClient, rows: Rows, clock: Callable[[], float] = time.time) -> bool:
    """Read the newest people, up to those that are known; tell whether there are now as many as at Flodesk."""
    page = 0
    while True:
        page += 1
        with wait_deadline(PATIENCE):
            answer = await flodesk.subscribers.list(page=page, per_page=PER_PAGE)
        async with rows.writing() as work:
            known = await work.value(_count(people.c.id.in_([person.id for person in answer.data])))
            await put_people(work, answer.data, clock())
            agrees = bool(await work.value(_count()) == answer.meta.total_items)
            if agrees:
                await work.change(update(mirrors).values(checked_at=clock()))
        if agrees or known == len(answer.data):
            return agrees


def _count(*clauses: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(people).where(*clauses)


async def put_people(work: Work, found: Sequence[Subscriber], now: float, *, reading: int | None = None) -> None:
    """Store people as Flodesk has just shown them, and the names of their segments."""
    kept = ["first_seen_at", "was_active"] + ([] if reading else ["reading"])
    rows = [
        Person.of(person, now).row() | {"reading": reading, "first_seen_at": now, "was_active": False}
        for person in {person.id: person for person in found}.values()
    ]
    await work.put(people, rows, keep=kept)
    names = {segment.id: segment.name for person in found for segment in person.segments or ()}
    await work.put(segments, [{"id": known, "name": name} for known, name in names.items()])


async def _begun(rows: Rows, now: float) -> Mapping[str, Any]:
    """Return the reading that is under way, or begin one."""
    async with rows.writing() as work:
        if open_one := await work.first(select(readings).where(readings.c.finished_at.is_(None))):
            return open_one._asdict()
        last = await work.value(select(func.max(readings.c.id)))
        row = {"id": (last or 0) + 1, "began_at": now, "place": 0, "total": 0}
        await work.put(readings, [row])
        return row


async def _finish(work: Work, begun: Mapping[str, Any], now: float) -> None:
    """Let those go who were not come past, and take note of the numbers."""
    before = await work.first(
        select(readings).where(readings.c.finished_at.is_not(None)).order_by(readings.c.id.desc()).limit(1)
    )
    unseen = and_(
        or_(people.c.reading.is_(None), people.c.reading != begun["id"]), people.c.seen_at < begun["began_at"]
    )
    silent = or_(people.c.status.is_(None), people.c.status != "active")
    state = await work.first(select(mirrors))
    left = await work.value(_count(people.c.was_active, or_(unseen, silent)))
    await work.change(delete(people).where(unseen))
    joined = await work.value(_count(people.c.first_seen_at > before.finished_at)) if before else None
    await work.change(update(people).where(people.c.was_active, silent).values(was_active=False))
    await work.change(
        update(people).where(people.c.was_active.is_(False), people.c.status == "active").values(was_active=True)
    )
    statuses = await work.all(select(people.c.status, func.count().label("number")).group_by(people.c.status))
    by_status = {row.status or "unknown": row.number for row in statuses}
    numbers = {
        "finished_at": now,
        "total": sum(by_status.values()),
        "by_status": by_status,
        "segment_sizes": await _segment_sizes(work),
        "joined": joined,
        "left": left + (state.removed if state else 0) if before else None,
    }
    await work.change(update(readings).where(readings.c.id == begun["id"]).values(numbers))
    await work.put(
        mirrors,
        [{"checked_at": now, "whole_at": begun["began_at"], "used_at": now, "removed": 0}],
    )


async def _segment_sizes(work: Work) -> dict[str, int]:
    together = cast(people.c.segments, Text)
    rows = await work.all(select(together.label("ids"), func.count().label("number")).group_by(together))
    sizes: dict[str, int] = {}
    for row in rows:
        for known in json.loads(row.ids):
            sizes[known] = sizes.get(known, 0) + row.number
    return sizes
