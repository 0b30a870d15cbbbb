"""An agent whose client can ask the person it works for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult, ErrorData

from flodesk_mcp.one_account import one_account
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import Settings

from .agent import Agent

Action = Literal["accept", "decline", "cancel"]


@dataclass
class Person:
    """Answers each question in the same way, and remembers what was asked, and what Flodesk had seen by then."""

    action: Action
    sandbox: Sandbox
    content: dict[str, str | int | float | bool | list[str] | None] | None = None
    asked: list[str] = field(default_factory=list)
    sent_before: list[str] = field(default_factory=list)

    async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        """Be the client's elicitation callback."""
        assert isinstance(params, ElicitRequestFormParams)
        assert params.requested_schema == {"type": "object", "properties": {}}
        self.asked.append(params.message)
        self.sent_before += [seen.method for seen in self.sandbox.requests]
        return ElicitResult(action=self.action, content=self.content)


@asynccontextmanager
async def connected_for(person: Person, era: str, settings: Settings) -> AsyncIterator[Agent]:
    """Connect an agent that works for `person`."""
    server = build_server(lambda: one_account(settings, person.sandbox.transport()))
    async with Client(server, mode=era, elicitation_callback=person.answer) as client:
        yield Agent(client, person.sandbox)
