// AI SDK: the tools of one client, for generateText and agents. Its session stays open between calls.
import assert from "node:assert/strict";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";
import { generateText, isStepCount } from "ai";
import { MockLanguageModelV4 as MockModel } from "ai/test";

// Stands for a model: makes one call after the other. Yours: model: openai("gpt-5").
const calls = [
  { toolName: "create_a_flodesk_segment", input: { name: "Tulips" } },
  { toolName: "get_single_flodesk_segment_by_id", input: { id: "Tulips" } },
  { toolName: "get_single_flodesk_segment_by_id", input: { id: "Tulip" } },
];
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const answer = (turn) =>
  turn < calls.length
    ? { type: "tool-call", toolCallId: `${turn}`, ...calls[turn], input: JSON.stringify(calls[turn].input) }
    : { type: "text", text: "Done." };
let turn = 0;
const model = new MockModel({
  doGenerate: async () => {
    const finishReason = { unified: turn < calls.length ? "tool-calls" : "stop" };
    return { content: [answer(turn++)], finishReason, usage, warnings: [] };
  },
});

const client = await createMCPClient({
  transport: new StdioTransport({ command: "flodesk-mcp", args: ["--sandbox"] }),
  protocolVersionDiscovery: false, // else the server must answer within a second of its start
});
try {
  const tools = await client.tools();
  console.log(Object.keys(tools).length, "tools");
  const { steps } = await generateText({ model, tools, prompt: "Make a segment for tulips.", stopWhen: isStepCount(5) });
  const [made, kept, failed] = steps.flatMap((step) => step.toolResults).map((result) => result.output);
  console.log(made.structuredContent ?? made);
  assert.equal(kept.structuredContent.id, made.structuredContent.id);
  assert.equal(failed.isError, true);
  console.log(failed.content[0].text);
} finally {
  await client.close();
}
