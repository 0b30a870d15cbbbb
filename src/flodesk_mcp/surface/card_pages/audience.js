// The report on the audience: its numbers as pictures, in the colors and forms of the report's page.
const HEIGHT = 100, STEP = 10, GAP = 2;
const day = (text) =>
  new Date(`${text.slice(0, 10)}T00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

function picture(kind, width, height, shapes, words) {
  const told = words ? { role: "img", "aria-label": words } : { "aria-hidden": "true" };
  return shape("svg", { class: kind, viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", ...told }, ...shapes);
}

const shareBar = (part, whole, kind = "bar") =>
  picture("share", 100, 10, [shape("rect", { class: kind, width: whole ? (part / whole) * 100 : 0, height: 10 })]);

function weeklyBars(weeks) {
  const entries = Object.entries(weeks);
  const most = Math.max(0, ...entries.map(([, people]) => people));
  const best = entries.find(([, people]) => people === most);
  const bars = entries.map(([week, people], at) => {
    const height = most ? (people / most) * HEIGHT : 0;
    return shape("rect", { class: "bar", x: at * STEP + GAP / 2, y: HEIGHT - height, width: STEP - GAP, height },
      shape("title", {}, `Week of ${day(week)}: ${grouped(people)}`));
  });
  const words = `Bars: sign-ups in each of ${entries.length} weeks`
    + (most ? `, the most, ${grouped(most)}, in the week of ${day(best[0])}` : "");
  const dates = entries.length > 1 ? [entries[0][0], entries.at(-1)[0]].map((week) => element("span", {}, day(week))) : [];
  return element("figure", {},
    element("div", { class: "weeks" }, element("span", { class: "most" }, grouped(most)),
      picture("", entries.length * STEP || STEP, HEIGHT, bars, words)),
    element("div", { class: "dates", "aria-hidden": "true" }, ...dates));
}

function overlapBars([first, second], shared) {
  const whole = first + second - shared || 1;
  const begin = ((first - shared) / whole) * 100, end = (first / whole) * 100;
  return picture("pair", 100, 20, [
    shape("rect", { class: "bar", width: end, height: 9 }),
    shape("rect", { class: "other", x: begin, y: 11, width: 100 - begin, height: 9 }),
    shape("rect", { class: "both", x: begin, width: end - begin, height: 20 }),
  ]);
}

function counts(title, numbers, whole, marked) {
  const rows = Object.entries(numbers ?? {}).map(([name, people]) =>
    [[name, shareBar(people, whole, !marked || marked === name ? "bar" : "rest")], grouped(people)]);
  return rows.length ? section(title, table("", [title.toLowerCase(), "#people"], rows)) : null;
}

function segments(report) {
  const rows = report.segments ?? [];
  const most = Math.max(0, ...rows.map((row) => row.active));
  if (!rows.length) return null;
  return section("Segments", table("New: signed up in the period", ["segment", "#active", "#new"],
    rows.map((row) => [[row.segment, shareBar(row.active, most)], grouped(row.active), grouped(row.joined)])));
}

function overlaps(report) {
  if (!report.overlaps?.length) return null;
  const pairs = report.overlaps.map(({ segments: [first, second], sizes, shared, percent }) =>
    element("li", {}, element("strong", {}, first), ` (${grouped(sizes[0])}) and `, element("strong", {}, second),
      ` (${grouped(sizes[1])})`, overlapBars(sizes, shared),
      element("span", { class: "soft" }, `${grouped(shared)} in both: ${percent} % of the smaller one`)));
  return section("Largest overlaps", element("ul", { class: "rows" }, ...pairs));
}

function fields(report) {
  if (!report.custom_fields?.length) return null;
  return section("Custom fields", table("People who have a value", ["custom field", "#filled"],
    report.custom_fields.map((row) => [[row.field, shareBar(row.filled, report.people)], grouped(row.filled)])));
}

function suspects(report) {
  const found = [
    report.mistyped_people ? `${counted(report.mistyped_people, "address looks", "addresses look")} mistyped` : null,
    report.twin_groups ? `${counted(report.twin_groups, "group of people", "groups of people")} may be on the list twice` : null,
  ].filter(Boolean);
  return found.length ? section("Worth a look", element("p", {}, `${found.join("; ")}.`)) : null;
}

function showReport(report) {
  const { joined, left } = report;
  const numbers = [
    ["people, of every status", grouped(report.people)],
    ["active: they get mail", grouped(report.statuses?.active ?? 0)],
    [`signed up since ${day(joined.since)}`, grouped(joined.people)],
  ];
  if (left?.after && left.people !== undefined) numbers.push([`stopped being active since ${day(left.after)}`, grouped(left.people)]);
  if (left?.after && left.change !== undefined) numbers.push([`people more since ${day(left.after)}`, signed(left.change)]);
  show(
    element("h1", {}, report.segment ? `Audience: ${report.segment}` : "Audience"),
    scrolled("The report",
      facts(numbers),
      section("Sign-ups by week", weeklyBars(joined.weeks ?? {})),
      element("div", { class: "cards" }, counts("Status", report.statuses, report.people, "active"),
        counts("How people came", report.sources, report.people), segments(report), overlaps(report), fields(report),
        suspects(report)),
      element("p", { class: "soft" }, `As of ${report.as_of}. ${left?.notice ?? ""}`)));
}

host.heard["ui/notifications/tool-result"] = (result) =>
  result.isError || !result.structuredContent?.joined ? showFailure(result) : showReport(result.structuredContent);
host.begin();
