// The host is the page around this one. What it says arrives as messages of JSON-RPC, and so do calls of tools leave.
const waiting = new Map();
let lastId = 0;

const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*"); // its origin is not told

const host = {
  capabilities: {},
  heard: {}, // what to do with each notification, by its method

  request(method, params) {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      post({ id, method, params });
    });
  },

  notify: (method, params = {}) => post({ method, params }),

  async call(name, args) {
    const result = await host.request("tools/call", { name, arguments: args });
    if (result.isError) throw new Error(result.content?.find((block) => block.type === "text")?.text ?? "It failed.");
    return result.structuredContent;
  },

  // Tell the model what the person did, for when it speaks next.
  async tell(text) {
    if (!host.capabilities.updateModelContext) return;
    await host.request("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => {});
  },

  async begin() {
    const said = await host.request("ui/initialize", {
      protocolVersion: "2026-01-26",
      appInfo: { name: document.title, version: "1" },
      appCapabilities: { availableDisplayModes: ["inline"] },
    });
    host.capabilities = said.hostCapabilities ?? {};
    look(said.hostContext ?? {});
    host.notify("ui/notifications/initialized");
    new ResizeObserver(tellSize).observe(document.getElementById("card"));
  },
};

addEventListener("message", ({ source, data }) => {
  if (source !== window.parent || data?.jsonrpc !== "2.0") return;
  const { id, method, params, result, error } = data;
  if (method === undefined) {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result);
  } else if (id === undefined) {
    host.heard[method]?.(params ?? {});
  } else if (method === "ping" || method === "ui/resource-teardown") {
    post({ id, result: {} });
  } else {
    post({ id, error: { code: -32601, message: "Method not found" } });
  }
});

const MOST = 500;

function look({ theme, styles, containerDimensions }) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  for (const [name, value] of Object.entries(styles?.variables ?? {})) {
    if (name.startsWith("--") && value) root.style.setProperty(name, value);
  }
  const room = containerDimensions?.height ?? containerDimensions?.maxHeight;
  if (room) root.style.setProperty("--most", `${Math.min(MOST, room)}px`);
}
host.heard["ui/notifications/host-context-changed"] = look;

let height = 0;
function tellSize() {
  const now = Math.min(MOST, Math.ceil(document.getElementById("card").getBoundingClientRect().height));
  if (now === height) return;
  height = now;
  host.notify("ui/notifications/size-changed", { height });
}
