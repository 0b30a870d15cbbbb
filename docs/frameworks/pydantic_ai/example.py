"""Pydantic AI: a toolset of an agent. Its session stays open between calls."""

import asyncio
import json

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

CALLS = [
    ("create_a_flodesk_segment", {"name": "Tulips"}),
    ("get_single_flodesk_segment_by_id", {"id": "Tulips"}),
    ("get_single_flodesk_segment_by_id", {"id": "Tulip"}),
]


def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Stand for a model: make one call after the other, then say what came back."""
    turn = len(messages) // 2
    if turn < len(CALLS):
        return ModelResponse(parts=[ToolCallPart(*CALLS[turn])])
    came = [
        part.content
        for message in messages
        for part in message.parts
        if part.part_kind in {"tool-return", "retry-prompt"}
    ]
    return ModelResponse(parts=[TextPart(json.dumps([len(info.function_tools), *came]))])


async def main() -> None:
    toolset = MCPToolset(StdioTransport("flodesk-mcp", ["--sandbox"]), init_timeout=60)
    agent = Agent(FunctionModel(model), toolsets=[toolset])  # yours: Agent("openai:gpt-5", toolsets=[toolset])
    async with agent:
        tools, made, kept, failed = json.loads((await agent.run("Make a segment for tulips.")).output)
    print(tools, "tools")
    print(made)
    assert made["name"] == kept["name"] == "Tulips"
    print(failed)
    assert "failed: nothing was sent" in failed


asyncio.run(main())
