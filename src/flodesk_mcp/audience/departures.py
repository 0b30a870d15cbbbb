"""Who unsubscribed, and when: Flodesk keeps no date of that, but its webhooks tell when it happens."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from flodesk_mcp.audience.rows import Work
from flodesk_mcp.audience.tables import people

__all__ = ["Departures", "LookUp", "among_people"]

BATCH = 500


@dataclass(frozen=True)
class Departures:
    """Subscriber ids, each with the moment of leaving, as far as they are `known_since` a moment."""

    known_since: datetime
    left: Sequence[tuple[str, datetime]]

    def by_week(self, week_of: Callable[[datetime], str]) -> dict[str, int]:
        """Return how many people left in each week, which `week_of` names; who left twice in one counts once."""
        return dict(sorted(Counter(week for week, _ in {(week_of(at), known) for known, at in self.left}).items()))


LookUp = Callable[[datetime], Awaitable[Departures | None]]
"""Returns who left since a moment; None where nothing ever told."""


async def among_people(work: Work, departures: Departures, among: ColumnElement[bool]) -> Departures:
    """Return only those departures that are of certain people in the mirror. Raises AudienceError."""
    ids = sorted({known for known, _ in departures.left})
    kept: set[str] = set()
    for first in range(0, len(ids), BATCH):
        query = select(people.c.id).where(people.c.id.in_(ids[first : first + BATCH]), among)
        kept |= {row.id for row in await work.all(query)}
    return Departures(departures.known_since, [(known, at) for known, at in departures.left if known in kept])
