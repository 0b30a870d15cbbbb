"""The tools that an operator has to turn on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Fault, Sandbox

from .agent import JASPER, Agent, Sent, connected
from .examples import SEGMENT

pytestmark = pytest.mark.anyio

VIP = "3e645b1e6b81ac90ec4a722e"


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    """An agent that is offered every tool."""
    async with connected(era, sandbox, toolsets="all") as agent:
        yield agent


async def test_an_existing_person_is_put_into_segments(agent: Agent) -> None:
    data = await agent.call("add_a_flodesk_subscriber_to_segments", id_or_email=JASPER.email, segment_ids=["VIP"])
    assert agent.sent == [
        Sent("GET", "/v1/segments", {"page": "1", "per_page": "100"}, None),
        Sent("POST", f"/v1/subscribers/{JASPER.email}/segments", {}, {"segment_ids": [VIP]}),
    ]
    assert data["segments"][-1] == {"id": VIP, "name": "VIP"}
    assert data["used_ids"] == {"VIP": VIP}


async def test_a_name_that_nothing_has_lists_those_that_there_are(agent: Agent) -> None:
    text = await agent.refused("add_a_flodesk_subscriber_to_segments", id_or_email=JASPER.email, segment_ids=["VIPs"])
    assert text.startswith(
        "Add a subscriber to segments failed: nothing was sent. "
        "The name 'VIPs' does not stand for exactly one segment. Candidates: "
    )
    assert f"'VIP' is {VIP}" in text
    assert {sent.method for sent in agent.sent} == {"GET"}


async def test_a_person_is_unsubscribed_and_the_notice_says_what_it_means(agent: Agent) -> None:
    data = await agent.call("unsubscribe_a_flodesk_subscriber", id_or_email=JASPER.id)
    assert agent.sent == [Sent("POST", f"/v1/subscribers/{JASPER.id}/unsubscribe", {}, None)]
    assert data["status"] == "unsubscribed"
    assert "only they can subscribe again" in data["notice"]


async def test_a_batch_reports_what_was_written_and_what_was_not(agent: Agent) -> None:
    agent.account.subscribers[JASPER.id].status = "bounced"
    rows = [
        {"email": "jane@example.com", "custom_fields": {"Venue": 5}},
        {"email": "joe@nowhere"},
        {"id": JASPER.id, "first_name": "Jay"},
    ]
    data = await agent.call("create_flodesk_subscribers_in_batch", subscribers=rows, segment_ids=[SEGMENT])
    assert [sent.path for sent in agent.sent] == ["/v1/custom-fields/all", "/v1/subscribers/batch"]
    everyone = {"segment_ids": [SEGMENT]}
    assert agent.sent[1].body == {
        "subscribers": [
            {"email": "jane@example.com", "custom_fields": {"venue": "5"}} | everyone,
            {"email": "joe@nowhere"} | everyone,
            {"id": JASPER.id, "first_name": "Jay"} | everyone,
        ]
    }
    assert data == {
        "written": [
            {"id": list(agent.account.subscribers)[-1], "email": "jane@example.com", "status": "active"},
            {"id": JASPER.id, "email": JASPER.email, "status": "bounced"},
        ],
        "failed": [{"row": 1, "email": "joe@nowhere", "code": "bad_request", "reason": data["failed"][0]["reason"]}],
        "notice": "1 of 3 rows were not written. 1 of the people written are not active and get no mail.",
    }


async def test_campaigns_are_listed_by_text_and_status(agent: Agent) -> None:
    data = await agent.call("list_all_flodesk_campaigns", search="spring", status="done", limit=5)
    assert agent.sent == [
        Sent("GET", "/v1/campaigns", {"page": "1", "per_page": "5", "Search": "spring", "Status": "done"}, None)
    ]
    assert {campaign["name"] for campaign in data["result"]} == {"Spring collection 2024", "Spring collection 2026"}


async def test_a_draft_is_saved_and_says_where_it_can_be_sent(agent: Agent) -> None:
    data = await agent.call("create_a_flodesk_campaign_draft", html="<p>Peonies</p>", title="June")
    assert agent.sent == [Sent("POST", "/v1/campaigns/studio", {}, {"html": "<p>Peonies</p>", "title": "June"})]
    assert data.keys() == {"id", "url"}


async def test_a_draft_in_doubt_names_the_tool_that_lists_campaigns(agent: Agent) -> None:
    agent.sandbox.fail(Fault("drop_after"))
    text = await agent.refused("create_a_flodesk_campaign_draft", html="<p>Peonies</p>", title="June")
    assert text.endswith("so do not simply repeat it. Look with list_all_flodesk_campaigns first.")
    assert len(agent.sent) == 1


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("add_a_flodesk_subscriber_to_segments", {"id_or_email": JASPER.id, "segment_ids": [VIP]}),
        ("unsubscribe_a_flodesk_subscriber", {"id_or_email": JASPER.id}),
        ("create_flodesk_subscribers_in_batch", {"subscribers": [{"email": "jane@example.com"}]}),
    ],
)
async def test_a_write_whose_answer_cannot_be_read_names_the_tool_that_lists_people(
    agent: Agent, tool: str, arguments: dict[str, Any]
) -> None:
    agent.sandbox.fail(Fault("huge"))
    text = await agent.refused(tool, **arguments)
    assert text.endswith("its answer could not be read. Look with list_all_flodesk_subscribers first.")


async def test_the_account_of_a_key_is_known_by_its_numbers(agent: Agent) -> None:
    assert await agent.call("get_flodesk_account") == {
        "credential": "API key",
        "requests_left": 97,
        "subscribers": 420,
        "active_subscribers": 357,
        "segments": 12,
    }


async def test_the_account_of_an_access_token_is_known_by_its_owner(era: str, sandbox: Sandbox) -> None:
    chosen: dict[str, Any] = {"sandbox": False, "access_token": SANDBOX_ACCESS_TOKEN, "toolsets": "all"}
    async with connected(era, sandbox, **chosen) as agent:
        data = await agent.call("get_flodesk_account")
    assert (data["credential"], data["email"]) == ("access token", "rowan@example.com")
