"""LlamaIndex: the tools of one open session, for any agent."""

import asyncio

from llama_index.core.tools import ToolSelection
from llama_index.core.tools.calling import acall_tool_with_selection
from llama_index.tools.mcp import McpToolSpec
from mcp import ClientSession, StdioServerParameters, stdio_client

SERVER = StdioServerParameters(command="flodesk-mcp", args=["--sandbox"])


async def main() -> None:
    # Not BasicMCPClient(command): that starts a server for each call.
    async with stdio_client(SERVER) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = await McpToolSpec(session).to_tool_list_async()
        # agent = FunctionAgent(tools=tools, llm=llm)
        print(len(tools), "tools")

        async def call(tool: str, /, **arguments: str) -> str:
            """Do what a run of the agent does with a call that the model asks for."""
            asked = ToolSelection(tool_id="1", tool_name=tool, tool_kwargs=arguments)
            return (await acall_tool_with_selection(asked, tools)).content

        print(made := await call("create_a_flodesk_segment", name="Tulips"))
        assert "Tulips" in made
        assert "Tulips" in await call("get_single_flodesk_segment_by_id", id="Tulips")
        print(failed := await call("get_single_flodesk_segment_by_id", id="Tulip"))
        assert "failed: nothing was sent" in failed


asyncio.run(main())
