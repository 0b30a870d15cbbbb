"""OpenAI Agents SDK: a server of an agent. Its session stays open between calls."""

import asyncio
import json

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStdio
from agents.tool_context import ToolContext


async def main() -> None:
    command = {"command": "flodesk-mcp", "args": ["--sandbox"]}
    async with MCPServerStdio(command, cache_tools_list=True, client_session_timeout_seconds=60) as server:
        agent = Agent(name="Florist", mcp_servers=[server], mcp_config={"convert_schemas_to_strict": True})
        tools = {tool.name: tool for tool in await agent.get_mcp_tools(RunContextWrapper(None))}
        print(len(tools), "tools")

        async def call(tool: str, /, **arguments: str) -> str:
            """Do what a run of the agent does with a call that the model asks for."""
            said = json.dumps(arguments)
            context = ToolContext(None, tool_name=tool, tool_call_id="1", tool_arguments=said)
            return str(await tools[tool].on_invoke_tool(context, said))

        print(made := await call("create_a_flodesk_segment", name="Tulips"))
        assert "Tulips" in made
        assert "Tulips" in await call("get_single_flodesk_segment_by_id", id="Tulips")
        print(failed := await call("get_single_flodesk_segment_by_id", id="Tulip"))
        assert "failed: nothing was sent" in failed


asyncio.run(main())
