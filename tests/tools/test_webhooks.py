"""The tools on webhooks."""

from typing import Any

import pytest

from .agent import NOTHING, Agent, Sent

pytestmark = pytest.mark.anyio

CRM = {
    "id": "f8514b8a9c1262d226e4ef4d",
    "post_url": "https://crm.example.com/hooks/flodesk?secret=6d1f",
    "events": ["subscriber.created"],
    "created_at": "2023-10-11T08:00:00.518340Z",
}
PATH = f"/v1/webhooks/{CRM['id']}"


async def test_webhooks_are_listed_in_pages(agent: Agent) -> None:
    data = await agent.call("list_all_flodesk_webhooks", limit=1)
    assert data == {"result": [CRM], "next_cursor": data["next_cursor"], "total_items": 3}
    assert agent.sent == [Sent("GET", "/v1/webhooks", {"page": "1", "per_page": "1"}, None)]


async def test_one_webhook_is_got_by_its_id(agent: Agent) -> None:
    assert await agent.call("get_single_flodesk_webhook_by_id", id=CRM["id"]) == CRM
    assert agent.sent == [Sent("GET", PATH, {}, None)]


async def test_a_webhook_is_created_with_name_address_and_events(agent: Agent) -> None:
    given = {"name": "Shop", "post_url": "https://shop.example.com/hook", "events": ["subscriber.unsubscribed"]}
    data = await agent.call("create_a_flodesk_webhook", **given)
    assert agent.written == [Sent("POST", "/v1/webhooks", {}, given)]
    assert data == {
        "id": list(agent.account.webhooks)[-1],
        "post_url": "https://shop.example.com/hook",
        "events": ["subscriber.unsubscribed"],
        "created_at": "2026-09-15T10:30:00.000005Z",
    }


async def test_a_second_webhook_for_the_same_says_which_existed(agent: Agent) -> None:
    given = {"name": "Shop", "post_url": "https://shop.example.com/hook", "events": ["subscriber.unsubscribed"]}
    first = await agent.call("create_a_flodesk_webhook", **given)
    assert "notice" not in first
    other = await agent.call("create_a_flodesk_webhook", **given | {"events": ["subscriber.created"]})
    assert "notice" not in other
    second = await agent.call("create_a_flodesk_webhook", **given | {"name": "Shop again"})
    assert second["notice"].startswith(f"A webhook with this address and these events existed before: {first['id']}. ")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "CRM, renamed"},
        {"post_url": "https://new.example.com/hook"},
        {"events": ["subscriber.unsubscribed", "subscriber.created"]},
    ],
)
async def test_an_update_of_a_webhook_sends_only_what_is_to_change(agent: Agent, changes: dict[str, Any]) -> None:
    data = await agent.call("update_a_flodesk_webhook_by_id", id=CRM["id"], **changes)
    assert agent.sent == [Sent("PUT", PATH, {}, changes)]
    assert data == CRM | {name: value for name, value in changes.items() if name != "name"}


async def test_an_update_of_a_webhook_that_changes_nothing_is_refused_before_any_request(agent: Agent) -> None:
    text = await agent.refused("update_a_flodesk_webhook_by_id", id=CRM["id"])
    assert text.startswith("Update a webhook failed: nothing was sent.")
    assert all(name in text for name in ("name", "post_url", "events"))
    assert not agent.sent


async def test_a_deleted_webhook_is_gone(agent: Agent) -> None:
    assert await agent.call("delete_a_flodesk_webhook_by_id", id=CRM["id"]) == {"id": CRM["id"], "deleted": True}
    assert agent.sent == [Sent("DELETE", PATH, {}, None)]
    assert CRM["id"] not in agent.account.webhooks


@pytest.mark.parametrize(
    ("tool", "title", "arguments"),
    [
        ("get_single_flodesk_webhook_by_id", "Get a webhook", {}),
        ("update_a_flodesk_webhook_by_id", "Update a webhook", {"name": "CRM"}),
        ("delete_a_flodesk_webhook_by_id", "Delete a webhook", {}),
    ],
)
async def test_an_unknown_webhook_names_the_tool_that_lists_them(
    agent: Agent, tool: str, title: str, arguments: dict[str, Any]
) -> None:
    assert await agent.refused(tool, id=NOTHING, **arguments) == (
        f"{title} failed: Flodesk knows nothing under what was given (404). "
        "Flodesk's words: 'Webhook not found.'. What exists: list_all_flodesk_webhooks."
    )


@pytest.mark.parametrize(
    "post_url", ["http://crm.example.com/hook", "crm.example.com", "https://", "https://[::1/hook", "javascript:x"]
)
@pytest.mark.parametrize("tool", ["create_a_flodesk_webhook", "update_a_flodesk_webhook_by_id"])
async def test_a_webhook_takes_only_a_full_https_address(agent: Agent, tool: str, post_url: str) -> None:
    rest = {"name": "Shop", "events": ["subscriber.created"]} if tool.startswith("create") else {"id": CRM["id"]}
    text = await agent.refused(tool, post_url=post_url, **rest)
    assert "nothing was sent. Argument 'post_url': " in text
    assert not agent.sent


async def test_an_event_that_does_not_exist_is_refused_with_those_that_do(agent: Agent) -> None:
    text = await agent.refused(
        "create_a_flodesk_webhook", name="Shop", post_url="https://shop.example.com", events=["subscriber.opened"]
    )
    for event in ("subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed"):
        assert event in text
    assert not agent.sent
