"""LlamaIndex: the tools of McpToolSpec, called as its function-calling agents do: a process for each call."""

import asyncio

from llama_index.core.tools import ToolSelection
from llama_index.core.tools.calling import acall_tool_with_selection
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

from frameworks.account import account, main_python
from frameworks.proof import prove


async def main() -> None:
    with account(main_python()) as studio:
        command, args, env = studio.server
        tools = await McpToolSpec(BasicMCPClient(command, args=args, env=env, timeout=60)).to_tool_list_async()

        async def call(name: str, arguments: dict[str, object]) -> str:
            said = ToolSelection(tool_id="1", tool_name=name, tool_kwargs=arguments)
            output = await acall_tool_with_selection(said, tools)
            return str(output.raw_output.content[0].text)

        functions = [tool.metadata.to_openai_tool()["function"] for tool in tools]
        print(await prove(studio, {function["name"]: function["parameters"] for function in functions}, call))


asyncio.run(main())
