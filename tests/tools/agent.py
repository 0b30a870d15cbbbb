"""An agent as the server sees it: a connected MCP client, and the Flodesk that its calls end at."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx2
from mcp import Client
from mcp.client import advertise
from mcp.client.session import ElicitationFnT
from mcp_types import CallToolResult, TextContent

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

ERAS = ("legacy", "2026-07-28")

SHOWS_CARDS = advertise("io.modelcontextprotocol/ui", {"mimeTypes": ["text/html;profile=mcp-app"]})

NOTHING = "0" * 24
"""An id that is none."""


class Person(NamedTuple):
    """Somebody in the sample account."""

    id: str
    email: str


JASPER = Person("d6b91cebb9b251ff5842a2c6", "j.quill@example.org")

# What no text for an agent may hold: traces, this program's insides, and documentation of a library.
INSIDES = ("Traceback", 'File "', "pydantic", "httpx", "https://errors", "site-packages", "<html", "sandbox-key")


class Sent(NamedTuple):
    """A request that reached Flodesk."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Agent:
    """Calls tools, and checks of every answer what holds for all of them."""

    client: Client
    sandbox: Sandbox

    @property
    def account(self) -> Account:
        """What Flodesk holds."""
        return self.sandbox.accounts[SANDBOX_API_KEY]

    @property
    def sent(self) -> list[Sent]:
        """The requests that reached Flodesk so far."""
        return [Sent(seen.method, seen.path, seen.query, seen.body) for seen in self.sandbox.requests]

    @property
    def written(self) -> list[Sent]:
        """Those of them that wrote."""
        return [sent for sent in self.sent if sent.method != "GET"]

    async def answer(self, tool: str, /, **arguments: Any) -> CallToolResult:
        """Call a tool and return what came, whatever it is."""
        return await self.client.call_tool(tool, arguments)

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool that succeeds, and return its data. The client itself validates them against the schema."""
        answer = await self.answer(tool, **arguments)
        assert not answer.is_error, answer.content
        data: dict[str, Any] = answer.structured_content
        compact = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        assert answer == CallToolResult(
            content=[TextContent(type="text", text=compact)], structured_content=data, is_error=False, _meta=answer.meta
        )
        return data

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        """Call a tool that fails, and return the text."""
        answer = await self.answer(tool, **arguments)
        (block,) = answer.content
        assert isinstance(block, TextContent)
        assert answer.is_error, block.text
        assert answer.structured_content is None
        assert not [inside for inside in INSIDES if inside in block.text], block.text
        return block.text


@asynccontextmanager
async def connected(
    era: str,
    sandbox: Sandbox,
    transport: httpx2.AsyncBaseTransport | None = None,
    /,
    *,
    person: ElicitationFnT | None = None,
    cards: bool = False,
    **settings: Any,
) -> AsyncIterator[Agent]:
    """Connect an agent to a server on `sandbox`, or on whatever else `transport` leads to.

    `person` answers what the server asks; without, the client cannot ask. With `cards` it shows cards.
    """
    chosen = Settings(**{"sandbox": True, **settings})
    server = single_server(chosen, transport or sandbox.transport())
    shows = [SHOWS_CARDS] if cards else None
    async with Client(server, mode=era, elicitation_callback=person, extensions=shows) as client:
        yield Agent(client, sandbox)
