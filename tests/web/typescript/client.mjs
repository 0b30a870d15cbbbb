// The SDK that also speaks 2026-07-28: node client.mjs URL http|sse HEADERS
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, kind, headers] = process.argv.slice(2);
const Transport = kind === "sse" ? SSEClientTransport : StreamableHTTPClientTransport;
const transport = new Transport(new URL(url), { requestInit: { headers: JSON.parse(headers) } });
const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
await client.connect(transport);
const { tools } = await client.listTools();
const result = await client.callTool({ name: "list_all_flodesk_segments", arguments: {} });
console.log(JSON.stringify({ protocolVersion: client.getNegotiatedProtocolVersion(), tools: tools.length, result }));
await client.close();
