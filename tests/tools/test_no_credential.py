"""A server whose person is yet to enter the key starts all the same, and every tool says where to enter it."""

from collections.abc import AsyncIterator

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ResourceTemplateReference, TextContent

from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools import CATALOG

from .examples import EXAMPLES, Example
from .examples_beyond_default import BEYOND_DEFAULT

pytestmark = pytest.mark.anyio

HELP = "Open Settings, Extensions, Flodesk, and enter your API key."
CALLS = [*EXAMPLES, *BEYOND_DEFAULT]


@pytest.fixture
async def client(era: str) -> AsyncIterator[Client]:
    async with Client(single_server(Settings(key_help=HELP, toolsets="all")), mode=era) as client:
        yield client


def test_there_is_a_call_of_every_tool() -> None:
    assert {example.tool for example in CALLS} == {spec.name for spec in CATALOG}


@pytest.mark.parametrize("example", CALLS, ids=lambda example: example.tool)
async def test_a_call_says_where_to_enter_it(client: Client, example: Example) -> None:
    result = await client.call_tool(example.tool, example.arguments)
    assert isinstance(result, CallToolResult)
    assert result.is_error
    assert isinstance(result.content[0], TextContent)
    assert result.content[0].text == (
        f"{example.title} failed: nothing was sent, for there is no credential yet. {HELP}"
    )


async def test_a_resource_says_so_too(client: Client) -> None:
    with pytest.raises(MCPError, match=HELP):
        await client.read_resource("flodesk://segments")


async def test_somebody_who_types_gets_no_suggestions(client: Client) -> None:
    completed = await client.complete(
        ResourceTemplateReference(uri="flodesk://segments/{id}"), {"name": "id", "value": "a"}
    )
    assert completed.completion.values == []
