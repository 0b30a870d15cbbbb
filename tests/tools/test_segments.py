"""The tools on segments."""

import pytest

from flodesk_mcp.sandbox import Fault

from .agent import NOTHING, Agent, Sent

pytestmark = pytest.mark.anyio

NEWSLETTER = {
    "id": "6c9d091f92af5971ce63197a",
    "name": "Newsletter",
    "total_active_subscribers": 286,
    "created_at": "2023-09-01T08:00:00.204871Z",
    "color": "#F2C9C0",
    "segment_type": "static",
}


async def test_segments_are_listed_in_pages(agent: Agent) -> None:
    data = await agent.call("list_all_flodesk_segments", limit=1)
    assert agent.sent == [Sent("GET", "/v1/segments", {"page": "1", "per_page": "1"}, None)]
    assert data == {"result": [NEWSLETTER], "next_cursor": data["next_cursor"], "total_items": 12}


async def test_without_arguments_a_page_of_segments_has_twenty(agent: Agent) -> None:
    data = await agent.call("list_all_flodesk_segments")
    assert agent.sent == [Sent("GET", "/v1/segments", {"page": "1", "per_page": "20"}, None)]
    assert [segment["id"] for segment in data["result"]] == list(agent.account.segments)
    assert data.keys() == {"result", "total_items"}


async def test_one_segment_is_got_by_its_id(agent: Agent) -> None:
    assert await agent.call("get_single_flodesk_segment_by_id", id=NEWSLETTER["id"]) == NEWSLETTER
    assert agent.sent == [Sent("GET", f"/v1/segments/{NEWSLETTER['id']}", {}, None)]


async def test_a_segment_is_created_in_the_color_asked_for(agent: Agent) -> None:
    data = await agent.call("create_a_flodesk_segment", name=" Peony lovers ", color="#E3C27A")
    assert agent.written == [Sent("POST", "/v1/segments", {}, {"name": "Peony lovers", "color": "#E3C27A"})]
    assert data == {
        "id": list(agent.account.segments)[-1],
        "name": "Peony lovers",
        "total_active_subscribers": 0,
        "created_at": "2026-09-15T10:30:00.000005Z",
        "color": "#E3C27A",
        "segment_type": "static",
    }


async def test_a_segment_without_a_color_gets_the_first_of_the_palette(agent: Agent) -> None:
    data = await agent.call("create_a_flodesk_segment", name="Peony lovers")
    assert agent.sent[:2] == [
        Sent("GET", "/v1/segments/colors", {}, None),
        Sent("POST", "/v1/segments", {}, {"name": "Peony lovers", "color": "#F2C9C0"}),
    ]
    assert data["color"] == "#F2C9C0"


async def test_a_second_segment_of_a_name_is_made_and_says_which_existed(agent: Agent) -> None:
    first = await agent.call("create_a_flodesk_segment", name="Peony lovers")
    assert "notice" not in first
    second = await agent.call("create_a_flodesk_segment", name="peony Lovers")
    assert second["id"] != first["id"]
    assert second["notice"] == (
        f"A segment of this name existed before: {first['id']}. "
        "Now there is one more: use the old one unless two are meant."
    )


async def test_a_look_for_a_segment_of_the_same_name_that_fails_does_not_fail_the_call(agent: Agent) -> None:
    agent.sandbox.fail(Fault("status", status=500, method="GET", path="segments", times=20))
    data = await agent.call("create_a_flodesk_segment", name="Newsletter", color="#F2C9C0")
    assert "notice" not in data
    assert len(agent.written) == 1


async def test_the_palette_is_listed_whole(agent: Agent) -> None:
    assert await agent.call("list_all_flodesk_segment_colors") == {"result": list(agent.account.palette)}
    assert agent.sent == [Sent("GET", "/v1/segments/colors", {}, None)]


async def test_an_unknown_segment_names_the_tool_that_lists_them(agent: Agent) -> None:
    assert await agent.refused("get_single_flodesk_segment_by_id", id=NOTHING) == (
        "Get a segment failed: Flodesk knows nothing under what was given (404). "
        "Flodesk's words: 'Segment not found.'. What exists: list_all_flodesk_segments."
    )


async def test_a_color_outside_the_palette_names_the_tool_that_lists_it(agent: Agent) -> None:
    assert await agent.refused("create_a_flodesk_segment", name="Peony lovers", color="#123456") == (
        "Create a segment failed: Flodesk does not accept it (400). "
        "Flodesk's words: 'color must be one of GET /segments/colors.'. What exists: list_all_flodesk_segment_colors."
    )
    assert len(agent.account.segments) == 12
