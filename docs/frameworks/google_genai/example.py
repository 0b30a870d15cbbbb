"""google-genai: an open session is a tool of a request; Gemini's calls then go to it by themselves."""

import asyncio

from google.genai import types
from google.genai._extra_utils import get_function_response_parts_async, parse_config_for_mcp_sessions
from mcp import ClientSession, StdioServerParameters, stdio_client

SERVER = StdioServerParameters(command="flodesk-mcp", args=["--sandbox"])


async def main() -> None:
    async with stdio_client(SERVER) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        config = types.GenerateContentConfig(tools=[session])
        # await genai.Client().aio.models.generate_content(model=..., contents="...", config=config) does what follows.
        parsed, sessions = await parse_config_for_mcp_sessions(config)
        print(len(parsed.tools), "tools")

        async def call(tool: str, /, **arguments: str) -> types.FunctionResponse:
            """Do what the client does with a call that the model asks for."""
            part = types.Part(function_call=types.FunctionCall(name=tool, args=arguments))
            said = types.Candidate(content=types.Content(parts=[part]))
            (back,) = await get_function_response_parts_async(
                types.GenerateContentResponse(candidates=[said]), sessions
            )
            return back.function_response

        made = await call("create_a_flodesk_segment", name="Tulips")
        print(made.response)
        kept = await call("get_single_flodesk_segment_by_id", id="Tulips")
        assert "Tulips" in str(made)
        assert "Tulips" in str(kept)
        failed = await call("get_single_flodesk_segment_by_id", id="Tulip")
        print(failed.response)
        assert "failed: nothing was sent" in str(failed)


asyncio.run(main())
