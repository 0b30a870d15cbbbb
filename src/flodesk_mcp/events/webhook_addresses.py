"""Webhooks that post to this server: each to an address with a secret, which Flodesk is told and nobody else."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from flodesk_mcp.events.errors import EventsFailed, EventsUnavailable
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError, UnreadableAnswer, Webhook
from flodesk_mcp.store import NewReceiver, StoredReceivers, StoreError

__all__ = ["WebhookAddresses"]

logger = logging.getLogger(__name__)


class WebhookAddresses:
    """The addresses of one account. `public_url` is where Flodesk reaches this server, None where it does not."""

    def __init__(
        self,
        receivers: StoredReceivers,
        account: str,
        public_url: str | None,
        is_kept: Callable[[], Awaitable[bool]],
    ) -> None:
        """Take, beside the rest, what tells whether this server can open the account by itself."""
        self._receivers = receivers
        self._account = account
        self._public_url = public_url
        self._is_kept = is_kept

    async def create(self, flodesk: FlodeskClient, name: str, events: Sequence[str]) -> Webhook:
        """Make a webhook that posts here. Raises EventsUnavailable, EventsFailed, FlodeskError."""
        receiver = await self._new()
        try:
            made = await flodesk.webhooks.create(name, self._address(receiver), events)
        except FlodeskError as error:
            await self._give_up(receiver, error)
            raise
        await self._bind(receiver, made.id)
        return made

    async def point_here(
        self, flodesk: FlodeskClient, id: str, name: str | None, events: Sequence[str] | None
    ) -> Webhook:
        """Let a webhook post here from now on, under a new secret; the one before ends.

        Raises EventsUnavailable, EventsFailed, FlodeskError.
        """
        receiver = await self._new()
        try:
            changed = await flodesk.webhooks.update(id, name=name, post_url=self._address(receiver), events=events)
        except FlodeskError as error:
            await self._give_up(receiver, error)
            raise
        await self._bind(receiver, changed.id)
        return changed

    async def end(self, webhook_id: str) -> int:
        """Take nothing more from a webhook that is gone, or posts elsewhere. Raises EventsFailed."""
        try:
            return await self._receivers.end(self._account, webhook_id)
        except StoreError as error:
            raise EventsFailed(f"What the webhook may still post here could not be ended: {error}") from error

    async def _new(self) -> NewReceiver:
        if self._public_url is None:
            raise EventsUnavailable(
                'post_url "here" needs a server that Flodesk can reach: whoever runs this one sets FLODESK_PUBLIC_URL.'
            )
        if not await self._is_kept():
            raise EventsUnavailable(
                'post_url "here" needs an account that this server keeps, because it asks Flodesk about each event. '
                "Whoever runs it stores one with `flodesk-mcp account add`."
            )
        try:
            return await self._receivers.add(self._account)
        except StoreError as error:
            raise EventsFailed(f"No address could be made here: {error}") from error

    def _address(self, receiver: NewReceiver) -> str:
        return f"{self._public_url}/webhooks/{self._account}/{receiver.secret}"

    async def _bind(self, receiver: NewReceiver, webhook_id: str) -> None:
        try:
            await self._receivers.bind(receiver.id, webhook_id)
        except StoreError as error:  # the webhook is there, and its first event will tell which it is
            logger.warning("A webhook was not noted: %s", error)

    async def _give_up(self, receiver: NewReceiver, error: FlodeskError) -> None:
        """End an address that Flodesk surely did not take."""
        if error.in_doubt or error.uncertain or isinstance(error, UnreadableAnswer):
            return
        try:
            await self._receivers.remove(receiver.id)
        except StoreError as failure:
            logger.warning("An address that nobody posts to stays: %s", failure)
