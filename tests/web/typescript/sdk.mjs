// The SDK of the handshake era: node sdk.mjs URL http|sse HEADERS
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, kind, headers] = process.argv.slice(2);
const Transport = kind === "sse" ? SSEClientTransport : StreamableHTTPClientTransport;
const transport = new Transport(new URL(url), { requestInit: { headers: JSON.parse(headers) } });
let protocolVersion;
const told = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (version) => {
  protocolVersion = version;
  told?.(version);
};
const client = new Client({ name: "test", version: "1" });
await client.connect(transport);
const { tools } = await client.listTools();
const result = await client.callTool({ name: "list_all_flodesk_segments", arguments: {} });
console.log(JSON.stringify({ protocolVersion, tools: tools.length, result }));
await client.close();
