"""AutoGen: a workbench for an agent. Its session stays open between calls."""

import asyncio

from autogen_ext.tools.mcp import McpWorkbench, StdioServerParams

SERVER = StdioServerParams(command="flodesk-mcp", args=["--sandbox"], read_timeout_seconds=60)


async def main() -> None:
    async with McpWorkbench(SERVER) as workbench:
        # agent = AssistantAgent("florist", model_client=model, workbench=workbench)
        print(len(await workbench.list_tools()), "tools")

        # What a run of the agent does with a call that the model asks for:
        made = await workbench.call_tool("create_a_flodesk_segment", {"name": "Tulips"})
        print(made.to_text())
        kept = await workbench.call_tool("get_single_flodesk_segment_by_id", {"id": "Tulips"})
        assert not kept.is_error
        failed = await workbench.call_tool("get_single_flodesk_segment_by_id", {"id": "Tulip"})
        assert failed.is_error
        print(failed.to_text())


asyncio.run(main())
