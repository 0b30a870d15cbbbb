from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Account

pytestmark = pytest.mark.anyio


async def test_a_new_segment_is_static_and_empty(client: httpx2.AsyncClient, account: Account) -> None:
    answer = await client.post("/segments", json={"name": "Press", "color": account.palette[3]})
    segment = answer.json()
    assert answer.status_code == 201
    assert segment == {
        "id": segment["id"],
        "name": "Press",
        "total_active_subscribers": 0,
        "created_at": "2026-09-15T10:30:00.000005Z",
        "color": account.palette[3],
        "segment_type": "static",
    }
    assert (await client.get(f"/segments/{segment['id']}")).json() == segment


async def test_a_repeated_name_makes_a_second_segment(client: httpx2.AsyncClient, account: Account) -> None:
    body = {"name": "Newsletter", "color": account.palette[0]}
    assert (await client.post("/segments", json=body)).status_code == 201
    assert [segment.name for segment in account.segments.values()].count("Newsletter") == 2


@pytest.mark.parametrize(
    "body", [{"name": "Press"}, {"name": "Press", "color": "#123456"}, {"name": "", "color": "#F2C9C0"}, {}]
)
async def test_a_segment_needs_a_name_and_a_color_of_the_palette(
    client: httpx2.AsyncClient, account: Account, body: dict[str, Any]
) -> None:
    assert (await client.post("/segments", json=body)).status_code == 400
    assert len(account.segments) == 12


async def test_the_list_counts_active_members(client: httpx2.AsyncClient, account: Account) -> None:
    listed = (await client.get("/segments")).json()
    segment_id = listed["data"][0]["id"]
    before = listed["data"][0]["total_active_subscribers"]
    member = next(
        person
        for person in account.subscribers.values()
        if person.status == "active" and segment_id in person.segment_ids
    )
    await client.post(f"/subscribers/{member.id}/unsubscribe")
    after = (await client.get(f"/segments/{segment_id}")).json()["total_active_subscribers"]
    assert (listed["meta"]["total_items"], after) == (12, before - 1)


async def test_colors_are_a_bare_array(client: httpx2.AsyncClient, account: Account) -> None:
    assert (await client.get("/segments/colors")).json() == list(account.palette)


async def test_an_unknown_segment_is_a_404(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/segments/" + "0" * 24)
    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "message": "Segment not found."}
