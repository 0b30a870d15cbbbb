"""LlamaIndex: the tools of McpToolSpec on one session, called as its function-calling agents do."""

import asyncio

from llama_index.core.tools import ToolSelection
from llama_index.core.tools.calling import acall_tool_with_selection
from llama_index.tools.mcp import McpToolSpec
from mcp import ClientSession, StdioServerParameters, stdio_client

from frameworks.account import account, main_python
from frameworks.proof import prove


async def main() -> None:
    with account(main_python()) as studio:
        command, args, env = studio.server
        server = StdioServerParameters(command=command, args=args, env=env)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            tools = await McpToolSpec(session).to_tool_list_async()

            async def call(name: str, arguments: dict[str, object]) -> str:
                said = ToolSelection(tool_id="1", tool_name=name, tool_kwargs=arguments)
                output = await acall_tool_with_selection(said, tools)
                return str(output.raw_output.content[0].text)

            functions = [tool.metadata.to_openai_tool()["function"] for tool in tools]
            print(await prove(studio, {function["name"]: function["parameters"] for function in functions}, call))


asyncio.run(main())
