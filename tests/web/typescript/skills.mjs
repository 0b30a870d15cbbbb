// The official host side of skills: lists, gets, reads and verifies each. node skills.mjs URL auto|legacy
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { SkillsClient } from "@modelcontextprotocol/client/ext/skills";

const [url, mode] = process.argv.slice(2);
const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const skills = new SkillsClient(client);
const read = [];
for (const listed of (await skills.list()).skills) {
  const { skill } = await skills.get(listed.uri);
  const { verified, frontmatter, body } = await skills.read(skill);
  read.push({ name: frontmatter.name, verified, title: body.trim().split("\n")[0] });
}
const revision = client.getNegotiatedProtocolVersion();
console.log(JSON.stringify({ revision, supported: skills.supported, read }));
await client.close();
