"""Events that are posted to the server: stored once, and answered then."""

import json

import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import Store

from .hooks import joined, receiving, unsubscribed

pytestmark = pytest.mark.anyio


async def test_an_event_is_stored_verified_and_listed(flodesk: Sandbox, store: Store) -> None:
    flodesk.accounts["key-ann"].subscribers["person-0"].status = "unsubscribed"
    async with receiving(flodesk, store) as server:
        assert await server.post(unsubscribed()) == 200
        (event,) = await server.until(1)
        assert event == {
            "id": event["id"],
            "type": "subscriber.unsubscribed",
            "time": "2026-03-02T10:00:00Z",
            "subscriber": {
                "id": "person-0",
                "email": "person-0@example.com",
                "first_name": "Jo",
                "status": "unsubscribed",
            },
        }
        assert await server.events("ben") == []


async def test_a_repeat_is_stored_once(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store) as server:
        event = joined()
        reordered = json.loads(json.dumps(event, sort_keys=True))
        for repeat in (event, reordered, event | {"webhook_id": "hook-2"}):
            assert await server.post(repeat) == 200
        assert await server.post(joined("person-2")) == 200
        assert {found["subscriber"]["id"] for found in await server.until(2)} == {"person-1", "person-2"}
