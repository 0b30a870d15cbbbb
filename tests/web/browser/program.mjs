// A program that calls tools of a server with an API key.
export async function requested({ url, key }, method, params) {
  const headers = { "Content-Type": "application/json", Accept: "application/json, text/event-stream", "X-Flodesk-Api-Key": key };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const text = await (await fetch(`${url}/mcp`, { method: "POST", headers, body })).text();
  return JSON.parse(text.split("\n").find((line) => line.startsWith("data: ")).slice("data: ".length)).result;
}

export async function called(program, name, args) {
  const result = await requested(program, "tools/call", { name, arguments: args });
  if (result.isError) throw new Error(result.content[0].text);
  return result.structuredContent;
}

// Ask for a file of that name; what comes back holds the link.
export const asked = (program, file) => called(program, "plan_flodesk_import", { file });
