"""What webhooks post: one message for each webhook that asked for an event, without a signature or an id of its own."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2

from flodesk_mcp.sandbox.account import Account, Posting, WebhookEvent
from flodesk_mcp.sandbox.answers import timestamp
from flodesk_mcp.sandbox.operation import Call

__all__ = ["Postman", "announce"]

TIMEOUT_SECONDS = 10


def announce(call: Call, event: WebhookEvent, person: dict[str, Any], segment_id: str | None = None) -> None:
    """Let every webhook of the account that listens to `event` post it, with the person as answers hold it."""
    told: dict[str, Any] = {"event_name": event, "event_time": timestamp(call.now), "subscriber": person}
    if segment_id is not None:
        told["segment"] = {"id": segment_id, "name": call.account.segments[segment_id].name}
    for webhook in call.account.webhooks.values():
        if event in webhook.events:
            call.account.postings.append(Posting(webhook.post_url, told | {"webhook_id": webhook.id}))


@dataclass
class Postman:
    """Posts what webhooks have to tell. With `to`, an origin such as http://127.0.0.1:8000, it goes there instead.

    What cannot be delivered is lost, and nothing is repeated: whether Flodesk repeats is not documented.
    """

    accounts: Callable[[], Iterable[Account]]
    to: str | None = None

    async def deliver(self, http: httpx2.AsyncClient) -> int:
        """Post all that there is, in order, and return how many were acknowledged."""
        acknowledged = 0
        for account in self.accounts():
            while account.postings:
                acknowledged += await self._post(http, account.postings.popleft())
        return acknowledged

    async def run(self, wait: Callable[[], Awaitable[object]]) -> None:
        """Deliver after each time that `wait` returns, until this is cancelled."""
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS) as http:
            while True:
                await self.deliver(http)
                await wait()

    async def _post(self, http: httpx2.AsyncClient, posting: Posting) -> bool:
        parts = urlsplit(posting.url)
        target = f"{self.to}{parts.path}{f'?{parts.query}' if parts.query else ''}" if self.to else posting.url
        try:
            with anyio.fail_after(TIMEOUT_SECONDS):
                answer = await http.post(target, json=posting.body, headers={"Host": parts.netloc})
        except (httpx2.HTTPError, TimeoutError):
            return False
        return answer.is_success
