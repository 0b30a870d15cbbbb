"""Events on their way to where the operator wants them: what is due, how it went, and once more on request."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import insert, select, update

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.event_models import DeliveryRow, EventRow
from flodesk_mcp.store.models import AccountRow

__all__ = ["Delivery", "DeliveryState", "StoredDeliveries", "new_delivery"]

DeliveryState = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True)
class Delivery:
    """An event to be passed on, or that was. `event_id` is the same each time that the same event is passed on."""

    number: int
    event_id: str
    event_type: str
    account: str
    account_name: str | None
    occurred_at: float
    received_at: float
    segment_id: str | None
    segment_name: str | None
    person: str | None
    state: str
    tries: int
    due_at: float
    outcome: str | None
    created_at: float
    tried_at: float | None


def new_delivery(event: int, account: str, now: float) -> DeliveryRow:
    """Return the row of a delivery that is due at once."""
    return DeliveryRow(event=event, account=account, state="waiting", tries=0, due_at=now, created_at=now)


_WHOLE = (
    select(
        DeliveryRow.number,
        EventRow.id.label("event_id"),
        EventRow.type.label("event_type"),
        DeliveryRow.account,
        AccountRow.name.label("account_name"),
        EventRow.occurred_at,
        EventRow.received_at,
        EventRow.segment_id,
        EventRow.segment_name,
        EventRow.person,
        DeliveryRow.state,
        DeliveryRow.tries,
        DeliveryRow.due_at,
        DeliveryRow.outcome,
        DeliveryRow.created_at,
        DeliveryRow.tried_at,
    )
    .join(EventRow, EventRow.number == DeliveryRow.event)
    .outerjoin(AccountRow, AccountRow.id == DeliveryRow.account)
)


class StoredDeliveries:
    """Deliveries in the database."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    async def claim(self, most: int, seconds: float) -> list[Delivery]:
        """Take deliveries that are due, for so long: meanwhile no other process gets them. Raises StoreError.

        Each counts as tried. One whose process dies is due again when the time is over.
        """
        now = self._now()
        due = select(DeliveryRow.number).where(DeliveryRow.state == "waiting", DeliveryRow.due_at <= now)
        async with self._database.completing() as session:
            chosen = due.order_by(DeliveryRow.due_at).limit(most).with_for_update(skip_locked=True)
            numbers = (await session.execute(chosen)).scalars().all()
            if not numbers:
                return []
            claimed = update(DeliveryRow).where(DeliveryRow.number.in_(numbers))
            await session.execute(claimed.values(due_at=now + seconds, tries=DeliveryRow.tries + 1, tried_at=now))
            rows = await session.execute(_WHOLE.where(DeliveryRow.number.in_(numbers)).order_by(DeliveryRow.number))
            return [Delivery(**row._mapping) for row in rows]

    async def end(self, number: int, state: DeliveryState, outcome: str, again_in: float | None = None) -> None:
        """Store how a try went; one that still waits is due again after `again_in` seconds. Raises StoreError."""
        ended = update(DeliveryRow).where(DeliveryRow.number == number)
        due = {} if again_in is None else {"due_at": self._now() + again_in}
        async with self._database.completing() as session:
            await session.execute(ended.values(state=state, outcome=outcome, **due))

    async def list(self, account: str | None, state: DeliveryState | None, limit: int) -> list[Delivery]:
        """Return the log, the latest deliveries first. Raises StoreError."""
        query = _WHOLE.order_by(DeliveryRow.number.desc()).limit(limit)
        for column, value in ((DeliveryRow.account, account), (DeliveryRow.state, state)):
            if value is not None:
                query = query.where(column == value)
        async with self._database.reading() as session:
            return [Delivery(**row._mapping) for row in await session.execute(query)]

    async def replay(self, account: str | None, event_id: str | None, since: float | None, *, failed: bool) -> int:
        """Pass verified events on once more: one, or all since then, or those that `failed`; return how many.

        What is on its way already is not doubled. Raises StoreError.
        """
        now = self._now()
        events = select(EventRow.number, EventRow.account).where(EventRow.state == "verified")
        for column, value in ((EventRow.account, account), (EventRow.id, event_id)):
            if value is not None:
                events = events.where(column == value)
        if since is not None:
            events = events.where(EventRow.occurred_at >= since)
        on_its_way = select(DeliveryRow.event).where(DeliveryRow.state == "waiting")
        events = events.where(EventRow.number.not_in(on_its_way))
        if failed:
            ended = select(DeliveryRow.event).where(DeliveryRow.state == "failed")
            delivered = select(DeliveryRow.event).where(DeliveryRow.state == "delivered")
            events = events.where(EventRow.number.in_(ended), EventRow.number.not_in(delivered))
        async with self._database.completing() as session:
            rows = (await session.execute(events)).all()
            if rows:
                fresh = {"state": "waiting", "tries": 0, "due_at": now, "created_at": now}
                await session.execute(
                    insert(DeliveryRow), [{"event": row.number, "account": row.account, **fresh} for row in rows]
                )
        return len(rows)
