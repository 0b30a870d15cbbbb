"""CrewAI: the server as one of an agent's `mcps`. It is started anew for each call."""

from crewai import Agent
from crewai.mcp import MCPServerStdio

server = MCPServerStdio(command="flodesk-mcp", args=["--sandbox"], cache_tools_list=True)
agent = Agent(role="florist", goal="keep the list", backstory="-", mcps=[server], llm="openai/gpt-5")
tools = {tool.original_tool_name: tool for tool in agent.get_mcp_tools([server])}
print(len(tools), "tools")

# What a run of the agent does with a call that the model asks for:
made = tools["create_a_flodesk_segment"].run(name="Tulips")
print(made)
assert "Tulips" in made
failed = tools["get_single_flodesk_segment_by_id"].run(id="Tulips")  # another process, and so another sandbox
print(failed.message)
assert "failed: nothing was sent" in failed.message
