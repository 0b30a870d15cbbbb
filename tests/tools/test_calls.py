"""The frame around every call: crashes, the protocol's own errors, and the limits that an operator sets."""

import logging
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp_types import CallToolRequest, CallToolResult

from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

from .agent import Agent, Sent, connected
from .examples import EXAMPLES, Example

pytestmark = pytest.mark.anyio


class Broken(httpx2.AsyncBaseTransport):
    """A way to Flodesk with a defect in it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise RuntimeError("a detail with sandbox-key in it")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.tool)
async def test_a_crash_gives_one_sentence_without_details(
    era: str, example: Example, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(era, Sandbox(), Broken()) as agent:
        text = await agent.refused(example.tool, **example.arguments)
    assert text == f"{example.title} failed: a defect of this server, see its log."
    crashes = [record for record in caplog.records if record.exc_info]
    assert [record.levelno for record in crashes] == [logging.ERROR]


async def test_a_crash_leaves_the_next_call_alone(era: str, sandbox: Sandbox) -> None:
    class Once(httpx2.AsyncBaseTransport):
        broken = True

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if self.broken:
                self.broken = False
                raise RuntimeError
            return await sandbox.transport().handle_async_request(request)

    async with connected(era, sandbox, Once()) as agent:
        await agent.refused("list_all_flodesk_webhooks")
        assert len((await agent.call("list_all_flodesk_webhooks"))["result"]) == 3


async def test_an_unknown_tool_is_named(agent: Agent) -> None:
    with pytest.raises(MCPError, match="Did you mean 'list_all_flodesk_segments'"):
        await agent.call("list_all_flodesk_segment")
    assert not agent.sent


class AnyCall(CallToolRequest):
    """A call with params of any kind."""

    params: Any


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": None},
        {"name": 5},
        {"name": ["list_all_flodesk_webhooks"]},
        {"name": "list_all_flodesk_webhooks", "arguments": []},
        {"name": "list_all_flodesk_webhooks", "arguments": "{}"},
        {"name": "list_all_flodesk_webhooks", "arguments": 5},
    ],
)
async def test_malformed_params_are_an_error_of_the_protocol(agent: Agent, params: dict[str, Any]) -> None:
    request = AnyCall(params=params)
    with pytest.raises(MCPError) as raised:
        await agent.client.session.send_request(request, CallToolResult)
    assert raised.value.error.code in {-32602, -32600}
    assert "Traceback" not in str(raised.value)
    assert not agent.sent
    assert await agent.call("list_all_flodesk_webhooks")


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


LONG = "x" * 5_000_000


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        pytest.param(argument, value, id=f"{argument}-{form}")
        for argument in ("segment_ids", "custom_fields", "first_name", "email", "unknown")
        for form, value in (("deep", nested(50)), ("long", LONG), ("many", ["x"] * 200_000))
        if (argument, form) != ("first_name", "long")
    ],
)
async def test_a_huge_argument_of_the_wrong_form_gets_a_short_refusal(agent: Agent, argument: str, value: Any) -> None:
    text = await agent.refused("create_a_flodesk_subscriber", **{"email": "jane@example.com", argument: value})
    assert text.startswith("Create or update a subscriber failed: nothing was sent. ")
    assert argument in text
    assert len(text) < 2000
    assert not agent.sent


async def test_a_name_of_5_mb_is_flodesks_to_judge_and_comes_back_cut(agent: Agent) -> None:
    data = await agent.call("create_a_flodesk_subscriber", email="jane@example.com", first_name=LONG)
    assert agent.sent == [
        Sent("POST", "/v1/subscribers", {}, {"email": "jane@example.com", "first_name": LONG}),
    ]
    assert set(data["first_name"][:9_000]) == {"x"}
    assert len(data["first_name"]) < 11_000


async def test_an_access_token_goes_to_flodesk_as_a_bearer_and_a_401_names_its_setting(
    era: str, sandbox: Sandbox
) -> None:
    async with connected(era, sandbox, sandbox=False, access_token=SANDBOX_ACCESS_TOKEN) as agent:
        await agent.call("list_all_flodesk_webhooks")
        assert sandbox.requests[0].headers["authorization"] == "bearer"
        sandbox.accounts.clear()
        text = await agent.refused("list_all_flodesk_webhooks")
        assert "FLODESK_ACCESS_TOKEN" in text
        assert SANDBOX_ACCESS_TOKEN not in text


READERS = [example.tool for example in EXAMPLES if example.reads]
ALL = [example.tool for example in EXAMPLES]


@pytest.mark.parametrize(
    ("settings", "listed", "off", "reason"),
    [
        ({"read_only": True}, READERS, "create_a_flodesk_webhook", "FLODESK_READ_ONLY allows no tool that writes"),
        (
            {"exclude_tools": "delete_a_flodesk_webhook_by_id"},
            [tool for tool in ALL if tool != "delete_a_flodesk_webhook_by_id"],
            "delete_a_flodesk_webhook_by_id",
            "FLODESK_EXCLUDE_TOOLS names it",
        ),
        (
            {"tools": "list_all_flodesk_webhooks, list_all_flodesk_segments"},
            ["list_all_flodesk_segments", "list_all_flodesk_webhooks"],
            "list_all_flodesk_workflows",
            "FLODESK_TOOLS does not name it",
        ),
        (
            {"toolsets": "webhooks", "read_only": True},
            ["list_all_flodesk_webhooks", "get_single_flodesk_webhook_by_id"],
            "list_all_flodesk_segments",
            "FLODESK_TOOLSETS does not name its toolset, 'segments'",
        ),
    ],
)
async def test_a_tool_that_is_turned_off_is_neither_listed_nor_called(
    era: str, sandbox: Sandbox, settings: dict[str, Any], listed: list[str], off: str, reason: str
) -> None:
    async with connected(era, sandbox, **settings) as agent:
        assert [tool.name for tool in (await agent.client.list_tools()).tools] == listed
        text = await agent.refused(off, **next(example.arguments for example in EXAMPLES if example.tool == off))
    assert f" is turned off: {reason}." in text
    assert not sandbox.requests


async def test_a_server_that_is_told_to_use_the_sandbox_brings_its_own(era: str) -> None:
    server = single_server(Settings(sandbox=True))
    async with Client(server, mode=era) as client:
        answer = await client.call_tool("list_all_flodesk_webhooks")
    assert answer.structured_content is not None
    assert len(answer.structured_content["result"]) == 3
