// Mastra: the tools of one client, for agents. Its session stays open between calls.
import assert from "node:assert/strict";
import { MCPClient } from "@mastra/mcp";

const mcp = new MCPClient({ servers: { flodesk: { command: "flodesk-mcp", args: ["--sandbox"] } }, timeout: 60_000 });
try {
  // new Agent({ name: "Florist", model: "openai/gpt-5", tools: await mcp.listTools(), ... })
  const tools = await mcp.listTools(); // each under the name of the server: flodesk_list_all_flodesk_segments
  console.log(Object.keys(tools).length, "tools");

  // What a run of the agent does with a call that the model asks for:
  const call = (tool, input) => tools[`flodesk_${tool}`].execute(input, {});
  const made = await call("create_a_flodesk_segment", { name: "Tulips" });
  console.log(made);
  const kept = await call("get_single_flodesk_segment_by_id", { id: "Tulips" });
  assert.equal(kept.id, made.id);
  const failed = await call("get_single_flodesk_segment_by_id", { id: "Tulip" }).catch((error) => error);
  assert.match(failed.message, /failed: nothing was sent/);
  console.log(failed.message);
} finally {
  await mcp.disconnect();
}
