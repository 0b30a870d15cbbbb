"""LangChain: the tools of one session, for any agent or graph."""

import asyncio

from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

SERVERS = {"flodesk": {"transport": "stdio", "command": "flodesk-mcp", "args": ["--sandbox"]}}


async def main() -> None:
    # Not client.get_tools(): that starts a server for each call.
    async with MultiServerMCPClient(SERVERS).session("flodesk") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        # agent = create_agent(model, list(tools.values()))
        print(len(tools), "tools")

        async def call(tool: str, /, **arguments: str) -> str:
            """Do what a run of the agent does with a call that the model asks for."""
            asked = {"type": "tool_call", "id": "1", "name": tool, "args": arguments}
            answer = await tools[tool].ainvoke(asked)
            return answer.text

        print(made := await call("create_a_flodesk_segment", name="Tulips"))
        assert "Tulips" in made
        assert "Tulips" in await call("get_single_flodesk_segment_by_id", id="Tulips")
        print(failed := await call("get_single_flodesk_segment_by_id", id="Tulip"))
        assert "failed: nothing was sent" in failed


asyncio.run(main())
