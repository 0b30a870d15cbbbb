"""Who may do what: one rule, whichever door a limit comes through."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from mcp import Client

from flodesk_mcp.callers.caller import Caller, Callers
from flodesk_mcp.callers.single import single_caller
from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.server import build_server, operator_filter
from flodesk_mcp.settings import Settings, SettingsError, load_settings
from flodesk_mcp.tools import CATALOG

from .agent import Agent, connected
from .examples import EXAMPLES
from .examples_beyond_default import BEYOND_DEFAULT, JOBS_READ, OF_JOBS

pytestmark = pytest.mark.anyio

DEFAULT = {example.tool for example in EXAMPLES}
BEYOND = {example.tool for example in BEYOND_DEFAULT} | OF_JOBS.keys()
READS = {example.tool for example in (*EXAMPLES, *BEYOND_DEFAULT) if example.reads} | JOBS_READ
TOOLSETS = {
    "segments": {
        "list_all_flodesk_segments",
        "get_single_flodesk_segment_by_id",
        "create_a_flodesk_segment",
        "list_all_flodesk_segment_colors",
    },
    "subscribers": {
        "list_all_flodesk_subscribers",
        "get_single_flodesk_subscriber_by_id",
        "create_a_flodesk_subscriber",
        "delete_a_flodesk_subscriber_by_id",
    },
    "workflows": {
        "list_all_flodesk_workflows",
        "create_a_flodesk_workflow",
        "delete_a_flodesk_workflow_by_id",
    },
    "custom_fields": {"list_all_flodesk_custom_fields", "create_a_flodesk_custom_field"},
    "webhooks": {
        "list_all_flodesk_webhooks",
        "get_single_flodesk_webhook_by_id",
        "create_a_flodesk_webhook",
        "update_a_flodesk_webhook_by_id",
        "delete_a_flodesk_webhook_by_id",
    },
    "subscriber_actions": {
        "add_a_flodesk_subscriber_to_segments",
        "unsubscribe_a_flodesk_subscriber",
        "create_flodesk_subscribers_in_batch",
    },
    "campaigns": {"list_all_flodesk_campaigns", "create_a_flodesk_campaign_draft"},
    "account": {"get_flodesk_account"},
}
LISTED, CREATED = "list_all_flodesk_segments", "create_a_flodesk_segment"
DRAFT = "create_a_flodesk_campaign_draft"


async def listed(era: str, **settings: Any) -> set[str]:
    """Return the names of the tools that a server with `settings` lists."""
    async with connected(era, Sandbox(), **settings) as agent:
        return {tool.name for tool in (await agent.client.list_tools()).tools}


@pytest.mark.parametrize(
    ("toolsets", "tools"),
    [
        *TOOLSETS.items(),
        ("default", DEFAULT),
        ("all", DEFAULT | BEYOND),
        (" default , account ", DEFAULT | {"get_flodesk_account"}),
        ("segments,account", TOOLSETS["segments"] | TOOLSETS["account"]),
    ],
)
async def test_toolsets_choose(era: str, toolsets: str, tools: set[str]) -> None:
    assert await listed(era, toolsets=toolsets) == tools


async def test_without_a_setting_the_tools_are_exactly_the_18(era: str) -> None:
    assert await listed(era) == DEFAULT
    assert len(DEFAULT) == 18


async def test_tools_and_exclude_tools_narrow_what_toolsets_chose(era: str) -> None:
    assert await listed(era, tools=f"{LISTED}, {CREATED}") == {LISTED, CREATED}
    assert await listed(era, exclude_tools=CREATED) == DEFAULT - {CREATED}


async def test_exclude_beats_include(era: str) -> None:
    assert await listed(era, tools=f"{LISTED},{CREATED}", exclude_tools=CREATED) == {LISTED}


async def test_read_only_beats_everything(era: str) -> None:
    assert await listed(era, toolsets="all", read_only=True) == READS
    assert await listed(era, tools=f"{LISTED},{CREATED}", read_only=True) == {LISTED}


@pytest.mark.parametrize(
    ("variables", "tools"),
    [
        ({"FLODESK_TOOLSETS": "account"}, TOOLSETS["account"]),
        ({"FLODESK_TOOLS": LISTED}, {LISTED}),
        ({"FLODESK_EXCLUDE_TOOLS": CREATED}, DEFAULT - {CREATED}),
        ({"FLODESK_READ_ONLY": "1"}, DEFAULT & READS),
        ({"FLODESK_TOOLSETS": "", "FLODESK_TOOLS": "", "FLODESK_EXCLUDE_TOOLS": ""}, DEFAULT),
    ],
)
async def test_every_limit_can_be_set_by_variable(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], tools: set[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    allowed = operator_filter(load_settings(sandbox=True)).of(CATALOG)
    assert {spec.name for spec in allowed} == tools


def test_a_flag_wins_over_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_TOOLSETS", "all")
    (layer,) = operator_filter(load_settings(sandbox=True, toolsets="account")).layers
    assert layer.toolsets == frozenset({"account"})


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"toolsets": "segment"}, "There is no toolset 'segment'. Did you mean 'segments'?"),
        ({"toolsets": "default,acount"}, "There is no toolset 'acount'. Did you mean 'account'?"),
        ({"toolsets": "everything-there-is"}, "There is no toolset 'everything-there-is'."),
        (
            {"tools": "list_flodesk_segments"},
            "There is no tool 'list_flodesk_segments'. Did you mean 'list_all_flodesk_segments'?",
        ),
        (
            {"exclude_tools": "create_flodesk_segment"},
            "There is no tool 'create_flodesk_segment'. Did you mean 'create_a_flodesk_segment'?",
        ),
        (
            {"tools": f"{LISTED},{DRAFT}"},
            f"FLODESK_TOOLS names '{DRAFT}', but its toolset is off: add 'campaigns' to FLODESK_TOOLSETS.",
        ),
    ],
)
def test_a_name_that_cannot_be_meant_is_an_error_that_helps(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        operator_filter(Settings.model_validate({"sandbox": True, **settings}))
    assert str(caught.value) == complaint


def test_a_tool_of_a_toolset_that_is_added_may_be_named() -> None:
    allowed = operator_filter(Settings(sandbox=True, toolsets="default,campaigns", tools=DRAFT)).of(CATALOG)
    assert [spec.name for spec in allowed] == [DRAFT]


@pytest.mark.parametrize(
    ("settings", "tool", "reason"),
    [
        ({}, DRAFT, "FLODESK_TOOLSETS does not name its toolset, 'campaigns'"),
        ({"tools": LISTED}, CREATED, "FLODESK_TOOLS does not name it"),
        ({"exclude_tools": CREATED}, CREATED, "FLODESK_EXCLUDE_TOOLS names it"),
        ({"read_only": True}, CREATED, "FLODESK_READ_ONLY allows no tool that writes"),
        # Where several settings turn it off, the strongest is named.
        ({"read_only": True, "exclude_tools": CREATED}, CREATED, "FLODESK_READ_ONLY allows no tool that writes"),
        ({"exclude_tools": CREATED, "tools": LISTED}, CREATED, "FLODESK_EXCLUDE_TOOLS names it"),
    ],
)
async def test_a_tool_that_is_off_is_not_listed_and_says_which_setting_turned_it_off(
    era: str, sandbox: Sandbox, settings: dict[str, Any], tool: str, reason: str
) -> None:
    titles = {spec.name: spec.title for spec in CATALOG}
    async with connected(era, sandbox, **settings) as agent:
        assert tool not in {listed.name for listed in (await agent.client.list_tools()).tools}
        text = await agent.refused(tool, anything="at all")
        assert not agent.sent
    assert text == f"{titles[tool]} is turned off: {reason}. Whoever runs this server can change it."


class Layered:
    """Callers whose requests can bring filters of their own, as those to a hosted server do."""

    def __init__(self, callers: Callers, layers: Sequence[ToolFilter]) -> None:
        self._callers = callers
        self._layers = layers

    def caller(self, request: Any) -> Caller:
        caller = self._callers.caller(request)
        for layer in self._layers:
            caller = replace(caller, tool_filter=caller.tool_filter & layer)
        return caller


@asynccontextmanager
async def with_layers(
    era: str, sandbox: Sandbox, layers: Sequence[ToolFilter], **settings: Any
) -> AsyncIterator[Agent]:
    """Connect an agent whose requests bring `layers`."""

    @asynccontextmanager
    async def callers() -> AsyncIterator[Callers]:
        chosen = Settings.model_validate({"sandbox": True, **settings})
        async with single_caller(chosen, operator_filter(chosen), sandbox.transport()) as single:
            yield Layered(single, layers)

    async with Client(build_server(callers), mode=era) as client:
        yield Agent(client, sandbox)


def asked(**limits: Any) -> ToolFilter:
    """Return what a request asks for."""
    return ToolFilter.parse("the request of your client", CATALOG, **limits)


@pytest.mark.parametrize(
    ("layers", "tools"),
    [
        ([asked(toolsets="all")], DEFAULT),
        ([asked(tools=DRAFT)], set()),
        ([asked(read_only=False)], DEFAULT),
        ([asked(toolsets="segments,account")], TOOLSETS["segments"]),
        ([asked(tools=LISTED)], {LISTED}),
        ([asked(exclude_tools=CREATED)], DEFAULT - {CREATED}),
        ([asked(read_only=True)], DEFAULT & READS),
        ([asked(tools=f"{LISTED},{CREATED}"), asked(tools=CREATED)], {CREATED}),
        ([asked(toolsets="segments"), asked(read_only=True)], TOOLSETS["segments"] & READS),
    ],
)
async def test_what_a_request_asks_for_can_only_tighten(
    era: str, sandbox: Sandbox, layers: list[ToolFilter], tools: set[str]
) -> None:
    async with with_layers(era, sandbox, layers) as agent:
        assert {tool.name for tool in (await agent.client.list_tools()).tools} == tools


async def test_no_request_opens_what_the_operator_closed(era: str, sandbox: Sandbox) -> None:
    generous = [asked(toolsets="all", tools=CREATED, read_only=False)]
    async with with_layers(era, sandbox, generous, read_only=True) as agent:
        text = await agent.refused(CREATED, name="New")
        assert not agent.sent
    assert "FLODESK_READ_ONLY allows no tool that writes" in text


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (asked(toolsets="webhooks"), "the request of your client (toolsets) does not name its toolset, 'segments'"),
        (asked(tools=LISTED), "the request of your client (tools) does not name it"),
        (asked(exclude_tools=CREATED), "the request of your client (exclude_tools) names it"),
        (
            ToolFilter.reading_only("the address of this connection"),
            "the address of this connection allows no tool that writes",
        ),
        (
            ToolFilter.reading_only("the access token", "the scope flodesk:read"),
            "the scope flodesk:read allows no tool that writes",
        ),
    ],
)
async def test_a_reason_names_the_layer_that_it_comes_from(
    era: str, sandbox: Sandbox, layer: ToolFilter, reason: str
) -> None:
    async with with_layers(era, sandbox, [layer]) as agent:
        assert f"is turned off: {reason}." in await agent.refused(CREATED, name="New")


def test_a_request_may_name_a_tool_without_its_toolset_and_not_against_it() -> None:
    assert asked(tools=DRAFT).layers[0].tools == frozenset({DRAFT})
    with pytest.raises(ToolsetOff, match=r"add 'campaigns' to the request of your client \(toolsets\)\."):
        asked(tools=DRAFT, toolsets="default")


def test_an_unknown_name_is_refused_whichever_layer_it_is_in() -> None:
    with pytest.raises(UnknownTool, match="Did you mean 'webhooks'"):
        asked(toolsets="webhook")
