"""Webhook events that were received: looked through, verified, and forgotten with time."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import ColumnElement, func, or_, select, update

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.deliveries import new_delivery
from flodesk_mcp.store.event_models import EventRow

__all__ = ["EventFilter", "EventState", "StoredEvent", "StoredEvents", "Verdict"]

EventState = Literal["waiting", "verified", "contradicted"]
"""Not yet looked at; as Flodesk says, too; or Flodesk says otherwise: made up, or no longer so."""

BATCH = 500


@dataclass(frozen=True)
class StoredEvent:
    """An event. `person` is the subscriber as Flodesk answered when it was verified, as JSON."""

    number: int
    id: str
    account: str
    type: str
    occurred_at: float
    received_at: float
    subscriber_id: str | None
    email: str | None
    segment_id: str | None
    segment_name: str | None
    state: str
    tries: int
    person: str | None


@dataclass(frozen=True)
class Verdict:
    """What Flodesk says of an event: whether it is so, of whom, which segment. `person` is its answer as JSON."""

    number: int
    state: EventState
    subscriber_id: str | None = None
    email: str | None = None
    segment_id: str | None = None
    segment_name: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class EventFilter:
    """Which events are meant; what is None does not matter. `person` is an id, or an address in lower case."""

    account: str | None = None
    state: EventState | None = None
    since: float | None = None
    type: str | None = None
    segment_id: str | None = None
    person: str | None = None

    def clauses(self) -> list[ColumnElement[bool]]:
        """Return the same for a query."""
        wanted = [
            (EventRow.account, self.account),
            (EventRow.state, self.state),
            (EventRow.type, self.type),
            (EventRow.segment_id, self.segment_id),
        ]
        clauses: list[ColumnElement[bool]] = [column == value for column, value in wanted if value is not None]
        if self.since is not None:
            clauses.append(EventRow.occurred_at >= self.since)
        if self.person is not None:
            clauses.append(or_(EventRow.subscriber_id == self.person, EventRow.email == self.person.lower()))
        return clauses


class StoredEvents:
    """Events in the database."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    async def page(self, wanted: EventFilter, limit: int, before: int | None = None) -> list[StoredEvent]:
        """Return up to `limit` events, the last received first, of those before the number `before`.

        Raises StoreError.
        """
        query = select(EventRow).where(*wanted.clauses()).order_by(EventRow.number.desc()).limit(limit)
        if before is not None:
            query = query.where(EventRow.number < before)
        async with self._database.reading() as session:
            return [_event(row) for row in (await session.execute(query)).scalars()]

    async def count(self, wanted: EventFilter) -> int:
        """Return how many events there are. Raises StoreError."""
        async with self._database.reading() as session:
            query = select(func.count()).select_from(EventRow).where(*wanted.clauses())
            return int((await session.execute(query)).scalar_one())

    async def first_at(self, account: str) -> float | None:
        """Return when the first event of an account came that is still known. Raises StoreError."""
        async with self._database.reading() as session:
            query = select(func.min(EventRow.received_at)).where(EventRow.account == account)
            return (await session.execute(query)).scalar_one()

    async def each(self, wanted: EventFilter) -> AsyncIterator[Sequence[StoredEvent]]:
        """Yield all events in batches, the last received first. Raises StoreError."""
        before: int | None = None
        while found := await self.page(wanted, BATCH, before):
            yield found
            before = found[-1].number

    async def accounts_to_verify(self, most: int) -> list[str]:
        """Return accounts with events that somebody should look after now. Raises StoreError."""
        query = select(EventRow.account).where(*self._due()).group_by(EventRow.account)
        async with self._database.reading() as session:
            rows = await session.execute(query.order_by(func.min(EventRow.due_at)).limit(most))
            return list(rows.scalars())

    async def claim(self, account: str, most: int, seconds: float) -> list[StoredEvent]:
        """Take the oldest events to look after, for so long: meanwhile nobody else gets them. Raises StoreError."""
        query = select(EventRow.number).where(EventRow.account == account, *self._due()).order_by(EventRow.number)
        async with self._database.completing() as session:
            numbers = (await session.execute(query.limit(most).with_for_update(skip_locked=True))).scalars().all()
            claimed = update(EventRow).where(EventRow.number.in_(numbers)).values(due_at=self._now() + seconds)
            rows = (await session.execute(claimed.returning(EventRow))).scalars().all() if numbers else []
            return sorted((_event(row) for row in rows), key=lambda event: event.number)

    async def settle(self, verdicts: Sequence[Verdict], *, forward: bool = False) -> None:
        """Store what was found of events that still wait. With `forward`, verified ones are passed on from now on.

        Raises StoreError.
        """
        now = self._now()
        async with self._database.completing() as session:
            for verdict in verdicts:
                is_so = verdict.state == "verified"
                settled = (
                    update(EventRow)
                    .where(EventRow.number == verdict.number, EventRow.state == "waiting")
                    .values(asdict(verdict) if is_so else {"state": verdict.state})
                    .returning(EventRow.account)
                )
                account = (await session.execute(settled)).scalar_one_or_none()
                if account is not None and forward and is_so:
                    session.add(new_delivery(verdict.number, account, now))

    async def postpone(self, account: str, seconds: float, numbers: Sequence[int] | None = None) -> None:
        """Look at events of an account again only after so long: at these, or at all. Raises StoreError."""
        later = update(EventRow).where(EventRow.account == account, EventRow.state == "waiting")
        if numbers is not None:
            later = later.where(EventRow.number.in_(numbers))
        async with self._database.completing() as session:
            await session.execute(later.values(due_at=self._now() + seconds, tries=EventRow.tries + 1))

    def _due(self) -> tuple[ColumnElement[bool], ...]:
        return EventRow.state == "waiting", EventRow.due_at <= self._now()


def _event(row: EventRow) -> StoredEvent:
    return StoredEvent(**{name: getattr(row, name) for name in StoredEvent.__dataclass_fields__})
