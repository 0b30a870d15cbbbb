"""Operations on webhooks."""

from collections.abc import AsyncGenerator, Sequence

from pydantic import TypeAdapter

from flodesk_mcp.api.errors import InvalidArgument
from flodesk_mcp.api.request import Request, given
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flodesk.listing import whole_list
from flodesk_mcp.flodesk.models import Page, Webhook

__all__ = ["Webhooks"]

_WEBHOOK = TypeAdapter(Webhook)
_WEBHOOKS = TypeAdapter(Page[Webhook])


class Webhooks:
    """Subscriptions of an address to the account's events."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self, *, page: int = 1, per_page: int = 20) -> Page[Webhook]:
        """Return one page of webhooks. Source: GET /webhooks."""
        query = {"page": page, "per_page": per_page}
        return await self._sender.send(_WEBHOOKS, Request("GET", "webhooks", query=query))

    def every(self) -> AsyncGenerator[Webhook, None]:
        """Yield every webhook, while others may change the list. See whole_list."""
        return whole_list(lambda page, per_page: self.list(page=page, per_page=per_page))

    async def get(self, id: str) -> Webhook:
        """Return one webhook. Raises NotFound. Source: GET /webhooks/{id}."""
        return await self._sender.send(_WEBHOOK, Request("GET", "webhooks", id))

    async def ids_of(self, post_url: str, events: Sequence[str]) -> set[str]:
        """Return the ids of the first hundred webhooks that post just these events to this address."""
        page = await self.list(per_page=100)
        return {each.id for each in page.data if each.post_url == post_url and set(each.events or ()) == set(events)}

    async def create(self, name: str, post_url: str, events: Sequence[str]) -> Webhook:
        """Post `events` to `post_url` (https) from now on. Source: POST /webhooks."""
        body = {"name": name, "post_url": post_url, "events": list(events)}
        return await self._sender.send(_WEBHOOK, Request("POST", "webhooks", body=body, repeatable=False))

    async def update(
        self,
        id: str,
        *,
        name: str | None = None,
        post_url: str | None = None,
        events: Sequence[str] | None = None,
    ) -> Webhook:
        """Change what is given and leave the rest. Source: PUT /webhooks/{id}.

        Raises InvalidArgument when nothing is given, NotFound.
        """
        body = given({"name": name, "post_url": post_url, "events": None if events is None else list(events)})
        if not body:
            raise InvalidArgument("There is nothing to change: give `name`, `post_url` or `events`.")
        return await self._sender.send(_WEBHOOK, Request("PUT", "webhooks", id, body=body))

    async def delete(self, id: str) -> None:
        """Stop posting events. Raises NotFound. Source: DELETE /webhooks/{id}."""
        await self._sender.command(Request("DELETE", "webhooks", id, answered=False))
