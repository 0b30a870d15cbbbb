"""LangChain: the tools of an MCP session, bound to an OpenAI model in strict mode, and invoked by its tool calls."""

import asyncio

from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from langchain_openai import ChatOpenAI

from frameworks.account import account, main_python
from frameworks.model import is_strict
from frameworks.proof import prove


async def main() -> None:
    with account(main_python()) as studio:
        command, args, env = studio.server
        client = MultiServerMCPClient({"flodesk": {"transport": "stdio", "command": command, "args": args, "env": env}})
        async with client.session("flodesk") as session:
            tools = {tool.name: tool for tool in await load_mcp_tools(session)}
            bound = ChatOpenAI(model="gpt-5", api_key="none").bind_tools(list(tools.values()), strict=True)
            functions = [tool["function"] for tool in bound.kwargs["tools"]]
            schemas = {function["name"]: function["parameters"] for function in functions}
            for function in functions:
                assert function["strict"]
                assert is_strict(function["parameters"]), function

            async def call(name: str, arguments: dict[str, object]) -> str:
                said = {"type": "tool_call", "id": "1", "name": name, "args": arguments}
                answer = await tools[name].ainvoke(said)
                return answer.content if isinstance(answer.content, str) else answer.content[0]["text"]

            print(await prove(studio, schemas, call))


asyncio.run(main())
