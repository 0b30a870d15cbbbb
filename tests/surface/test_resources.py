"""The account as resources: what the reading tools return, under addresses."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, TextResourceContents

from flodesk_mcp.sandbox import Account, Fault, Sandbox
from tools.agent import JASPER, NOTHING, Agent, connected

pytestmark = pytest.mark.anyio

VIP = "3e645b1e6b81ac90ec4a722e"

# By address: the tool that returns the same, and its arguments.
SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "flodesk://segments": ("list_all_flodesk_segments", {"limit": 100}),
    "flodesk://segments/colors": ("list_all_flodesk_segment_colors", {}),
    "flodesk://workflows": ("list_all_flodesk_workflows", {"limit": 100}),
    "flodesk://custom-fields": ("list_all_flodesk_custom_fields", {}),
    f"flodesk://segments/{VIP}": ("get_single_flodesk_segment_by_id", {"id": VIP}),
    f"flodesk://subscribers/{JASPER.id}": ("get_single_flodesk_subscriber_by_id", {"id_or_email": JASPER.id}),
    f"flodesk://subscribers/{JASPER.email}": ("get_single_flodesk_subscriber_by_id", {"id_or_email": JASPER.id}),
}


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    async with connected(era, sandbox, toolsets="all") as agent:
        yield agent


async def read(agent: Agent, uri: str) -> Any:
    """Read a resource, and return its data."""
    (content,) = (await agent.client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert (content.uri, content.mime_type) == (uri, "application/json")
    return json.loads(content.text)


async def refused(agent: Agent, uri: str, code: int = INVALID_PARAMS) -> str:
    """Read a resource that fails, and return the text."""
    with pytest.raises(MCPError) as caught:
        await agent.client.read_resource(uri)
    assert caught.value.code == code
    return caught.value.message


@pytest.mark.parametrize("uri", SHOWN)
async def test_a_resource_is_json_and_the_same_as_its_tool_returns(agent: Agent, uri: str) -> None:
    tool, arguments = SHOWN[uri]
    shown = await read(agent, uri)
    assert {sent.method for sent in agent.sent} == {"GET"}
    assert shown == await agent.call(tool, **arguments)


async def test_the_account_is_one(agent: Agent) -> None:
    shown = await read(agent, "flodesk://account")
    assert (shown["subscribers"], shown["active_subscribers"], shown["segments"]) == (420, 357, 12)


async def test_a_plus_in_an_address_is_a_plus(agent: Agent, account: Account) -> None:
    account.subscribers[JASPER.id].email = "jane+vip@example.com"
    for uri in ("flodesk://subscribers/jane+vip@example.com", "flodesk://subscribers/jane%2Bvip%40example.com"):
        assert (await read(agent, uri))["id"] == JASPER.id
    assert {sent.path for sent in agent.sent} == {"/v1/subscribers/jane+vip@example.com"}


async def test_a_segment_is_read_by_name_too(agent: Agent, account: Account) -> None:
    shown = await read(agent, "flodesk://segments/Gift%20buyers")
    assert shown["used_ids"] == {"Gift buyers": shown["id"]}
    account.segments[VIP].name = "Köln/Bonn 100%"
    assert (await read(agent, "flodesk://segments/K%C3%B6ln%2FBonn%20100%25"))["id"] == VIP


async def test_what_does_not_exist_is_not_found_and_the_tool_that_lists_is_named(agent: Agent) -> None:
    assert "(404)" in await refused(agent, f"flodesk://segments/{NOTHING}")
    assert "What exists: list_all_flodesk_subscribers." in await refused(agent, "flodesk://subscribers/no@example.com")
    assert "Candidates: 'Newsletter' is " in await refused(agent, "flodesk://segments/nothing")


async def test_a_failure_of_flodesk_is_told_as_the_tool_would(agent: Agent) -> None:
    agent.sandbox.fail(Fault("status", status=401))
    assert await refused(agent, "flodesk://workflows", INTERNAL_ERROR) == (
        "List workflows failed: Flodesk refused the credential (401). "
        "The person who runs this server must check the setting FLODESK_API_KEY."
    )


@pytest.mark.parametrize(
    "uri",
    [
        "flodesk://subscribers/../webhooks",
        "flodesk://subscribers/..",
        "flodesk://subscribers/%2e%2e",
        "flodesk://subscribers/%2E%2E%2Fwebhooks",
        "flodesk://subscribers/a%00b",
        "flodesk://subscribers/a%0d%0aX-Injected: 1",
        "flodesk://subscribers/a%2Fsegments",
        "flodesk://subscribers/a%5Cb",
        "flodesk://subscribers/%20",
        "flodesk://subscribers/",
        "flodesk://subscribers",
        "flodesk://segments/",
        "flodesk://segments/%20",
        "flodesk://segments/colors/../../webhooks",
        "flodesk://webhooks",
        "flodesk://",
        "FLODESK://segments",
        "file:///etc/passwd",
        "https://api.flodesk.com/v1/webhooks",
        "segments",
        "",
    ],
)
async def test_a_hostile_address_is_refused_and_reaches_nothing(agent: Agent, uri: str) -> None:
    text = await refused(agent, uri)
    assert "Traceback" not in text
    assert not agent.sent


@pytest.mark.parametrize("uri", ["flodesk://subscribers/a?b=c", "flodesk://subscribers/a%3Fstatus=active%23x"])
async def test_what_looks_like_a_query_stays_in_the_path(agent: Agent, uri: str) -> None:
    await refused(agent, uri)
    assert all(not sent.query and sent.path.startswith("/v1/subscribers/a%3F") for sent in agent.sent)


@pytest.mark.parametrize("uri", [*SHOWN, "flodesk://account"])
async def test_a_resource_is_off_with_its_tool_and_says_which_setting_turned_it_off(
    era: str, sandbox: Sandbox, uri: str
) -> None:
    async with connected(era, sandbox, toolsets="webhooks") as agent:
        assert (await agent.client.list_resources()).resources == []
        assert (await agent.client.list_resource_templates()).resource_templates == []
        text = await refused(agent, uri)
        assert not agent.sent
    assert "is turned off: FLODESK_TOOLSETS does not name its toolset" in text


async def test_text_of_strangers_is_stripped_in_resources_too(agent: Agent, account: Account) -> None:
    account.subscribers[JASPER.id].first_name = "Jas\u202e\u200bper"
    assert (await read(agent, f"flodesk://subscribers/{JASPER.id}"))["first_name"] == "Jasper"
