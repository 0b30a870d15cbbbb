"""Agno: a toolkit for an agent. Its session stays open between calls."""

import asyncio

from agno.tools.function import FunctionCall
from agno.tools.mcp import MCPTools


async def main() -> None:
    # Agno starts executables that it knows, and flodesk-mcp is none of them: python is.
    async with MCPTools("python -m flodesk_mcp --sandbox", timeout_seconds=60) as toolkit:
        # agent = Agent(model=model, tools=[toolkit])
        print(len(toolkit.functions), "tools")

        async def call(tool: str, /, **arguments: str) -> FunctionCall:
            """Do what a run of the agent does with a call that the model asks for."""
            called = FunctionCall(function=toolkit.functions[tool], arguments=arguments)
            await called.aexecute()
            return called

        made = await call("create_a_flodesk_segment", name="Tulips")
        print(made.result)
        assert "Tulips" in str(made.result)
        kept = await call("get_single_flodesk_segment_by_id", id="Tulips")
        assert "Tulips" in str(kept.result)
        failed = await call("get_single_flodesk_segment_by_id", id="Tulip")
        print(failed.result)
        assert "failed: nothing was sent" in str(failed.result)


asyncio.run(main())
