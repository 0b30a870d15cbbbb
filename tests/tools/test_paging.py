"""Lists in pages, and the cursors between them."""

import base64
import json
import zlib
from typing import Any

import pytest

from .agent import Agent

pytestmark = pytest.mark.anyio

SUBSCRIBERS = "list_all_flodesk_subscribers"


async def walk(agent: Agent, tool: str, **arguments: Any) -> list[dict[str, Any]]:
    """Return the pages of a list. Only the first call gets the arguments."""
    pages = [await agent.call(tool, **arguments)]
    while cursor := pages[-1].get("next_cursor"):
        pages.append(await agent.call(tool, next_cursor=cursor))
    return pages


@pytest.mark.parametrize(
    ("filters", "pages"),
    [
        ({}, 9),
        ({"status": "active"}, 8),
        ({"segment_id": "48d64e970cb5c21415bb2008"}, 2),
        ({"status": "unsubscribed", "segment_id": "6c9d091f92af5971ce63197a"}, 1),
    ],
)
async def test_the_pages_of_a_list_hold_everything_once_and_keep_the_filters(
    agent: Agent, filters: dict[str, str], pages: int
) -> None:
    walked = await walk(agent, SUBSCRIBERS, limit=50, **filters)
    expected = [
        person.id
        for person in reversed(agent.account.subscribers.values())
        if person.status == filters.get("status", person.status)
        and filters.get("segment_id") in (None, *person.segment_ids)
    ]
    assert [person["id"] for page in walked for person in page["result"]] == expected
    assert len(walked) == pages
    assert {page["total_items"] for page in walked} == {len(expected)}
    assert [sent.query for sent in agent.sent] == [
        {"page": str(number), "per_page": "50", **filters} for number in range(1, pages + 1)
    ]


@pytest.mark.parametrize(
    ("tool", "items"),
    [("list_all_flodesk_segments", 12), ("list_all_flodesk_workflows", 12), ("list_all_flodesk_webhooks", 3)],
)
async def test_every_list_can_be_walked(agent: Agent, tool: str, items: int) -> None:
    walked = await walk(agent, tool, limit=3)
    assert sum(len(page["result"]) for page in walked) == items
    assert len(walked) == items / 3


async def test_a_list_keeps_its_statuses_from_page_to_page(agent: Agent) -> None:
    await walk(agent, "list_all_flodesk_workflows", limit=2, statuses=["draft", "paused"])
    assert [sent.query["statuses"] for sent in agent.sent] == ["draft,paused"] * 2


async def test_filters_may_be_given_again_with_the_cursor(agent: Agent) -> None:
    first = await agent.call(SUBSCRIBERS, limit=5, status="bounced")
    again = await agent.call(SUBSCRIBERS, next_cursor=first["next_cursor"], limit=5, status="bounced")
    assert again == await agent.call(SUBSCRIBERS, next_cursor=first["next_cursor"])


async def test_a_cursor_keeps_its_page_size_whatever_the_limit_beside_it(agent: Agent) -> None:
    first = await agent.call(SUBSCRIBERS, limit=5)
    await agent.call(SUBSCRIBERS, limit=100, next_cursor=first["next_cursor"])
    assert agent.sent[-1].query == {"page": "2", "per_page": "5"}


async def test_fields_may_differ_from_page_to_page(agent: Agent) -> None:
    first = await agent.call(SUBSCRIBERS, limit=2, fields=["email"])
    second = await agent.call(SUBSCRIBERS, next_cursor=first["next_cursor"], fields=["status"])
    assert {tuple(person) for person in first["result"]} == {("id", "email")}
    assert {tuple(person) for person in second["result"]} == {("id", "status")}


@pytest.mark.parametrize(
    ("made_with", "used_with", "named"),
    [
        ({"status": "active"}, {"status": "bounced"}, "status"),
        ({}, {"status": "active"}, "status"),
        ({"status": "active"}, {"segment_id": "6c9d091f92af5971ce63197a"}, "segment_id"),
    ],
)
async def test_a_cursor_is_refused_beside_other_filters(
    agent: Agent, made_with: dict[str, str], used_with: dict[str, str], named: str
) -> None:
    first = await agent.call(SUBSCRIBERS, **made_with)
    text = await agent.refused(SUBSCRIBERS, next_cursor=first["next_cursor"], **used_with)
    assert text == (
        f"List subscribers failed: nothing was sent. next_cursor was made with another {named}. "
        "Keep the filters of the first page, or leave it out."
    )
    assert len(agent.sent) == 1


async def test_a_cursor_of_another_tool_is_refused(agent: Agent) -> None:
    first = await agent.call(SUBSCRIBERS)
    text = await agent.refused("list_all_flodesk_segments", next_cursor=first["next_cursor"])
    assert "nothing was sent. next_cursor is damaged or comes from another tool." in text
    assert len(agent.sent) == 1


async def test_a_damaged_cursor_is_refused_wherever_the_damage_is(agent: Agent) -> None:
    cursor = (await agent.call(SUBSCRIBERS))["next_cursor"]
    damaged = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        for place in range(0, len(cursor), 5)
    ]
    for other in [*damaged, cursor[:-3], cursor * 2, "2", "{}", "é", "\x00", "AAAA", "A" * 100_000]:
        text = await agent.refused(SUBSCRIBERS, next_cursor=other)
        assert text == (
            "List subscribers failed: nothing was sent. next_cursor is damaged or comes from another tool. "
            "Leave it out to start from the first page."
        )
    assert len(agent.sent) == 1


async def test_an_empty_list_is_an_empty_result_and_no_cursor(agent: Agent) -> None:
    agent.account.webhooks.clear()
    assert await agent.call("list_all_flodesk_webhooks") == {"result": [], "total_items": 0}


async def test_a_full_last_page_has_no_cursor(agent: Agent) -> None:
    assert "next_cursor" not in await agent.call("list_all_flodesk_webhooks", limit=3)


@pytest.mark.parametrize(
    "content",
    [
        ["list_subscribers", 0, 0, 20, {}],
        ["list_subscribers", 2, -1, 20, {}],
        ["list_subscribers", 2, 0, 101, {}],
        ["list_subscribers", 2, 0, 20, {"path": "x"}],
        ["list_subscribers", 2, 0, 20, {"status": {}}],
        ["list_subscribers", 2, 0],
        {},
    ],
)
async def test_a_forged_cursor_is_refused_like_a_damaged_one(agent: Agent, content: object) -> None:
    data = json.dumps(content).encode()
    forged = base64.urlsafe_b64encode(zlib.crc32(data).to_bytes(4) + data).decode().rstrip("=")
    assert "next_cursor is damaged" in await agent.refused(SUBSCRIBERS, next_cursor=forged)
    assert not agent.sent
