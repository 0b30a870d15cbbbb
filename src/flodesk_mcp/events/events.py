"""All that a hosted server does with events, put together."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio

from flodesk_mcp.events.account_events import AccountEvents, Spawn
from flodesk_mcp.events.forwarding import Destination, Forwarder
from flodesk_mcp.events.inbox import Inbox
from flodesk_mcp.events.verifying import OpenClient, Verifier
from flodesk_mcp.events.webhook_addresses import WebhookAddresses
from flodesk_mcp.flodesk import FlodeskClient
from flodesk_mcp.messages import Messages, Stop
from flodesk_mcp.store import (
    Database,
    ReceivedEvents,
    StoredDeliveries,
    StoredEvents,
    StoredReceivers,
    StoreError,
)

__all__ = ["Events"]


DAY = 24 * 3600
FORGET_EVERY_SECONDS = 600

logger = logging.getLogger(__name__)


class Events:
    """Takes events in, verifies them, and tells of them. `running()` keeps it at work."""

    def __init__(
        self,
        database: Database,
        public_url: str | None,
        messages: Messages,
        spawn: Spawn,
        destination: Destination | None = None,
        kept_days: int = 90,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take where events are stored, where Flodesk reaches this server, if it does, and who is told of events.

        `spawn` runs what tells clients of them. They are passed on to `destination`, if there is one, and forgotten
        after `kept_days`.
        """
        self._database = database
        self._messages = messages
        self._spawn = spawn
        self._public_url = public_url
        self._receivers = StoredReceivers(database, now)
        self._stored = StoredEvents(database, now)
        self._received = ReceivedEvents(database, now)
        self._kept_days = kept_days
        self._verifier = Verifier(self._stored, self._tell, forward=destination is not None)
        self._forwarder = Forwarder(StoredDeliveries(database, now), destination, now) if destination else None
        self.inbox = Inbox(self._received, self._verifier.wake)
        self._open_client: OpenClient = _opens_nothing

    @asynccontextmanager
    async def running(self, open_client: OpenClient) -> AsyncIterator[None]:
        """Store and verify what comes for as long as the block lasts. `open_client` opens an account."""
        self._open_client = open_client
        try:
            async with self.inbox.running(), anyio.create_task_group() as group:
                group.start_soon(self._verifier.run, open_client)
                group.start_soon(self._forget_old)
                if self._forwarder:
                    group.start_soon(self._forwarder.run)
                yield
                group.cancel_scope.cancel()
        finally:
            await self._database.aclose()

    def of(self, account: str) -> AccountEvents:
        """Return the events of one account, and of no other."""
        addresses = WebhookAddresses(self._receivers, account, self._public_url, partial(self._is_kept, account))
        return AccountEvents(account, self._stored, addresses, partial(self._listen, account), self._spawn)

    async def _is_kept(self, account: str) -> bool:
        return await self._open_client(account) is not None

    async def _forget_old(self) -> None:
        while True:
            try:
                await self._received.sweep(self._kept_days * DAY)
            except StoreError as error:
                logger.warning("Old events could not be forgotten: %s", error, extra={"repeats": "database"})
            await anyio.sleep(FORGET_EVERY_SECONDS)

    def _listen(self, account: str, listener: Callable[[], None]) -> Stop:
        return self._messages.listen(_topic(account), lambda _: listener())

    async def _tell(self, account: str) -> None:
        if self._forwarder:
            self._forwarder.wake()
        self._messages.publish(_topic(account), b"")


def _topic(account: str) -> str:
    return f"events {account}"


async def _opens_nothing(_: str) -> FlodeskClient | None:
    return None
