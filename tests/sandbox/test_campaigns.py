from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Account

pytestmark = pytest.mark.anyio


async def names(client: httpx2.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/campaigns", params=query)
    return [campaign["name"] for campaign in answer.json()["data"]]


async def test_the_list_has_no_meta(client: httpx2.AsyncClient) -> None:
    listed = (await client.get("/campaigns", params={"per_page": 1, "page": 10})).json()
    assert listed == {
        "data": [
            {
                "id": listed["data"][0]["id"],
                "status": "done",
                "name": "Hello from the studio",
                "subject": "<p>We are <b>open</b></p>",
                "created_at": "2023-09-13T08:00:00.730019Z",
                "updated_at": "2023-09-13T13:00:00.730019Z",
            }
        ]
    }


async def test_the_list_is_searched_filtered_and_sorted(client: httpx2.AsyncClient) -> None:
    assert await names(client, Search="spring") == ["Spring collection 2026", "Spring collection 2024"]
    assert await names(client, Status="draft") == ["Gift guide", "Wedding fair invitation"]
    assert await names(client, SharedAsTemplate="true", OrderBy="name", Sort="asc") == [
        "Hello from the studio",
        "Mother's Day bouquets",
    ]


@pytest.mark.parametrize("query", [{"Status": "lost"}, {"OrderBy": "taste"}, {"Sort": "up"}, {"page": 0}])
async def test_a_list_that_makes_no_sense_is_a_400(client: httpx2.AsyncClient, query: dict[str, Any]) -> None:
    assert (await client.get("/campaigns", params=query)).status_code == 400


async def test_html_becomes_a_draft(client: httpx2.AsyncClient, account: Account) -> None:
    answer = await client.post("/campaigns/studio", json={"html": "<p>Hi</p>", "title": "Hello"})
    link = answer.json()
    draft = account.campaigns[link["id"]]
    assert answer.status_code == 201
    assert link == {"id": draft.id, "url": f"https://app.flodesk.com/email/{draft.id}"}
    assert (draft.status, draft.name, draft.html) == ("draft", "Hello", "<p>Hi</p>")


async def test_the_id_of_a_draft_replaces_it(client: httpx2.AsyncClient, account: Account) -> None:
    first = (await client.post("/campaigns/studio", json={"html": "<p>1</p>", "title": "One"})).json()
    body = {"html": "<p>2</p>", "campaign_id": first["id"]}
    assert (await client.post("/campaigns/studio", json=body)).json() == first
    draft = account.campaigns[first["id"]]
    assert (draft.name, draft.html, len(account.campaigns)) == ("One", "<p>2</p>", 11)


async def test_only_a_known_draft_is_replaced(client: httpx2.AsyncClient, account: Account) -> None:
    sent = next(campaign.id for campaign in account.campaigns.values() if campaign.status == "done")
    answers = [
        await client.post("/campaigns/studio", json={"html": "<p>2</p>", "campaign_id": campaign_id})
        for campaign_id in (sent, "nope")
    ]
    assert [answer.status_code for answer in answers] == [400, 404]


@pytest.mark.parametrize(
    ("path", "body"),
    [("studio", {}), ("studio", {"html": ""}), ("canva", {}), ("canva", {"bundle_url": "file:///x"})],
)
async def test_a_draft_needs_its_content(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> None:
    assert (await client.post(f"/campaigns/{path}", json=body)).status_code == 400


async def test_the_design_state_is_a_404_until_a_canva_draft_exists(client: httpx2.AsyncClient) -> None:
    body = {"bundle_url": "https://canva.example.com/1.zip", "title": "Card", "design_token": "d"}
    before = await client.get("/campaigns/canva/design-state")
    draft = (await client.post("/campaigns/canva", json=body)).json()
    state = (await client.get("/campaigns/canva/design-state")).json()
    again = await client.post("/campaigns/canva", json={**body, "campaign_id": draft["id"]})
    assert before.status_code == 404
    assert state == {"design_id": state["design_id"], "campaign_id": draft["id"]}
    assert (again.status_code, again.json()) == (201, draft)
    assert (await client.get("/campaigns/canva/design-state")).json() == state
