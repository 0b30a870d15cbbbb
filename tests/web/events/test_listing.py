"""The tool and the resource on events: filters, pages, masking, and to whom they say nothing."""

import json
from typing import Any

import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import Store

from ..calls import call, result_of
from .hooks import VIP, Receiving, joined, receiving, unsubscribed

pytestmark = pytest.mark.anyio

READ = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "flodesk://events"}}


async def _filled(server: Receiving, flodesk: Sandbox) -> None:
    """Let three people join, and two leave."""
    for person in ("person-0", "person-1"):
        flodesk.accounts["key-ann"].subscribers[person].status = "unsubscribed"
    for number in range(3):
        assert await server.post(joined(f"person-{number}")) == 200
    for number in range(2):
        assert await server.post(unsubscribed(f"person-{number}", minute=number)) == 200
    await server.until(5)


async def _resource(server: Receiving, who: str) -> str:
    headers = {"Authorization": f"Bearer {server.tokens[who]}"}
    contents = result_of(await server.client.post("/mcp", json=READ, headers=headers))["contents"]
    text: str = contents[0]["text"]
    return text


FOUND: list[tuple[dict[str, str], int]] = [
    ({"type": "subscriber.unsubscribed"}, 2),
    ({"type": "subscriber.created"}, 0),
    ({"segment": "VIP"}, 3),
    ({"segment": VIP}, 3),
    ({"person": "person-0"}, 2),
    ({"person": "Person-2@Example.com"}, 1),
    ({"person": "nobody@example.com"}, 0),
    ({"since": "2026-03-02T10:01:00Z"}, 1),
    ({"since": "2026-03-02"}, 5),
    ({"since": "2026-03-02T11:01:00+01:00", "type": "subscriber.unsubscribed"}, 1),
    ({"since": "2026-03-03"}, 0),
]


async def test_events_are_found_by_time_kind_segment_and_person(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store) as server:
        await _filled(server, flodesk)
        for filters, number in FOUND:
            result = (await server.call("ann", "list_flodesk_events", **filters))["structuredContent"]
            assert (filters, len(result["result"]), result["total_items"]) == (filters, number, number)


async def test_pages_go_on_where_they_were_though_more_comes_in(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store) as server:
        await _filled(server, flodesk)
        seen, cursor = [], None
        for page in range(3):
            arguments: dict[str, Any] = {"segment": "VIP", "limit": 1} if cursor is None else {"next_cursor": cursor}
            result = (await server.call("ann", "list_flodesk_events", **arguments))["structuredContent"]
            seen += [event["subscriber"]["id"] for event in result["result"]]
            cursor = result.get("next_cursor")
            assert (cursor is None) == (page == 2)
            await server.post(joined("person-2", VIP) | {"event_time": f"2026-04-0{page + 1}T00:00:00Z"})
            await server.settled()
        assert seen == ["person-2", "person-1", "person-0"]
        first = (await server.call("ann", "list_flodesk_events", limit=1))["structuredContent"]["next_cursor"]
        other = await server.call("ann", "list_flodesk_events", next_cursor=first, person="person-0")
        assert "made with another person" in other["content"][0]["text"]
        of_ben = await server.call("ben", "list_flodesk_events", next_cursor=first)
        assert of_ben["structuredContent"]["result"] == []


async def test_the_resource_is_the_first_page_of_the_own_account(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store) as server:
        await _filled(server, flodesk)
        listed = (await server.call("ann", "list_flodesk_events"))["structuredContent"]
        assert json.loads(await _resource(server, "ann")) == listed
        assert json.loads(await _resource(server, "ben")) == {"result": [], "total_items": 0, "waiting": 0}


@pytest.mark.parametrize("masked", [{"personal_data": "masked"}, {"token_data": "masked"}], ids=str)
async def test_masked_events_name_nobody(flodesk: Sandbox, store: Store, masked: dict[str, str]) -> None:
    async with receiving(flodesk, store, **masked) as server:
        await _filled(server, flodesk)
        listed = (await server.call("ann", "list_flodesk_events"))["content"][0]["text"]
        for text in (listed, await _resource(server, "ann")):
            assert "@example.com" not in text
            assert '"Jo"' not in text
            assert "p***@e***.com" in text
            assert "person-0" in text


async def test_a_wrong_time_is_refused_with_an_example(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store) as server:
        result = await server.call("ann", "list_flodesk_events", since="yesterday")
        assert "2026-03-01" in result["content"][0]["text"]


async def test_where_no_database_is_the_tool_says_what_it_needs(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store, auth="headers", public_url=None) as server:
        headers = {"X-Flodesk-Api-Key": "key-ann"}
        answer = await server.client.post("/mcp", json=call("list_flodesk_events"), headers=headers)
        text = result_of(answer)["content"][0]["text"]
        assert text.startswith("List events failed: events need a hosted server with a database")
        assert (await server.client.post(server.addresses["ann"], json=joined())).status_code == 404
