"""A server whose person is yet to enter the key starts all the same, and every tool says where to enter it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ResourceTemplateReference, TextContent

from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools import IN_ALL

from .agent import NOTHING
from .examples import EXAMPLES
from .examples_beyond_default import BEYOND_DEFAULT

pytestmark = pytest.mark.anyio

HELP = "Open Settings, Extensions, Flodesk, and enter your API key."
TITLES = {spec.name: spec.title for spec in IN_ALL}
OF_LONG_WORK: dict[str, dict[str, Any]] = {
    "export_flodesk_subscribers": {"file_format": "csv"},
    "plan_flodesk_import": {"people": [{"email": "new@example.com"}]},
    "plan_flodesk_segment_sync": {"segment_id": NOTHING, "people": [{"email": "new@example.com"}]},
    "start_flodesk_job": {"plan_id": NOTHING},
    "get_flodesk_job": {"job_id": NOTHING},
    "cancel_flodesk_job": {"job_id": NOTHING},
}
CALLS = {example.tool: example.arguments for example in (*EXAMPLES, *BEYOND_DEFAULT)} | OF_LONG_WORK


@pytest.fixture
async def client(era: str) -> AsyncIterator[Client]:
    async with Client(single_server(Settings(key_help=HELP, toolsets="all")), mode=era) as client:
        yield client


def test_there_is_a_call_of_every_tool() -> None:
    assert CALLS.keys() == TITLES.keys()


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_says_where_to_enter_it(client: Client, name: str) -> None:
    result = await client.call_tool(name, CALLS[name])
    assert isinstance(result, CallToolResult)
    assert result.is_error
    assert isinstance(result.content[0], TextContent)
    assert result.content[0].text == (
        f"{TITLES[name]} failed: nothing was sent, for there is no credential yet. {HELP}"
    )


async def test_a_resource_says_so_too(client: Client) -> None:
    with pytest.raises(MCPError, match=HELP):
        await client.read_resource("flodesk://segments")


async def test_somebody_who_types_gets_no_suggestions(client: Client) -> None:
    completed = await client.complete(
        ResourceTemplateReference(uri="flodesk://segments/{id}"), {"name": "id", "value": "a"}
    )
    assert completed.completion.values == []
