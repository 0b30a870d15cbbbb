// Drive the Inspector's web client in Chromium as a person would, and print what was seen as JSON.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { createRequire } from "node:module";

const { inspectorModules, browserModules, executablePath, home, catalog, pictures, plans } = JSON.parse(process.argv[2]);
const require = createRequire(`${browserModules}/here.js`);
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const TOKEN = "a-token-of-this-test";

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const port = await freePort();
const inspector = spawn(process.execPath,
  [`${inspectorModules}/@modelcontextprotocol/inspector/clients/launcher/build/index.js`, "--web", "--catalog", catalog], {
    stdio: "ignore",
    env: { ...process.env, HOME: home, HOST: "127.0.0.1", CLIENT_PORT: String(port), MCP_SANDBOX_PORT: String(await freePort()),
      MCP_INSPECTOR_API_TOKEN: TOKEN, MCP_AUTO_OPEN_ENABLED: "false", MCP_INSPECTOR_SECRET_STORE: "memory" },
  });

const said = { errors: [], loaded: [] };
let page;

async function until(found, what, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const value = await found().catch(() => undefined);
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not come`);
}

// The page of the card is the frame in the frame of the sandbox.
const card = () => until(async () => page.frames().find((frame) => frame.url() === "about:srcdoc"), "a card");

async function open(title, args) {
  await page.getByText(title, { exact: true }).first().click();
  if (args) {
    const asJson = page.getByLabel("Edit as JSON");
    const ofForm = page.getByLabel(new RegExp(`^${Object.keys(args)[0]}\\b`, "i"));
    await asJson.click({ force: true });
    await until(async () => (await asJson.isChecked()) && !(await ofForm.count()), "the editor of JSON");
    await page.locator("textarea").first().focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(JSON.stringify(args));
  }
  await page.getByTestId("open-app").click();
  const frame = await card();
  await frame.locator('#card[aria-busy="false"]').waitFor({ timeout: 60_000 });
  return frame;
}

async function look(frame, name) {
  await page.waitForTimeout(300); // sizes and colors settle
  const box = await frame.locator("#card").boundingBox();
  await frame.evaluate(axe.source);
  const found = await frame.evaluate(() => globalThis.axe.run("#card", { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
  await page.screenshot({ path: `${pictures}/${name}.png`, clip: box });
  return {
    violations: found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`),
    seen: await frame.locator("#card").ariaSnapshot(),
    html: await frame.locator("#card").evaluate((element) => element.outerHTML),
    height: box.height,
    background: await frame.evaluate(() => getComputedStyle(document.body).backgroundColor),
    color: await frame.evaluate(() => getComputedStyle(document.body).color),
    lang: await frame.evaluate(() => document.documentElement.lang),
  };
}

const close = async () => {
  await page.getByRole("button", { name: "Close app" }).or(page.locator('[aria-label*="lose"]')).first().click();
};

async function person() {
  await page.goto(`http://127.0.0.1:${port}/?MCP_INSPECTOR_API_TOKEN=${TOKEN}`);
  await page.getByRole("switch", { name: /Connect or disconnect/ }).click({ force: true });
  await page.getByText("Apps", { exact: true }).first().click({ timeout: 60_000 });
  await page.getByText("Report on the audience", { exact: true }).first().waitFor();
  said.apps = await page.getByText(/^MCP Apps/).innerText();
  said.buttons = await page.getByText("Carry out a plan").count();

  said.report = await look(await open("Report on the audience", { days: 365 }), "card-report");
  await page.getByRole("button", { name: /dark|theme|color scheme/i }).first().click();
  await page.waitForTimeout(500);
  said.reportInTheDark = await look(await card(), "card-report-dark");
  await page.getByRole("button", { name: /light|theme|color scheme/i }).first().click();
  await close();

  let plan = await open("Plan an import", plans.written);
  said.plan = await look(plan, "card-plan");
  said.images = await plan.locator("img").count();
  await plan.locator(".scroll").focus();
  await pressByKeyboard(plan.getByRole("button", { name: "Carry it out" }));
  said.statuses = await followed(plan, async () => {
    const done = await plan.locator("progress").getAttribute("value");
    if (!said.running && done > 0 && done < 1) said.running = await look(plan, "card-running");
  });
  said.focused = await plan.evaluate(() => document.activeElement.getAttribute("role"));
  said.done = await look(plan, "card-done");
  await close();

  plan = await open("Plan an import", plans.stopped);
  await plan.getByRole("button", { name: "Carry it out" }).click();
  await plan.getByRole("button", { name: "Stop" }).click();
  said.stopped = (await followed(plan)).at(-1);
}

async function pressByKeyboard(button) {
  for (let tabs = 0; tabs < 20 && !(await button.evaluate((element) => element === document.activeElement)); tabs++) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
}

async function followed(frame, between = async () => {}) {
  const statuses = [];
  await until(async () => {
    const status = await frame.getByRole("status").innerText();
    if (statuses.at(-1) !== status) statuses.push(status);
    await between();
    return /^(Done|Failed|Stopped)/.test(status);
  }, "the end of the job", 90);
  return statuses;
}

try {
  await until(() => fetch(`http://127.0.0.1:${port}/`), "the Inspector");
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  page = await browser.newPage({ viewport: { width: 1240, height: 1000 } });
  page.on("pageerror", (error) => said.errors.push(error.message));
  page.on("request", (request) => request.frame().url() === "about:srcdoc" && said.loaded.push(request.url()));
  try {
    await person();
  } catch (error) {
    await page.screenshot({ path: `${pictures}/failure.png` });
    throw error;
  } finally {
    await browser.close();
  }
  process.stdout.write(JSON.stringify(said));
} finally {
  inspector.kill();
}
