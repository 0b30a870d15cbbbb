"""google-genai: an MCP session as a tool of a request, and the calls that Gemini's answer asks for."""

import asyncio

from google.genai import _extra_utils, types
from google.genai._mcp_utils import mcp_to_gemini_tool
from mcp import ClientSession, StdioServerParameters, stdio_client

from frameworks.account import account, main_python
from frameworks.proof import prove


async def main() -> None:
    with account(main_python()) as studio:
        command, args, env = studio.server
        server = StdioServerParameters(command=command, args=args, env=env)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            asked = types.GenerateContentConfig(tools=[session])
            config, sessions = await _extra_utils.parse_config_for_mcp_sessions(asked)
            assert config
            assert config.tools == [mcp_to_gemini_tool(tool) for tool in (await session.list_tools()).tools]

            async def call(name: str, arguments: dict[str, object]) -> str:
                part = types.Part(function_call=types.FunctionCall(name=name, args=arguments))
                said = types.Candidate(content=types.Content(parts=[part]))
                answer = types.GenerateContentResponse(candidates=[said])
                (back,) = await _extra_utils.get_function_response_parts_async(answer, sessions)
                assert back.function_response
                result = (back.function_response.response or {}).get("result")
                return str(result.content[0].text if result else back.function_response.response)

            schemas = {
                declared.name: declared.parameters.json_schema.model_dump(mode="json", by_alias=True, exclude_none=True)
                for tool in config.tools
                for declared in tool.function_declarations
            }
            print(await prove(studio, schemas, call))


asyncio.run(main())
