"""What webhooks post."""

from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Account, Sandbox

pytestmark = pytest.mark.anyio

HOOK = {"name": "CRM", "post_url": "https://crm.example.com/in?secret=1"}


class Receiver:
    """Where webhooks post to."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.posts: list[httpx2.Request] = []

    async def deliver(self, sandbox: Sandbox) -> int:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer)) as http:
            return await sandbox.deliver_webhooks(http)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [httpx2.Response(200, content=post.content).json() for post in self.posts]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.posts.append(request)
        return httpx2.Response(self.status)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


async def test_a_webhook_posts_the_events_that_it_listens_to(
    client: httpx2.AsyncClient, sandbox: Sandbox, account: Account, receiver: Receiver
) -> None:
    account.webhooks.clear()
    events = ["subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed"]
    webhook = (await client.post("/webhooks", json=HOOK | {"events": events})).json()
    segment = next(iter(account.segments))
    new = (await client.post("/subscribers", json={"email": "new@example.com", "segment_ids": [segment]})).json()
    await client.post("/subscribers", json={"email": "new@example.com", "segment_ids": [segment]})
    left = (await client.post("/subscribers/new@example.com/unsubscribe")).json()
    await client.post("/subscribers/new@example.com/unsubscribe")
    assert await receiver.deliver(sandbox) == 3
    assert {str(post.url) for post in receiver.posts} == {HOOK["post_url"]}
    assert [event["event_name"] for event in receiver.events] == events
    assert receiver.events[1] == {
        "event_name": "subscriber.added_to_segment",
        "event_time": receiver.events[1]["event_time"],
        "subscriber": new,
        "segment": {"id": segment, "name": account.segments[segment].name},
        "webhook_id": webhook["id"],
    }
    assert receiver.events[2]["subscriber"] == left
    assert await receiver.deliver(sandbox) == 0


async def test_what_cannot_be_delivered_is_lost(
    client: httpx2.AsyncClient, sandbox: Sandbox, account: Account, receiver: Receiver
) -> None:
    await client.post("/webhooks", json=HOOK | {"events": ["subscriber.unsubscribed"]})
    person = next(known for known in account.subscribers.values() if known.status == "active")
    await client.post(f"/subscribers/{person.id}/unsubscribe")
    receiver.status = 500
    assert await receiver.deliver(sandbox) == 0
    assert receiver.posts
    receiver.status = 200
    assert await receiver.deliver(sandbox) == 0
