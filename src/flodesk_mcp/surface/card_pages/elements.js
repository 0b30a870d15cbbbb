// Elements are made one by one, and every text is put in as text: strangers may have typed it.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function shape(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const grouped = (number) => (typeof number === "number" ? number.toLocaleString("en-US") : String(number ?? ""));
const signed = (number) => (number > 0 ? `+${grouped(number)}` : grouped(number).replace("-", "−"));
const counted = (number, one, many) => `${grouped(number)} ${number === 1 ? one : many}`;

function facts(pairs) {
  const list = element("dl", { class: "facts" });
  for (const [words, fact] of pairs) list.append(element("div", {}, element("dt", {}, words), element("dd", {}, fact)));
  return list;
}

// A `#` in the head marks a column of numbers.
function table(words, head, rows, kind = "") {
  const kinds = head.map((title) => (title.startsWith("#") ? "number" : "text"));
  const titles = head.map((title, at) => element("th", { scope: "col", class: kinds[at] }, title.replace("#", "")));
  const lines = rows.map((row) =>
    element("tr", {}, ...row.map((cell, at) =>
      element(at ? "td" : "th", at ? { class: kinds[at] } : { scope: "row", class: kinds[at] }, ...[cell].flat()))));
  return element("table", { class: kind }, words ? element("caption", {}, words) : null,
    element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...lines));
}

const section = (title, ...content) => element("section", {}, element("h2", {}, title), ...content);

// What is longer than the card scrolls, also by keyboard.
const scrolled = (name, ...content) =>
  element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": name }, ...content);

function show(...content) {
  const card = document.getElementById("card");
  card.replaceChildren(...content);
  card.setAttribute("aria-busy", "false");
}

function showFailure(result) {
  const text = result.content?.find((block) => block.type === "text")?.text ?? "There is nothing to show.";
  show(element("p", { role: "alert", class: "wrong" }, text));
}

host.heard["ui/notifications/tool-cancelled"] = () => showFailure({ content: [{ type: "text", text: "It was cancelled." }] });
