"""How people get into the mirror, and out of it."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, delete, func, select, update

from flodesk_mcp.audience.person import STORED, row_of
from flodesk_mcp.audience.rows import Work
from flodesk_mcp.audience.tables import mirrors, people, segments
from flodesk_mcp.flodesk.plain import PlainSubscriber

__all__ = ["count_of", "put_people", "remove_people"]


_COLUMNS = (*STORED, "reading", "first_seen_at", "was_active")
_KEPT = ("first_seen_at", "was_active")


async def put_people(
    work: Work, found: Iterable[PlainSubscriber], now: float, *, reading: int | None = None, is_first: bool = False
) -> None:
    """Store people as Flodesk has just shown them, and the names of their segments.

    `reading` is the whole reading that came past them. In the first one, whoever is active was it when it ended, as
    far as is known: to say so for everybody at the end would write everything twice.
    """
    once = {person["id"]: person for person in found}.values()
    rows = [(*row_of(person, now), reading, now, is_first and person.get("status") == "active") for person in once]
    await work.put_values(people, _COLUMNS, rows, keep=_KEPT if reading else (*_KEPT, "reading"))
    names = {segment["id"]: segment.get("name") for person in once for segment in person.get("segments") or ()}
    await work.put(segments, [{"id": known, "name": name} for known, name in names.items()])


async def remove_people(work: Work, clause: ColumnElement[bool]) -> None:
    """Delete people who are not on the list any more; remember how many of them were active in the last reading."""
    gone = await work.all(
        select(people.c.was_active, func.count().label("number")).where(clause).group_by(people.c.was_active)
    )
    if gone:
        await work.change(delete(people).where(clause))
        were_active = sum(row.number for row in gone if row.was_active)
        await work.change(update(mirrors).values(removed=mirrors.c.removed + were_active))


async def count_of(work: Work, *clauses: ColumnElement[bool]) -> int:
    """Return how many people meet all of `clauses`."""
    return int(await work.value(select(func.count()).select_from(people).where(*clauses)))
