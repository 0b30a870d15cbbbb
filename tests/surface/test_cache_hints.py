"""How long a client may keep what it was told."""

from collections.abc import Awaitable, Callable

import pytest
from mcp import Client
from mcp_types import CacheableResult

from flodesk_mcp.sandbox import Sandbox
from tools.agent import ERAS, Agent, connected

pytestmark = pytest.mark.anyio

LEGACY, MODERN = ERAS
HOUR, MINUTE = 3_600_000, 60_000

Fetch = Callable[[Client], Awaitable[CacheableResult]]
every_list = pytest.mark.parametrize(
    ("fetch", "ttl"),
    [
        pytest.param(lambda client: client.list_tools(), HOUR, id="tools"),
        pytest.param(lambda client: client.list_prompts(), HOUR, id="prompts"),
        pytest.param(lambda client: client.list_resources(), HOUR, id="resources"),
        pytest.param(lambda client: client.list_resource_templates(), HOUR, id="templates"),
        pytest.param(lambda client: client.read_resource("flodesk://segments"), MINUTE, id="a resource"),
    ],
)


@every_list
async def test_lists_may_be_kept_for_an_hour_and_resources_for_a_minute_by_nobody_else(
    sandbox: Sandbox, fetch: Fetch, ttl: int
) -> None:
    async with connected(MODERN, sandbox) as agent:
        answer = await fetch(agent.client)
    assert (answer.ttl_ms, answer.cache_scope) == (ttl, "private")
    assert getattr(answer, "next_cursor", None) is None


@every_list
async def test_the_legacy_era_has_no_hints(sandbox: Sandbox, fetch: Fetch, ttl: int) -> None:
    async with connected(LEGACY, sandbox) as agent:
        assert not {"ttl_ms", "cache_scope"} & (await fetch(agent.client)).model_fields_set, ttl


async def test_both_eras_list_the_same(sandbox: Sandbox) -> None:
    listed = []
    for era in ERAS:
        async with connected(era, sandbox, toolsets="all") as agent:
            listed.append([await tools_of(agent), (await agent.client.list_prompts()).prompts])
    assert listed[0] == listed[1]


async def tools_of(agent: Agent) -> object:
    return (await agent.client.list_tools()).tools
