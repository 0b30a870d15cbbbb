"""HighLevel's social planner, as an agent reads it."""

from typing import Any

import pytest
from mcp import Client

from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.sandbox.highlevel import HighLevel
from flodesk_mcp.sandbox.stand_in import StandIn
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from tools.agent import ERAS, Agent, connected

from .conftest import TOOLSETS

pytestmark = pytest.mark.anyio

TAGS, DETAILS, STATISTICS, USER = (
    "list_highlevel_social_tags",
    "get_highlevel_social_tag_details",
    "get_highlevel_social_statistics",
    "get_highlevel_user",
)
CALLS: list[tuple[str, dict[str, Any]]] = [
    (TAGS, {}),
    (DETAILS, {"tag_ids": ["t1"]}),
    (STATISTICS, {"profile_ids": ["p1"]}),
    (USER, {"user_id": "u1"}),
]
each_tool = pytest.mark.parametrize(("tool", "arguments"), CALLS)


async def test_tags_are_listed_page_by_page(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    first = await agent.call(TAGS, limit=2)
    second = await agent.call(TAGS, next_cursor=first["next_cursor"])
    assert [row["tag"] for row in [*first["result"], *second["result"]]] == ["launch", "behind the scenes", "bouquets"]
    assert (first["total_items"], "next_cursor" in second) == (3, False)
    assert [sent.query["skip"] for sent in highlevel.requests] == ["0", "2"]


async def test_tags_with_a_text_in_them_are_found_over_pages(agent: Agent) -> None:
    first = await agent.call(TAGS, search="b", limit=1)
    second = await agent.call(TAGS, next_cursor=first["next_cursor"])
    assert [row["tag"] for row in [*first["result"], *second["result"]]] == ["behind the scenes", "bouquets"]
    text = await agent.refused(TAGS, search="launch", next_cursor=first["next_cursor"])
    assert "another search" in text


async def test_a_cursor_of_another_list_is_none(agent: Agent) -> None:
    cursor = (await agent.call("list_contacts", provider="highlevel", limit=2))["next_cursor"]
    assert "damaged" in await agent.refused(TAGS, next_cursor=cursor)


async def test_where_nothing_has_a_tag_the_list_is_empty(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    highlevel.account.social_tags.clear()
    assert await agent.call(TAGS) == {"result": [], "total_items": 0}


async def test_a_page_that_a_wrong_count_promises_more_after_is_the_last_when_empty(
    agent: Agent, highlevel: StandIn[HighLevel]
) -> None:
    highlevel.fail(Fault("status", status=200, body='{"results": {"tags": null, "count": 9}}'))
    assert "next_cursor" not in await agent.call(TAGS)


async def test_tags_are_shown_by_their_ids(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    known = list(highlevel.account.social_tags)
    shown = await agent.call(DETAILS, tag_ids=[known[2], "nobody's", known[0]])
    assert [row["tag"] for row in shown["result"]] == ["bouquets", "launch"]
    assert shown["result"][0]["created_by"] in highlevel.account.users
    (sent,) = highlevel.requests
    assert sent.body == {"tagIds": [known[2], "nobody's", known[0]]}


async def test_ids_of_tags_that_there_are_not_show_nothing(agent: Agent) -> None:
    assert (await agent.call(DETAILS, tag_ids=["nobody's"]))["result"] == []


async def test_statistics_are_of_seven_days_and_of_the_platforms_asked_for(
    agent: Agent, highlevel: StandIn[HighLevel]
) -> None:
    told = await agent.call(STATISTICS, profile_ids=["p1", "p2"], platforms=["tiktok"])
    assert len(told["day_range"]) == 7
    assert told["totals"]["followers"] == 3050
    assert list(told["platform_totals"]) == ["tiktok"]
    (sent,) = highlevel.requests
    assert (sent.method, sent.body) == ("POST", {"profileIds": ["p1", "p2"], "platforms": ["tiktok"]})


@pytest.mark.parametrize("results", ["{}", '{"dayRange": null, "totals": [], "breakdowns": "none"}'])
async def test_statistics_of_no_known_form_are_read_as_none(
    agent: Agent, highlevel: StandIn[HighLevel], results: str
) -> None:
    highlevel.fail(Fault("status", status=201, body=f'{{"results": {results}}}'))
    assert not any((await agent.call(STATISTICS, profile_ids=["p1"])).values())


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [(DETAILS, {"tag_ids": []}), (STATISTICS, {"profile_ids": []}), (STATISTICS, {"profile_ids": ["p"] * 101})],
)
async def test_no_ids_and_more_than_a_hundred_are_refused_here(
    agent: Agent, highlevel: StandIn[HighLevel], tool: str, arguments: dict[str, Any]
) -> None:
    assert "nothing was sent" in await agent.refused(tool, **arguments)
    assert not highlevel.requests


async def test_who_made_a_tag_is_shown(agent: Agent) -> None:
    maker = (await agent.call(TAGS, limit=1))["result"][0]["created_by"]
    user = await agent.call(USER, user_id=maker)
    assert (user["id"], user["name"], user["email"]) == (maker, "Rowan Ashdown", "rowan@example.com")


async def test_a_user_that_there_is_not_is_not_found(agent: Agent) -> None:
    assert "HighLevel knows nothing under what was given" in await agent.refused(USER, user_id="nobody")


@each_tool
async def test_a_missing_scope_says_who_can_give_it(
    agent: Agent, highlevel: StandIn[HighLevel], tool: str, arguments: dict[str, Any]
) -> None:
    highlevel.account.scopes = {"contacts.readonly", "contacts.write"}
    text = await agent.refused(tool, **arguments)
    assert "does not allow this with the credential in use (401)" in text
    assert "Private Integrations" in text
    assert "HIGHLEVEL_TOKEN" not in text  # which is valid


@pytest.mark.parametrize(("tool", "arguments"), CALLS[:3])
async def test_a_wrong_location_names_its_setting(
    agent: Agent, highlevel: StandIn[HighLevel], tool: str, arguments: dict[str, Any]
) -> None:
    highlevel.account.location_id = "elsewhere"
    text = await agent.refused(tool, **arguments)
    assert "(403)" in text
    assert "HIGHLEVEL_LOCATION_ID" in text


@each_tool
async def test_while_highlevel_is_down_it_is_named(
    agent: Agent, highlevel: StandIn[HighLevel], tool: str, arguments: dict[str, Any]
) -> None:
    highlevel.fail(Fault("status", status=503, times=99))
    text = await agent.refused(tool, **arguments)
    assert "HighLevel has a problem of its own (503)" in text
    assert "repeating it is safe" in text


@pytest.mark.parametrize("era", ERAS)
async def test_masked_personal_data_stay_masked(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets=TOOLSETS, personal_data="masked") as agent:
        maker = (await agent.call(TAGS))["result"][0]["created_by"]
        shown = await agent.call(USER, user_id=maker)
        tags = (await agent.call(TAGS))["result"]
        numbers = await agent.call(STATISTICS, profile_ids=["p1"])
    assert not [text for text in ("Rowan", "Ashdown", "rowan@example.com", "+15550100000") if text in str(shown)]
    assert shown["id"] == maker
    assert [tag["tag"] for tag in tags] == ["launch", "behind the scenes", "bouquets"]
    assert numbers["totals"]["likes"] == 120


@pytest.mark.parametrize("era", ERAS)
async def test_reading_only_turns_none_of_it_off(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="highlevel_social", read_only=True) as agent:
        tools = (await agent.client.list_tools()).tools
        assert {tool.name for tool in tools} == {TAGS, DETAILS, STATISTICS, USER}
        assert (await agent.call(DETAILS, tag_ids=["t1"]))["result"] == []
        assert await agent.call(STATISTICS, profile_ids=["p1"])


@each_tool
async def test_without_a_token_it_says_what_to_set(tool: str, arguments: dict[str, Any]) -> None:
    chosen = Settings(api_key="k", toolsets="highlevel_social")
    async with Client(single_server(chosen, Sandbox().transport())) as client:
        answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    assert "HIGHLEVEL_TOKEN and HIGHLEVEL_LOCATION_ID for HighLevel" in str(answer.content)
