"""What each whole reading is remembered by: how many there were, of which status, and in which segments."""

import json
from collections import Counter

from sqlalchemy import Text, and_, cast, func, select, update

from flodesk_mcp.audience.rows import Work
from flodesk_mcp.audience.tables import mirrors, people, readings
from flodesk_mcp.audience.writing import count_of

__all__ = ["finished"]


async def finished(work: Work, now: float) -> None:
    """End the reading that is under way, with the numbers of the mirror as it is now."""
    begun = await work.first(select(readings.c.id, readings.c.began_at).where(readings.c.finished_at.is_(None)))
    if begun is None:
        return
    before = await work.value(select(func.max(readings.c.finished_at)))
    removed = await work.value(select(mirrors.c.removed))
    counted = await work.all(
        select(people.c.was_active, people.c.status, func.count().label("number")).group_by(
            people.c.was_active, people.c.status
        )
    )
    by_status: Counter[str] = Counter()
    for row in counted:
        by_status[row.status or "unknown"] += row.number
    left = removed + sum(row.number for row in counted if row.was_active and row.status != "active")
    joined = 0 if before is None else await count_of(work, people.c.first_seen_at > before)
    if any(row.was_active != (row.status == "active") for row in counted):
        is_active = and_(people.c.status.is_not(None), people.c.status == "active")
        await work.change(update(people).where(people.c.was_active != is_active).values(was_active=is_active))
    numbers = {
        "finished_at": now,
        "total": sum(by_status.values()),
        "by_status": dict(by_status),
        "segment_sizes": await _segment_sizes(work),
        "joined": None if before is None else joined,
        "left": None if before is None else left,
    }
    await work.change(update(readings).where(readings.c.id == begun.id).values(numbers))
    await work.change(update(mirrors).values(checked_at=now, whole_at=begun.began_at, removed=0))


async def _segment_sizes(work: Work) -> dict[str, int]:
    together = cast(people.c.segments, Text)  # those who are in the same segments are counted at once
    sizes: dict[str, int] = {}
    for row in await work.all(select(together.label("ids"), func.count().label("number")).group_by(together)):
        for known in json.loads(row.ids):
            sizes[known] = sizes.get(known, 0) + row.number
    return sizes
