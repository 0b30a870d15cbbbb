"""Google ADK: a toolset for an agent. Its session stays open between calls."""

import asyncio
from unittest.mock import Mock

from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from mcp import StdioServerParameters

SERVER = StdioServerParameters(command="flodesk-mcp", args=["--sandbox"])


async def main() -> None:
    toolset = McpToolset(connection_params=StdioConnectionParams(server_params=SERVER, timeout=30))
    # agent = LlmAgent(name="florist", model="gemini-flash-latest", tools=[toolset])
    tools = {tool.name: tool for tool in await toolset.get_tools()}
    print(len(tools), "tools")
    declared = tools["create_a_flodesk_subscriber"]._get_declaration()
    assert "custom_fields" in str(declared)

    # What a run of the agent does with a call that the model asks for:
    context = Mock()
    made = await tools["create_a_flodesk_segment"].run_async(args={"name": "Tulips"}, tool_context=context)
    print(made["structuredContent"]["name"])
    kept = await tools["get_single_flodesk_segment_by_id"].run_async(args={"id": "Tulips"}, tool_context=context)
    assert kept["structuredContent"]["id"] == made["structuredContent"]["id"]
    failed = await tools["get_single_flodesk_segment_by_id"].run_async(args={"id": "Tulip"}, tool_context=context)
    assert failed["isError"]
    print(failed["content"][0]["text"])
    await toolset.close()


asyncio.run(main())
