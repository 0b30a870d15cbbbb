"""The tools on campaigns."""

from collections.abc import AsyncIterator

import pytest

from flodesk_mcp.sandbox import Account, Sandbox

from .agent import NOTHING, Agent, Sent, connected

pytestmark = pytest.mark.anyio

LIST, DRAFT = "list_all_flodesk_campaigns", "create_a_flodesk_campaign_draft"


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    async with connected(era, sandbox, toolsets="campaigns") as agent:
        yield agent


async def test_campaigns_are_listed_with_search_and_status(agent: Agent) -> None:
    data = await agent.call(LIST, search="spring", status="done", limit=5)
    query = {"page": "1", "per_page": "5", "Search": "spring", "Status": "done"}
    assert agent.sent == [Sent("GET", "/v1/campaigns", query, None)]
    assert [campaign["name"] for campaign in data["result"]] == ["Spring collection 2026", "Spring collection 2024"]
    assert data["result"][0] == {
        "id": data["result"][0]["id"],
        "name": "Spring collection 2026",
        "status": "done",
        "subject": "<p>First peonies of the year</p>",
        "created_at": "2026-03-04T08:00:00.730019Z",
        "updated_at": "2026-03-04T13:00:00.730019Z",
    }
    assert data.keys() == {"result"}


async def test_all_statuses_are_no_filter(agent: Agent) -> None:
    assert await agent.call(LIST, status="all") == await agent.call(LIST)
    assert agent.sent[0] == agent.sent[1]


async def test_pages_go_on_while_they_are_full_because_flodesk_counts_no_campaigns(
    agent: Agent, account: Account
) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await agent.call(LIST, limit=4, **cursor)
        found += [campaign["id"] for campaign in page["result"]]
        if "next_cursor" not in page:
            break
        cursor = {"next_cursor": page["next_cursor"]}
    assert sorted(found) == sorted(account.campaigns)
    assert len(agent.sent) == 3


async def test_html_becomes_a_draft_with_a_link(agent: Agent, account: Account) -> None:
    data = await agent.call(DRAFT, html="<p>Peonies</p>", title=" Peonies ")
    assert agent.sent == [Sent("POST", "/v1/campaigns/studio", {}, {"html": "<p>Peonies</p>", "title": "Peonies"})]
    made = account.campaigns[data["id"]]
    assert (made.status, made.name, made.html) == ("draft", "Peonies", "<p>Peonies</p>")
    assert data == {"id": made.id, "url": f"https://app.flodesk.com/email/{made.id}"}


async def test_a_draft_is_replaced_by_its_id(agent: Agent, account: Account) -> None:
    draft = next(known for known in account.campaigns.values() if known.name == "Gift guide")
    await agent.call(DRAFT, html="<p>Gifts</p>", title="Gift guide", campaign_id=draft.id)
    assert agent.sent[-1].body["campaign_id"] == draft.id
    assert draft.html == "<p>Gifts</p>"
    assert len(account.campaigns) == 10


async def test_what_is_no_draft_any_more_is_left_alone(agent: Agent, account: Account) -> None:
    sent = next(known for known in account.campaigns.values() if known.status == "done")
    text = await agent.refused(DRAFT, html="<p>No</p>", title="No", campaign_id=sent.id)
    assert text == (
        "Save HTML as a campaign draft failed: Flodesk does not accept it (400). "
        "Flodesk's words: 'The campaign is not a draft.'. What exists: list_all_flodesk_campaigns."
    )
    assert sent.html == ""


async def test_an_unknown_draft_names_the_tool_that_lists_campaigns(agent: Agent) -> None:
    text = await agent.refused(DRAFT, html="<p>No</p>", title="No", campaign_id=NOTHING)
    assert text.endswith("Flodesk's words: 'Campaign not found.'. What exists: list_all_flodesk_campaigns.")


@pytest.mark.parametrize("arguments", [{"html": "", "title": "No"}, {"html": "<p>No</p>", "title": " "}])
async def test_an_empty_mail_or_title_is_refused_before_sending(agent: Agent, arguments: dict[str, str]) -> None:
    assert "should have at least 1 character" in await agent.refused(DRAFT, **arguments)
    assert not agent.sent
