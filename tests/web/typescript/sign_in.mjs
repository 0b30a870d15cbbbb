// Both generations of the SDK's own OAuth: node sign_in.mjs sdk|client URL KEY
// From the 401 to a tool call; then the access token is spoilt, and the next call needs a refresh.
const [generation, url, key] = process.argv.slice(2);
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await (generation === "client"
  ? import("@modelcontextprotocol/client")
  : Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      import("@modelcontextprotocol/sdk/client/auth.js"),
    ]).then((modules) => Object.assign({}, ...modules)));

// The person in front of a browser: opens the page, types the key, presses the button.
async function answered(authorization) {
  const begun = await fetch(authorization, { redirect: "manual" });
  const page = await fetch(begun.headers.get("location"));
  const html = await page.text();
  const field = (name) => html.match(new RegExp(`name="${name}" value="([^"]*)"`))[1];
  const body = new URLSearchParams({ csrf: field("csrf"), access: "write", key, way: "key" });
  for (const [, toolset] of html.matchAll(/name="toolset" value="([^"]*)"/g)) body.append("toolset", toolset);
  const cookie = page.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
  const done = await fetch(begun.headers.get("location"), { method: "POST", body, headers: { cookie }, redirect: "manual" });
  if (done.status !== 303) throw new Error(await done.text());
  return new URL(done.headers.get("location")).searchParams;
}

const kept = {};
let sentTo;
const provider = {
  redirectUrl: "http://127.0.0.1:5555/callback",
  clientMetadata: { client_name: "TypeScript", redirect_uris: ["http://127.0.0.1:5555/callback"], token_endpoint_auth_method: process.env.AUTH_METHOD ?? "none" },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
  redirectToAuthorization: (authorization) => { sentTo = authorization; },
};

async function call() {
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  const client = new Client({ name: "test", version: "1" }, generation === "client" ? { versionNegotiation: { mode: "auto" } } : undefined);
  try {
    await client.connect(transport);
    return await client.callTool({ name: "list_all_flodesk_segments", arguments: {} });
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const told = await answered(sentTo);
    await transport.finishAuth(generation === "client" ? told : told.get("code"));
    return null;
  } finally {
    await client.close();
  }
}

const before = await call();
const result = await call();
const first = kept.tokens;
kept.tokens = { ...first, access_token: first.access_token.slice(0, -4) + "gone" };
sentTo = undefined;
const refreshed = await call();
console.log(JSON.stringify({ before, result, refreshed, asked_again: sentTo !== undefined, rotated: kept.tokens.refresh_token !== first.refresh_token }));
