"""openai-agents: a server over stdio, its tools converted to strict ones, invoked as the runner does it."""

import asyncio
import json

from agents import Agent, FunctionTool, RunContextWrapper
from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext

from frameworks.account import account, main_python
from frameworks.model import is_strict
from frameworks.proof import prove


async def main() -> None:
    with account(main_python()) as studio:
        command, args, env = studio.server
        async with MCPServerStdio(
            {"command": command, "args": args, "env": env}, client_session_timeout_seconds=60
        ) as server:
            agent, context = Agent(name="Florist"), RunContextWrapper(None)
            listed = await MCPUtil.get_all_function_tools([server], True, context, agent)
            tools = {tool.name: tool for tool in listed if isinstance(tool, FunctionTool)}
            for tool in tools.values():  # one without arguments stays as it is, and has nothing to lose
                assert tool.strict_json_schema or not tool.params_json_schema["properties"], tool.name
                assert not tool.strict_json_schema or is_strict(tool.params_json_schema), tool.params_json_schema

            async def call(name: str, arguments: dict[str, object]) -> str:
                said = json.dumps(arguments)
                called = ToolContext(None, tool_name=name, tool_call_id="1", tool_arguments=said)
                answer = await tools[name].on_invoke_tool(called, said)
                return str(answer["text"] if isinstance(answer, dict) else answer)

            print(await prove(studio, {name: tool.params_json_schema for name, tool in tools.items()}, call))


asyncio.run(main())
