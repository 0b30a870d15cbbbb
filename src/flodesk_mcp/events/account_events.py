"""The events of one account: what tools call."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flodesk_mcp.audience.departures import Departures
from flodesk_mcp.events.errors import EventsFailed
from flodesk_mcp.events.webhook_addresses import WebhookAddresses
from flodesk_mcp.messages import Stop
from flodesk_mcp.store import EventFilter, StoredEvent, StoredEvents, StoreError

__all__ = ["AccountEvents", "EventPage", "Spawn"]

Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


@dataclass(frozen=True)
class EventPage:
    """Verified events, the last received first. `waiting` counts those of the account that are not verified yet."""

    events: list[StoredEvent]
    total: int
    waiting: int
    has_more: bool


class AccountEvents:
    """What is known of one account's events, and where its webhooks may post.

    `listen` calls a listener after events were verified, until what it returns is called; `spawn` runs what outlives a
    call.
    """

    def __init__(
        self,
        account: str,
        stored: StoredEvents,
        addresses: WebhookAddresses,
        on_change: Callable[[Callable[[], None]], Stop],
        spawn: Spawn,
    ) -> None:
        self._account = account
        self._stored = stored
        self.addresses = addresses
        self.listen = on_change
        self.spawn = spawn

    async def page(
        self,
        limit: int,
        before: int | None = None,
        *,
        since: datetime | None = None,
        type: str | None = None,
        segment_id: str | None = None,
        person: str | None = None,
    ) -> EventPage:
        """Return up to `limit` verified events, of those before the number `before`. Raises EventsFailed."""
        wanted = EventFilter(
            self._account, "verified", since.timestamp() if since else None, type, segment_id, person and person.strip()
        )
        try:
            found = await self._stored.page(wanted, limit + 1, before)
            total = await self._stored.count(wanted)
            waiting = await self._stored.count(EventFilter(self._account, "waiting"))
        except StoreError as error:
            raise EventsFailed(f"The events cannot be read: {error}") from error
        return EventPage(found[:limit], total, waiting, len(found) > limit)

    async def unsubscribes(self, since: datetime) -> Departures | None:
        """Return who unsubscribed since then, as far as events told of it; None where none ever came.

        Raises EventsFailed.
        """
        wanted = EventFilter(self._account, "verified", since.timestamp(), "subscriber.unsubscribed")
        try:
            first_at = await self._stored.first_at(self._account)
            if first_at is None:
                return None
            left = [
                (event.subscriber_id or event.id, datetime.fromtimestamp(event.occurred_at, UTC))
                async for events in self._stored.each(wanted)
                for event in events
            ]
        except StoreError as error:
            raise EventsFailed(f"The events cannot be read: {error}") from error
        return Departures(datetime.fromtimestamp(first_at, UTC), left)
