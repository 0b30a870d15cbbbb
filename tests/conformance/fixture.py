"""What a fixture tool is: as much of a tool as our filters and lists know of one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult, ContentBlock, InputRequiredResult, TextContent, Tool

from flodesk_mcp.tools import TOOLSETS, Toolset

Context = ServerRequestContext[Any]
Call = Callable[[Context, CallToolRequestParams], Awaitable[CallToolResult | InputRequiredResult]]

NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}


@dataclass(frozen=True)
class Fixture:
    """A tool that the suite looks for."""

    name: str
    call: Call
    input_schema: dict[str, Any] = field(default_factory=lambda: NO_ARGUMENTS)
    toolset: Toolset = TOOLSETS[0]
    reads_only: bool = True

    @property
    def advertised(self) -> Tool:
        return Tool(name=self.name, description="A fixture of the suite.", input_schema=self.input_schema)


def text(words: str) -> CallToolResult:
    """Return a result that is a text."""
    return CallToolResult(content=[TextContent(type="text", text=words)])


def returning(*content: ContentBlock) -> Call:
    """Return a call with a fixed result."""

    async def call(context: Context, params: CallToolRequestParams) -> CallToolResult:
        return CallToolResult(content=list(content))

    return call
