// Look at every page in Chromium, and sign in as a person does: node look.mjs URL KEY CHROMIUM [FOLDER FOR PICTURES]
// Prints what was found: { pages: [{ page, width, scheme, violations, overflow }], ways: { keyboard, flodesk, wrong, cancel } }
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { asked, called } from "./program.mjs";

const [url, key, executablePath, folder] = process.argv.slice(2);
const axe = createRequire(import.meta.url)("axe-core");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args: quiet });

// The program that wants to be connected: it remembers the last answer.
let answered = () => {};
const client = createServer((request, response) => {
  response.end("Connected.");
  answered(new URL(request.url, "http://127.0.0.1").searchParams);
});
await new Promise((listening) => client.listen(0, "127.0.0.1", listening));
const callback = `http://127.0.0.1:${client.address().port}/callback`;
const described = { client_name: "Claude", redirect_uris: [callback, "https://claude.ai/api/mcp/auth_callback"], token_endpoint_auth_method: "none" };
const registered = await fetch(`${url}/register`, { method: "POST", body: JSON.stringify(described), headers: { "Content-Type": "application/json" } });
const { client_id } = await registered.json();

const verifier = "v".repeat(43);
const challenge = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))).toString("base64url");
const asking = (redirect_uri) =>
  `${url}/authorize?${new URLSearchParams({ response_type: "code", client_id, redirect_uri, state: "s", scope: "flodesk:read flodesk:write", code_challenge: challenge, code_challenge_method: "S256" })}`;
const answer = () => new Promise((resolve) => { answered = (told) => resolve(Object.fromEntries(told)); });
const exchanged = async (code) => {
  const form = { grant_type: "authorization_code", code, client_id, redirect_uri: callback, code_verifier: verifier };
  return (await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams(form) })).status;
};

const ways = {};
{
  // By keyboard alone, and without scripts.
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(asking(callback));
  const focused = async () => page.locator(":focus").getAttribute("id").catch(() => null);
  for (let steps = 0; (await focused()) !== "key" && steps < 30; steps += 1) await page.keyboard.press("Tab");
  await page.keyboard.type(key);
  const told = answer();
  await page.keyboard.press("Enter");
  ways.keyboard = await exchanged((await told).code);
  await context.close();
}
{
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(asking(callback));
  await page.getByRole("button", { name: "Continue with Flodesk" }).click();
  await page.getByRole("radio").first().check();
  const told = answer();
  await page.getByRole("button", { name: "Allow" }).click();
  ways.flodesk = await exchanged((await told).code);
  await page.goto(asking(callback));
  const refused = answer();
  await page.getByRole("button", { name: "Cancel" }).click();
  ways.cancel = (await refused).error;
  await context.close();
}

// Steps to each page, once a browser is open.
const list = async (page) => {
  await page.goto(`${url}/connected`);
  await page.getByLabel("Flodesk API key").fill(key);
  await page.getByRole("button", { name: "Show my programs" }).click();
  await page.getByRole("button", { name: "Done" }).waitFor();
};
const wrong = async (page) => {
  await page.goto(asking("https://claude.ai/api/mcp/auth_callback"));
  await page.getByLabel("Flodesk API key").fill("two words");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("alert").waitFor();
  ways.wrong = await page.locator(":focus").getAttribute("id");
};
const guests = { name: "guests.csv", mimeType: "text/csv", buffer: Buffer.from(
  "Email Address,First Name,Last Name,Town,Tags,Opt-in time,Favourite flower,Notes\n" + ["Ada", "Bo", "Cleo", "Dora", "Emil", "Fay"].map((name, index) =>
    `${name.toLowerCase()}@example.com,${name},Miller,Bremen,"Newsletter, Fair 2026",2026-0${index + 1}-01 10:00,Peony,met at the fair in the spring\n`).join("")) };
const program = { url, key };
const sending = async (page, name = "guests.csv") => page.goto((await asked(program, name)).upload_url);
const chosen = async (page, file, name) => {
  await sending(page, name);
  await page.getByLabel("The file").setInputFiles(file);
  await page.getByRole("button", { name: "Look at it" }).click();
};
const looking = async (page, name = "looking.csv") => {
  await chosen(page, guests, name);
  await page.getByRole("button", { name: "Send", exact: true }).waitFor();
};
const pages = {
  sending,
  unreadable: async (page) => {
    await chosen(page, { name: "guests.csv", mimeType: "text/csv", buffer: Buffer.from("%PDF-1.7") }, "unreadable.csv");
    await page.getByRole("alert").waitFor();
  },
  looking,
  sent: async (page) => {
    await looking(page, `sent ${Math.random()}.csv`);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("heading", { name: "It is sent" }).waitFor();
  },
  gone: (page) => page.goto(`${url}/upload?link=unknown`),
  download: async (page) => page.goto((await called(program, "export_flodesk_subscribers", {})).download_url),
  home: (page) => page.goto(url),
  connect: (page) => page.goto(asking("https://claude.ai/api/mcp/auth_callback")),
  choosing: async (page) => {
    await page.goto(asking("https://claude.ai/api/mcp/auth_callback"));
    await page.locator("summary").click();
  },
  wrong,
  proof: (page) => page.goto(`${url}/connected`),
  connected: list,
  notice: (page) => page.goto(`${url}/authorize?client_id=unknown`),
};

const found = [];
for (const width of [320, 1280]) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
    for (const [name, open] of Object.entries(pages)) {
      const page = await context.newPage();
      await open(page);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`);
      found.push({ page: name, width, scheme: colorScheme, violations: told, overflow });
      if (folder) await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      await page.close();
    }
    await context.close();
  }
}
console.log(JSON.stringify({ pages: found, ways }));
await browser.close();
client.close();
