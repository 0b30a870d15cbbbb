// Send files and get them as a person does, with scripts and without: node files.mjs URL KEY CHROMIUM FOLDER
// Prints what was found: what was planned of each file, what the person was told, and what the page asked others for.
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { asked, called, requested } from "./program.mjs";

const [url, key, executablePath, folder] = process.argv.slice(2);
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args: quiet });
const program = { url, key };

const guests = `${folder}/guests.csv`;
writeFileSync(guests, "Email,First Name,Favourite colour\nada@example.com,Ada,red\nbo@example.com,Bo,<script>document.title='mine'</script>\n");
const large = `${folder}/large.csv`;
writeFileSync(large, `email\n${"x".repeat(1023)}\n`.repeat(52 * 1024));
const picture = `${folder}/picture.csv`;
writeFileSync(picture, Buffer.from("89504e470d0a1a0a", "hex"));

const found = {};
const opened = async (scripts) => {
  const context = await browser.newContext({ javaScriptEnabled: scripts, acceptDownloads: true });
  const page = await context.newPage();
  const others = [];
  const wrong = [];
  page.on("request", (request) => { if (!request.url().startsWith(url)) others.push(request.url()); });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error" && !message.text().includes("status of")) wrong.push(message.text()); });
  return { page, others, wrong, end: () => context.close() };
};
const send = (page) => page.getByRole("button", { name: "Send", exact: true }).click();
const look = (page) => page.getByRole("button", { name: "Look at it" }).click();
const headings = (page) => page.locator("thead th").allInnerTexts();

for (const [name, scripts] of [["with", true], ["without", false]]) {
  const { page, others, wrong, end } = await opened(scripts);
  const file = `${name}.csv`;
  const told = {};
  await page.goto((await asked(program, file)).upload_url);

  // What cannot be read is refused in words, and the page goes on.
  await page.getByLabel("The file").setInputFiles(picture);
  await look(page);
  told.picture = await page.getByRole("alert").innerText();
  if (scripts) {
    await page.getByLabel("The file").setInputFiles(large);
    await look(page);
    told.large = await page.getByRole("status").innerText();
  } else {
    await page.getByLabel("The file").setInputFiles(large);
    await look(page);
    told.large = await page.getByRole("alert").innerText();
  }

  // By keyboard: to the file and the button behind it.
  await page.getByLabel("The file").setInputFiles(guests);
  await page.getByLabel("The file").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Choose another file" }).click();
  await page.getByLabel("The file").setInputFiles(guests);
  await look(page);
  await page.getByRole("button", { name: "Send", exact: true }).waitFor();
  told.headings = await headings(page);
  told.title = await page.title();
  told.focused = await page.evaluate(() => document.activeElement.tagName).catch(() => "");
  await send(page);
  told.sent = await page.getByRole("heading", { level: 1 }).innerText();
  await page.goto(page.url());
  told.again = await page.getByRole("heading", { level: 1 }).innerText();
  const plan = await called(program, "plan_flodesk_import", { file });
  told.planned = plan.will_write;
  found[name] = { ...told, others, wrong };
  await end();
}

{
  // Dropped, over a slow line: one sees how far it is, and can stop.
  const { page, wrong, end } = await opened(true);
  await page.goto((await asked(program, "dropped.csv")).upload_url);
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const slow = (bytes) => session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
  const rows = `email,name\n${Array.from({ length: 40_000 }, (_, number) => `p${number}@example.com,Somebody\n`).join("")}`;
  const drop = (text) => page.evaluate((content) => {
    const carried = new DataTransfer();
    carried.items.add(new File([content], "dropped.csv", { type: "text/csv" }));
    const target = document.querySelector(".drop");
    target.dispatchEvent(new DragEvent("dragover", { dataTransfer: carried, bubbles: true, cancelable: true }));
    globalThis.marked = target.classList.contains("over");
    target.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
  }, text);
  await slow(200_000);
  await drop(rows);
  const told = { marked: await page.evaluate(() => globalThis.marked) };
  await page.getByRole("progressbar").waitFor();
  await page.waitForFunction(() => document.querySelector("progress")?.value > 0.1);
  told.progress = /^Sending dropped.csv: \d0 %$/.test(await page.getByRole("status").innerText());
  await page.getByRole("button", { name: "Stop" }).click();
  told.stopped = await page.getByRole("status").innerText();
  await slow(-1);
  await drop(rows);
  await page.getByRole("button", { name: "Send", exact: true }).waitFor();
  told.holds = await page.locator("dd").nth(1).innerText();
  await send(page);
  await page.getByRole("heading", { name: "It is sent" }).waitFor();
  told.planned = (await called(program, "plan_flodesk_import", { file: "dropped.csv" })).will_write;
  found.dropped = { ...told, wrong };
  await end();
}

for (const [name, scripts] of [["with", true], ["without", false]]) {
  const { page, end } = await opened(scripts);
  await page.goto((await called(program, "export_flodesk_subscribers", {})).download_url);
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  const download = await coming;
  found[`downloaded ${name}`] = { name: download.suggestedFilename(), lines: readFileSync(await download.path(), "utf8").split("\r\n").length };
  await end();
}

{
  // A host that shows cards opens the link for the person.
  const { page, wrong, end } = await opened(true);
  const { contents: [card] } = await requested(program, "resources/read", { uri: "ui://flodesk/plan.html" });
  const result = { structuredContent: await asked(program, "card.csv"), content: [] };
  await page.evaluate(({ html, told }) => {
    globalThis.links = [];
    const frame = document.createElement("iframe");
    addEventListener("message", ({ data }) => {
      const answer = (body) => frame.contentWindow.postMessage({ jsonrpc: "2.0", ...body }, "*");
      if (data.method === "ui/initialize") answer({ id: data.id, result: { hostCapabilities: { openLinks: {} }, hostContext: {} } });
      if (data.method === "ui/notifications/initialized") answer({ method: "ui/notifications/tool-result", params: told });
      if (data.method === "ui/open-link") { globalThis.links.push(data.params.url); answer({ id: data.id, result: {} }); }
    });
    frame.srcdoc = html;
    document.body.append(frame);
  }, { html: card.text, told: result });
  const frame = page.frameLocator("iframe");
  await frame.getByRole("button", { name: "Choose the file" }).click();
  await frame.getByText("Send the file on the page that has opened").waitFor();
  const links = await page.evaluate(() => globalThis.links);
  found.card = { isLink: links.length === 1 && links[0] === result.structuredContent.upload_url, wrong };
  await end();
}

console.log(JSON.stringify(found));
await browser.close();
