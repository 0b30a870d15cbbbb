"""smolagents: the tools of a client that stays connected, for any of its agents."""

from mcp import StdioServerParameters
from smolagents import MCPClient

with MCPClient(StdioServerParameters(command="flodesk-mcp", args=["--sandbox"]), structured_output=False) as listed:
    # agent = ToolCallingAgent(tools=listed, model=model)
    tools = {tool.name: tool for tool in listed}
    print(len(tools), "tools")

    # What a run of the agent does with a call that the model asks for:
    made = tools["create_a_flodesk_segment"](name="Tulips")
    print(made)
    assert "Tulips" in made
    kept = tools["get_single_flodesk_segment_by_id"](id="Tulips")
    assert "Tulips" in kept
    failed = tools["get_single_flodesk_segment_by_id"](id="Tulip")
    print(failed)
    assert "failed: nothing was sent" in failed
