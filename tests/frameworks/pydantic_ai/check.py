"""pydantic-ai: a toolset over stdio, strict for an OpenAI model, whose calls the toolset validates and makes."""

import asyncio
import json
from dataclasses import replace

from fastmcp.client.transports import StdioTransport
from pydantic_ai import RunContext
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RunUsage

from frameworks.account import account, main_python
from frameworks.model import is_strict
from frameworks.proof import prove


async def main() -> None:
    with account(main_python()) as studio:
        command, args, env = studio.server
        model = OpenAIResponsesModel("gpt-5", provider=OpenAIProvider(api_key="none"))
        context = RunContext(deps=None, model=model, usage=RunUsage())
        async with MCPToolset(StdioTransport(command, args, env=env), init_timeout=60) as toolset:
            tools = await toolset.get_tools(context)
            asked = ModelRequestParameters(
                function_tools=[replace(tool.tool_def, strict=True) for tool in tools.values()]
            )
            converted = model.customize_request_parameters(asked).function_tools
            schemas = {definition.name: definition.parameters_json_schema for definition in converted}
            for schema in schemas.values():
                assert is_strict(schema), schema

            async def call(name: str, arguments: dict[str, object]) -> str:
                tool = tools[name]
                checked = tool.args_validator.validate_python(arguments)
                return json.dumps(await toolset.call_tool(name, checked, context, tool))

            print(await prove(studio, schemas, call))


asyncio.run(main())
