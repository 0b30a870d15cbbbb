"""A fourth provider is a folder: a client, an adapter with its row of capabilities, a stand-in, and a line."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from pydantic import SecretStr

from flodesk_mcp.flodesk.adapter import FlodeskAdapter
from flodesk_mcp.providers import Provider
from flodesk_mcp.providers.known import KNOWN, KnownProvider
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.sandbox.transport import ByHost
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools import TOOLS
from tools.agent import JASPER, Agent

from .planned import planned
from .tiny.adapter import TinyAdapter
from .tiny.stand_in import tiny_stand_in

pytestmark = pytest.mark.anyio

LINE = KnownProvider(
    "tiny",
    "Tiny",
    "providers.tiny",
    needs=("tiny_key",),
    takes=(),
    headers=("X-Tiny-Key",),
    stand_in="providers.tiny.stand_in",
)
METHODS = {
    "save_contact": "save_contact",
    "list_contact_segments": "list_segments",
    "get_contact_segment": "get_segment",
    "add_contact_to_segments": "add_to_segments",
    "remove_contact_from_segments": "remove_from_segments",
    "list_contact_workflows": "list_workflows",
    "get_contact_workflow": "get_workflow",
    "enroll_contact": "enroll",
}


class TinySettings(Settings):
    tiny_key: SecretStr | None = None


@pytest.fixture
async def agent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Agent]:
    monkeypatch.setattr("flodesk_mcp.callers.providers.KNOWN", (*KNOWN, LINE))
    sandbox, tiny = Sandbox(), tiny_stand_in()
    flodesk = sandbox.transport()
    transport = ByHost(lambda host: tiny.transport() if host == "tiny.example.com" else flodesk)
    chosen = TinySettings(sandbox=True, toolsets="audience,unified")
    async with Client(single_server(chosen, transport)) as client:
        yield Agent(client, sandbox)


async def test_it_is_offered_beside_the_others(agent: Agent) -> None:
    tools = {tool.name: tool for tool in (await agent.client.list_tools()).tools}
    assert tools["list_contacts"].input_schema["properties"]["provider"]["enum"][-1] == "tiny"
    assert tools["plan_flodesk_import"].input_schema["properties"]["from_provider"]["enum"][-1] == "tiny"
    assert "Tiny does not search" in str(tools["list_contacts"].description)


async def test_what_it_can_it_does(agent: Agent) -> None:
    listed = await agent.call("list_contacts", provider="tiny", limit=1)
    assert (listed["result"][0]["id"], listed["total_items"]) == ("t1", 2)
    assert (await agent.call("list_contacts", next_cursor=listed["next_cursor"]))["result"][0]["id"] == "t2"
    found = await agent.call("get_contact", provider="all", id_or_email=JASPER.email)
    assert [row["provider"] for row in found["result"]] == ["flodesk", "flownurture", "highlevel", "tiny"]
    plan = await planned(agent, from_provider="tiny")
    assert (plan["rows"], plan["new"]) == (2, 1)


async def test_what_it_cannot_it_says(agent: Agent) -> None:
    assert "add people on its page" in await agent.refused("save_contact", provider="tiny", email=JASPER.email)
    assert "send by hand" in await agent.refused("list_contact_workflows", provider="tiny")
    assert "Tiny knows nothing" in await agent.refused("get_contact", provider="tiny", id_or_email="nobody")


KINDS: list[Any] = [FlodeskAdapter, *(known.kind() for known in KNOWN), TinyAdapter]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_a_provider_either_does_what_a_tool_asks_or_its_row_says_what_to_do_instead(kind: type[Provider]) -> None:
    for tool, method in METHODS.items():
        written = getattr(kind, method) is not getattr(Provider, method)
        assert written is not (tool in kind.lacks), tool


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_a_row_of_capabilities_speaks_of_tools_and_arguments_that_there_are(kind: type[Provider]) -> None:
    for name in [*kind.lacks, *kind.notes]:
        tool, _, argument = name.partition(".")
        assert not argument or argument in TOOLS[tool].arguments.model_fields
        assert tool in TOOLS
    assert all(text.endswith(".") for text in [*kind.lacks.values(), *kind.notes.values()])
