"""Cards: what clients get that show them, what their button may do, and that nobody else notices anything."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.client import advertise
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from tools.agent import Agent, connected
from tools.person import Person

from .offers import MODES

pytestmark = pytest.mark.anyio

EXTENSION = "io.modelcontextprotocol/ui"
PRESS = "press_flodesk_plan_button"
BUTTON = "flodesk-mcp/button"
PAGES = ["ui://flodesk/plan.html", "ui://flodesk/audience.html"]
LIST = "email,first_name\nnew@example.com,Nora\nnobody,\n"
BY_BUTTON = (
    "Carry out a plan was refused, and nothing was changed: this server asks a person before it "
    "(FLODESK_CONFIRM=always), by the button on the card of the plan, which your client shows. Ask your user to press "
    "it, and do not call this again."
)


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    """An agent whose client shows cards, and cannot ask its person anything."""
    async with connected(era, sandbox, cards=True, toolsets="audience", confirm="always") as agent:
        yield agent


async def planned(agent: Agent, csv: str = LIST) -> tuple[str, dict[str, str]]:
    """Plan an import; return the id of the plan, and what the card is told of its button."""
    answer = await agent.answer("plan_flodesk_import", csv=csv)
    assert answer.structured_content is not None
    assert answer.meta is not None
    return answer.structured_content["plan_id"], answer.meta[BUTTON]


async def listed(client: Client) -> dict[str, dict[str, Any]]:
    tools = (await client.list_tools()).tools
    return {tool.name: tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools}


async def page(agent: Agent, uri: str) -> TextResourceContents:
    (content,) = (await agent.client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content


async def test_plans_and_the_report_have_a_card(agent: Agent) -> None:
    tools = await listed(agent.client)
    cards = {name: tool["_meta"] for name, tool in tools.items() if "ui/resourceUri" in tool.get("_meta", {})}
    assert cards == {
        name: {"ui": {"resourceUri": uri}, "ui/resourceUri": uri}
        for name, uri in {
            "get_flodesk_audience_report": PAGES[1],
            "plan_flodesk_import": PAGES[0],
            "plan_flodesk_segment_sync": PAGES[0],
        }.items()
    }


async def test_the_button_is_a_tool_that_hosts_keep_from_models(agent: Agent) -> None:
    tools = await listed(agent.client)
    assert tools[PRESS]["_meta"] == {"ui": {"visibility": ["app"]}}
    assert tools[PRESS]["annotations"] == tools["start_flodesk_job"]["annotations"]


async def test_other_clients_notice_nothing(era: str, sandbox: Sandbox, agent: Agent) -> None:
    with_cards = await listed(agent.client)
    del with_cards[PRESS]
    async with connected(era, sandbox, toolsets="audience", confirm="always") as plain:
        without = await listed(plain.client)
        assert without == {
            name: {key: value for key, value in tool.items() if key != "_meta"} for name, tool in with_cards.items()
        }
        answer = await plain.answer("plan_flodesk_import", csv=LIST)
        assert BUTTON not in (answer.meta or {})
        with pytest.raises(MCPError, match=f"Unknown tool '{PRESS}'"):
            await plain.answer(PRESS, plan_id="any", press="any")


@pytest.mark.parametrize("mode", MODES)
async def test_only_a_client_that_shows_cards_hears_of_them(mode: str, sandbox: Sandbox) -> None:
    async with connected(mode, sandbox, cards=True) as agent, connected(mode, sandbox) as plain:
        assert EXTENSION in (agent.client.server_capabilities.extensions or {})
        assert EXTENSION not in (plain.client.server_capabilities.extensions or {})


@pytest.mark.parametrize("settings", [{}, {"mimeTypes": ["text/html"]}, {"mimeTypes": "text/html;profile=mcp-app"}])
async def test_a_client_must_say_that_it_shows_pages_of_this_type(
    era: str, sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    server = single_server(Settings(sandbox=True, toolsets="audience"), sandbox.transport())
    async with Client(server, mode=era, extensions=[advertise(EXTENSION, settings)]) as client:
        assert PRESS not in await listed(client)


@pytest.mark.parametrize("uri", PAGES)
async def test_a_page_is_whole_in_itself(agent: Agent, uri: str) -> None:
    content = await page(agent, uri)
    assert content.mime_type == "text/html;profile=mcp-app"
    assert content.meta == {"ui": {"csp": {"connectDomains": [], "resourceDomains": []}, "prefersBorder": True}}
    text = content.text.replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"//[\w.]+\.\w|\bsrc\b|href|@import|url\(|fetch\(|XMLHttp|import\(", text)
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b", text)


async def test_pages_are_not_among_the_resources_for_people(agent: Agent) -> None:
    resources = (await agent.client.list_resources()).resources
    assert not [resource for resource in resources if str(resource.uri).startswith("ui://")]


@pytest.mark.parametrize("uri", [*PAGES, "ui://flodesk/other.html"])
async def test_there_is_no_page_where_its_tools_are_off(era: str, sandbox: Sandbox, uri: str) -> None:
    async with connected(era, sandbox, cards=True, toolsets="segments") as agent:
        with pytest.raises(MCPError, match="Unknown resource"):
            await agent.client.read_resource(uri)
        assert PRESS not in await listed(agent.client)


async def test_where_a_person_must_be_asked_the_button_counts_and_the_model_s_call_does_not(agent: Agent) -> None:
    plan, button = await planned(agent)
    assert await agent.refused("start_flodesk_job", plan_id=plan) == BY_BUTTON
    assert agent.written == []
    job = await agent.call(PRESS, plan_id=plan, press=button["press"])
    while job["state"] != "done":
        job = await agent.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25)
    assert (job["written"], job["skipped"]) == (1, 1)
    assert agent.account.find_subscriber("new@example.com") is not None


async def test_nobody_is_asked_twice(era: str, sandbox: Sandbox) -> None:
    person = Person("accept", sandbox)
    async with connected(era, sandbox, person=person, cards=True, toolsets="audience", confirm="always") as agent:
        plan, button = await planned(agent)
        assert await agent.refused("start_flodesk_job", plan_id=plan) == BY_BUTTON
        await agent.call(PRESS, plan_id=plan, press=button["press"])
    assert person.asked == []


async def test_where_nobody_must_be_asked_the_model_may_begin_as_ever(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, cards=True, toolsets="audience") as agent:
        plan, _ = await planned(agent)
        assert (await agent.call("start_flodesk_job", plan_id=plan))["state"] == "done"


async def test_the_secret_of_the_button_is_for_the_card_alone(agent: Agent) -> None:
    answer = await agent.answer("plan_flodesk_import", csv=LIST)
    assert answer.meta is not None
    press = answer.meta[BUTTON]["press"]
    assert len(press) >= 32
    assert press not in str(answer.content) + str(answer.structured_content)


async def test_a_press_counts_only_for_its_own_plan_and_only_once(agent: Agent) -> None:
    (first, button), (second, other) = await planned(agent), await planned(agent)
    assert button["press"] != other["press"]
    for press in (other["press"], first, "x", button["press"][:-1]):
        text = await agent.refused(PRESS, plan_id=first, press=press)
        assert text.endswith("This is not the button of this plan: only the card that shows the plan has it.")
    assert agent.written == []
    await agent.call(PRESS, plan_id=first, press=button["press"])
    assert "was carried out" in await agent.refused(PRESS, plan_id=first, press=button["press"])
    assert second


async def test_the_card_says_what_a_question_would_say(agent: Agent) -> None:
    _, button = await planned(agent)
    assert button["headline"] == (
        "Write 1 person to Flodesk, of whom 1 are new and 0 change? It takes about 1 minute, and cannot be undone as a "
        "whole."
    )


@pytest.mark.parametrize("settings", [{"read_only": True}, {"exclude_tools": "start_flodesk_job"}], ids=str)
async def test_there_is_no_button_where_carrying_out_is_off(
    era: str, sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    async with connected(era, sandbox, cards=True, toolsets="audience", **settings) as agent:
        answer = await agent.answer("plan_flodesk_import", csv=LIST)
        assert answer.structured_content is not None
        assert BUTTON not in (answer.meta or {})
        assert PRESS not in await listed(agent.client)
        text = await agent.refused(PRESS, plan_id=answer.structured_content["plan_id"], press="any")
        assert text.startswith("Carry out a plan is turned off")


async def test_the_report_is_the_same_with_and_without_a_card(era: str, sandbox: Sandbox, agent: Agent) -> None:
    async with connected(era, sandbox, toolsets="audience") as plain:
        without = await plain.answer("get_flodesk_audience_report")
    shown = await agent.answer("get_flodesk_audience_report")
    assert shown.meta == without.meta
    assert shown.structured_content is not None
    assert without.structured_content is not None
    assert shown.structured_content.keys() == without.structured_content.keys()


async def test_cards_show_nobody_to_whom_personal_data_is_masked(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, cards=True, toolsets="audience", personal_data="masked") as agent:
        answer = await agent.answer("plan_flodesk_import", csv=LIST, segment_ids=["for jane@example.com"])
        assert answer.structured_content is not None
        assert answer.meta is not None
        assert "jane" not in str(answer)
        press = answer.meta[BUTTON]["press"]
        job = await agent.call(PRESS, plan_id=answer.structured_content["plan_id"], press=press)
        job = await agent.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25)
        assert "example" not in str(job)
