// A plan: what it would do, a button that does it, and then how far that is.
const FACTS = {
  rows: "rows read",
  will_write: "people written",
  new: "of them new",
  to_add: "join the segment",
  to_remove: "leave the segment",
  unchanged: "exactly so already",
  stays_unsubscribed: "stay unsubscribed",
  duplicates: "rows that repeat somebody",
  invalid: "rows that cannot be used",
  minutes: "minutes, about",
};
const ENDS = { done: "Done", cancelled: "Stopped", failed: "Failed" };
const OUTCOMES = { written: "written", skipped: "skipped", failed: "failed", left: "still to do" };
const WAIT_SECONDS = 3;

const status = element("p", { role: "status", tabindex: "-1" });
const bar = element("progress", { "aria-label": "Progress", max: "1", hidden: "" });
const start = element("button", { type: "button" }, "Carry it out");
const stop = element("button", { type: "button", class: "quiet", hidden: "" }, "Stop");
const told = element("div");
const heading = element("h1");

function problems(rows, words) {
  if (!rows?.length) return null;
  const cells = rows.map((row) =>
    [grouped(row.row), row.column ?? row.email ?? "", [row.outcome, row.reason].filter(Boolean).join(": ")]);
  return section("Problems", table(words, ["row", "where", "what"], cells, "problems"));
}

function understood(plan) {
  if (!plan.columns?.length && !plan.ignored_columns?.length) return null;
  const rows = (plan.columns ?? []).map((column) => [column.column, column.field]);
  const ignored = plan.ignored_columns?.length ? `Ignored: ${plan.ignored_columns.join(", ")}` : "";
  return element("details", {}, element("summary", {}, "Columns as understood"),
    table("", ["column", "goes to"], rows), element("p", { class: "soft" }, ignored));
}

function changed(plan) {
  const fields = Object.entries(plan.changes ?? {}).map(([field, people]) => `${field} (${grouped(people)})`);
  return fields.length ? element("p", {}, `What changes, of how many people: ${fields.join(", ")}`) : null;
}

function created(plan) {
  const names = [...(plan.segments_to_create ?? []), ...(plan.fields_to_create ?? [])];
  return names.length ? element("p", {}, `Created first: ${names.join(", ")}`) : null;
}

function showPlan(plan, button) {
  const shown = Object.entries(FACTS).filter(([name]) => name in plan).map(([name, words]) => [words, grouped(plan[name])]);
  const warnings = (plan.warnings ?? []).map((warning) => element("li", {}, warning));
  told.replaceChildren(...[
    facts(shown),
    changed(plan),
    created(plan),
    warnings.length ? section("Before you agree", element("ul", { class: "warnings" }, ...warnings)) : null,
    problems(plan.problems, "The first ones"),
    understood(plan),
  ].filter(Boolean));
  const foot = element("div", { class: "foot" }, status, stop);
  if (button) {
    foot.append(start);
    start.onclick = () => carryOut(plan.plan_id, button.press);
    status.textContent = "Nothing was changed so far.";
  } else {
    status.textContent = "Nothing was changed. Ask your assistant to carry it out.";
  }
  heading.textContent = button?.headline ?? "A plan for your list";
  show(heading, scrolled("The plan", told), bar, foot);
}

// No plan yet: a file is to come by a link, which opens in the person's own browser.
function showLink({ upload_url: url, expires_at: until }) {
  const open = element("button", { type: "button" }, "Choose the file");
  open.onclick = async () => {
    const { isError } = await host.request("ui/open-link", { url }).catch(() => ({ isError: true }));
    say(isError ? `It could not be opened from here. Open this address in your browser: ${url}`
      : "Send the file on the page that has opened, then tell your assistant.", Boolean(isError));
  };
  heading.textContent = "A list of people is asked for";
  const ends = new Date(until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const words = `You choose it on a page of its own, look at how it is understood, and send it. Good until ${ends}, once.`;
  show(heading, element("p", {}, words), element("div", { class: "foot" }, status, open));
}

function say(text, isWrong = false) {
  status.textContent = text;
  status.classList.toggle("wrong", isWrong);
}

async function carryOut(plan, press) {
  if (start.getAttribute("aria-disabled") === "true") return;
  start.setAttribute("aria-disabled", "true");
  say("Beginning…");
  let job;
  try {
    job = await host.call("press_flodesk_plan_button", { plan_id: plan, press });
  } catch (error) {
    start.removeAttribute("aria-disabled");
    return say(error.message, true);
  }
  status.focus(); // the button that had it goes
  start.remove();
  await host.tell(`The person pressed the button of plan ${plan}: job ${job.job_id} carries it out.`);
  await follow(job);
}

async function follow(job) {
  heading.textContent = "The plan is being carried out";
  stop.hidden = bar.hidden = false;
  stop.onclick = () => halt(job.job_id);
  while (!(job.state in ENDS)) {
    showJob(job);
    try {
      job = await host.call("get_flodesk_job", { job_id: job.job_id, wait_seconds: WAIT_SECONDS });
    } catch (error) {
      stop.hidden = bar.hidden = true;
      return say(`It goes on, but how far it is cannot be shown here. ${error.message}`, true);
    }
  }
  stop.hidden = bar.hidden = true;
  showEnd(job);
  await host.tell(`Job ${job.job_id}, which the person began on the card, is ${job.state}: ${outcomes(job)}.`);
}

async function halt(job) {
  stop.hidden = true;
  try {
    say((await host.call("cancel_flodesk_job", { job_id: job })).notice ?? "Stopping…");
  } catch (error) {
    say(error.message, true);
  }
}

const outcomes = (job) =>
  Object.entries(OUTCOMES).filter(([name]) => job[name]).map(([name, words]) => `${grouped(job[name])} ${words}`).join(", ")
  || "nothing to do";

function showJob(job) {
  if (job.rows) bar.value = (job.rows - (job.left ?? 0)) / job.rows;
  else bar.removeAttribute("value");
  const until = job.ends_about ? `, until about ${new Date(job.ends_about).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "";
  const doing = job.doing ?? (job.state === "waiting" ? "Waiting for the job before it" : "At work");
  say(`${doing}: ${outcomes(job)}${until}`);
}

function showEnd(job) {
  heading.textContent = ENDS[job.state];
  say([`${ENDS[job.state]}: ${outcomes(job)}.`, job.notice].filter(Boolean).join(" "), job.state === "failed");
  const numbers = Object.entries(OUTCOMES).filter(([name]) => job[name]).map(([name, words]) => [words, grouped(job[name])]);
  told.replaceChildren(...[facts([["rows", grouped(job.rows ?? 0)], ...numbers]), problems(job.problems, "The first ones")].filter(Boolean));
}

host.heard["ui/notifications/tool-result"] = (result) => {
  const told = result.isError ? {} : result.structuredContent ?? {};
  if (told.plan_id) showPlan(told, result._meta?.["flodesk-mcp/button"]);
  else if (told.upload_url) showLink(told);
  else showFailure(result);
};
host.begin();
