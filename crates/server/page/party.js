// One party: its score, why it is what it is, what would change it, how it came about, and the facts below it.

import { MISSING, announce, ask, count, day, element, fill, moment, number, partyLink, section, signed, split, table, time, wide, words } from "./element.js";
import { bandsOf, history, pointsMark, scale, stepMark, tierMark } from "./chart.js";

export function party(place, reference) {
  const { kind, id } = split(reference);
  const box = () => element("div");
  const view = { reference, kind, base: `v1/parties/${encodeURIComponent(reference)}`, parts: { score: box(), history: box(), indicators: box(), timeline: box() } };
  view.date = element("input", { type: "date", id: "as-of", onchange: () => past(view) });
  view.latest = element("a", { class: "button", href: pastLink(view, "") }, "Latest");
  view.raw = element("a", { type: "application/json" }, "JSON");
  place.replaceChildren(
    element("p", { class: "crumb" }, element("a", { href: `#/${kind}s` }, `All ${kind}s`)),
    element("div", { class: "title" },
      element("h1", { tabindex: "-1" }, element("span", { class: "dim" }, `${kind} `), element("span", { class: "id" }, id)),
      element("form", { class: "bar", onsubmit: (event) => { event.preventDefault(); past(view); } },
        element("label", { for: "as-of" }, "As known at the end of"), view.date, view.latest, view.raw)),
    view.parts.score,
    section("Score over time", { class: "card" }, view.parts.history),
    section("Indicators", { class: "card" }, view.parts.indicators),
    section("Events", { class: "card" }, view.parts.timeline));
  let asked = new AbortController();
  return {
    title: reference,
    update(parameters) {
      asked.abort();
      asked = new AbortController();
      show(view, /^\d{4}-\d\d-\d\d$/.test(parameters.as_of ?? "") ? parameters.as_of : "", asked.signal);
    },
    close: () => asked.abort(),
  };
}

const pastLink = (view, date) => `${partyLink(view.reference).getAttribute("href")}${date ? `?as_of=${date}` : ""}`;

function past(view) {
  const next = pastLink(view, view.date.value);
  if (location.hash !== next) location.hash = next;
}

function show(view, date, signal) {
  // Windows are whole UTC days, so a date means its last second.
  const as_of = date ? `${date}T23:59:59Z` : "latest";
  view.date.value = date;
  if (date) view.latest.removeAttribute("aria-current");
  else view.latest.setAttribute("aria-current", "true");
  view.raw.href = `${view.base}/explanation?as_of=${as_of}`;
  const platform = ask("v1/platform", null, signal).catch(() => null);
  const explanation = ask(`${view.base}/explanation`, { as_of }, signal);
  explanation.catch(() => {}); // Told where the score is shown.
  let first = true;
  const explained = () => (first ? ((first = false), explanation) : ask(`${view.base}/explanation`, { as_of }, signal));
  fill(view.parts.score, "the score", async () => score(view, await explained(), bandsOf(await platform, view.kind)));
  fill(view.parts.history, "the history", async () => past_scores((await ask(`${view.base}/history`, null, signal)).items, bandsOf(await platform, view.kind), date));
  fill(view.parts.indicators, "the indicators", async () => indicators(await ask(`${view.base}/indicators`, { as_of }, signal), await explanation.catch(() => null)));
  view.parts.timeline.replaceChildren();
  fill(view.parts.timeline, "the events", () => timeline(view, date, signal));
}

function score(view, it, bands) {
  announce(`${it.party}: score ${it.score}, tier ${it.tier?.title}`);
  const titles = new Map(it.lines.map((line) => [line.indicator, line.title]));
  return [
    element("section", { class: "card summary", "aria-label": "Score" },
      element("div", { class: "headline" },
        element("p", { class: "big" }, count(it.score)),
        element("p", null, tierMark(bands, it.tier?.name, it.tier?.title), element("br"),
          element("span", { class: "dim" }, `range ${count(it.low)} to ${count(it.high)}`), element("br"),
          element("span", { class: "dim" }, `as of ${moment(it.as_of)} UTC`))),
      scale(bands, it),
      it.tier?.by && it.tier.by !== "score" && element("p", { class: "dim" }, `The tier is set by: ${words(it.tier.by)}.`),
      it.thin && element("p", { class: "notice slim" }, element("strong", null, "Little history. "),
        it.history ? `${number(it.history.value)} of at least ${number(it.history.minimum)} ${titles.get(it.history.measure) ?? words(it.history.measure)}; ` : "", "the range is wide and the tier stays provisional until more is known."),
      (it.gates ?? []).map((gate) => element("p", { class: "notice slim bad" }, element("strong", null, `Gate closed: ${gate.reason?.text ?? words(gate.name)}. `), gate.reason?.advice, " ", gate.reason?.code && element("span", { class: "tag" }, gate.reason.code)))),
    element("div", { class: "pair" },
      element("div", null,
        section("Reasons", { class: "card" }, reasons(it.reasons ?? [], titles)),
        section("Dimensions", { class: "card" }, dimensions(it.dimensions ?? []))),
      section("How the points add up", { class: "card" }, waterfall(it))),
    element("p", { class: "dim small-print" }, `Scorecard ${it.versions?.scorecard ?? "–"} · catalogue ${it.versions?.catalogue ?? "–"}`),
  ];
}

function reasons(list, titles) {
  if (list.length === 0) return element("p", { class: "dim" }, "Nothing holds this score down.");
  return element("ol", { class: "reasons" }, list.map((reason) => element("li", null,
    element("p", null, element("strong", null, reason.text), " ", element("span", { class: "tag" }, reason.code)),
    reason.advice && element("p", null, reason.advice, "."),
    reason.change && element("p", { class: "change" }, element("span", { "aria-hidden": "true" }, "→ "),
      `${titles.get(reason.indicator) ?? words(reason.indicator)} ${reason.change.to}: `, element("strong", null, `${signed(reason.change.points)} points`),
      reason.change.score !== undefined && `, score ${count(reason.change.score)}`))));
}

function dimensions(list) {
  if (list.length === 0) return element("p", { class: "dim" }, "This scorecard has no dimensions.");
  const most = Math.max(...list.map((one) => Math.abs(one.points)));
  return table("Points and sub-score of each dimension", [{ title: "Dimension" }, { title: "Balance", class: "bars", unseen: true }, { title: "Points", class: "num" }, { title: "Sub-score", class: "num" }],
    list.map((one) => [one.title, pointsMark(one.points, most), signed(one.points), count(one.score)]), { class: "plain" });
}

// The waterfall is the table: each row is a step, with its bar, its points and the sum so far.
function waterfall(it) {
  const lines = new Map(it.lines.map((line) => [line.title, line]));
  let sum = 0;
  const steps = it.steps.map((step, i) => {
    const before = sum;
    sum += step.delta;
    const kind = i === 0 ? "mark" : step.delta === 0 ? "none" : step.delta > 0 ? "up" : "down";
    return { ...step, before, after: sum, kind, line: lines.get(step.label) };
  });
  const sums = [...steps.map((step) => step.after), it.score];
  const room = Math.max(10, (Math.max(...sums) - Math.min(...sums)) * 0.04);
  const low = Math.min(...sums) - room, high = Math.max(...sums) + room;
  const because = (line) => line && element("span", { class: "dim because" }, line.value === null ? MISSING : line.shown ?? number(line.value), line.attribute && line.value !== null ? ` (${line.attribute})` : "");
  const rows = steps.map((step, i) => [
    [i === 0 && step.label === "base" ? "Base points" : step.label, because(step.line)],
    stepMark(step, low, high), i === 0 ? count(step.delta) : signed(step.delta), count(step.after)]);
  rows.push([element("strong", null, "Score"), stepMark({ kind: "mark", before: it.score, after: it.score }, low, high), "", element("strong", null, count(it.score))]);
  return [
    table("Steps from the base points to the score", [{ title: "Step", class: "step-name" }, { title: "From and to", class: "bars", unseen: true }, { title: "Points", class: "num" }, { title: "Sum", class: "num" }], rows, { class: "plain waterfall" }),
    sum !== it.score && element("p", { class: "notice slim bad" }, `The steps add up to ${count(sum)}, not to the score ${count(it.score)}. Please report this with the JSON above.`),
  ];
}

function past_scores(items, bands, date) {
  const list = items.filter((item) => Number.isFinite(Date.parse(item.as_of))).sort((a, b) => Date.parse(a.as_of) - Date.parse(b.as_of));
  if (list.length === 0) return element("p", { class: "dim" }, "No score has been recorded yet; one is with each run of `probity score`.");
  return [
    history(bands, list),
    date && element("p", { class: "dim" }, "The whole history is shown, also what came after the date above."),
    element("details", null, element("summary", null, "The same as a table"), table("Scores over time", [{ title: "As of" }, { title: "Score", class: "num" }, { title: "Range", class: "num" }, { title: "Tier" }],
      [...list].reverse().map((item) => [time(item.as_of), count(item.score), `${count(item.low)} to ${count(item.high)}`, tierMark(bands, item.tier)]), { class: "plain small" })),
  ];
}

function indicators(answer, explanation) {
  const list = answer.indicators ?? [];
  if (list.length === 0) return element("p", { class: "dim" }, "The catalogue defines no indicators for this kind of party.");
  const lines = new Map((explanation?.lines ?? []).map((line) => [line.indicator, line]));
  const titles = new Map((explanation?.dimensions ?? []).map((one) => [one.name, one.title]));
  const order = [...new Set([...titles.keys(), ...list.map((one) => one.dimension)])];
  const columns = [{ title: "Indicator" }, { title: "Value", class: "num" }, { title: "Better" }, { title: "Falls in" }, { title: "Points", class: "num" }, { title: "Best", class: "num" }, { title: "Share of the shortfall", class: "num" }];
  const better = { higher: "↑ higher", lower: "↓ lower" };
  const row = (one) => {
    const line = lines.get(one.name), none = element("span", { class: "dim" }, "–");
    const value = one.value === null ? element("span", { class: "dim" }, MISSING) : one.shown ?? number(one.value);
    return [element("span", { title: one.name }, one.title), value, better[one.better] ?? none,
      line ? line.attribute : element("span", { class: "dim" }, "not scored"), line ? signed(line.points) : none, line ? signed(line.best) : none,
      line?.share ? `${count(line.share * 100)} %` : none];
  };
  return order.filter((name) => list.some((one) => one.dimension === name)).map((name, i) => element("details", { open: i === 0 },
    element("summary", null, titles.get(name) ?? words(name), element("span", { class: "dim" }, ` ${list.filter((one) => one.dimension === name).length}`)),
    wide(`${titles.get(name) ?? words(name)} indicators`, table(`Indicators of ${titles.get(name) ?? words(name)}`, columns, list.filter((one) => one.dimension === name).map(row), { class: "plain" }))));
}

// Events newest first, a page at a time; those a past date did not know yet say so.
async function timeline(view, date, signal) {
  const list = element("ol", { class: "events" });
  const end = date ? Date.parse(`${date}T23:59:59Z`) : Infinity;
  const more = element("div");
  const load = async (cursor) => {
    const answer = await ask(`${view.base}/timeline`, { limit: 50, cursor }, signal);
    const added = answer.items.map((item) => event(item, end));
    list.append(...added);
    const next = answer.next_cursor && element("button", { type: "button", onclick: () => again(answer.next_cursor) }, "Load more events");
    more.replaceChildren(next || element("p", { class: "dim" }, list.children.length ? "That is all." : ""));
    announce(`${list.children.length} events shown`);
    return added[0];
  };
  const again = (cursor) => {
    const had = list.children.length;
    more.replaceChildren();
    // The new button would steal nothing: the focus goes to the first event that came.
    return fill(more, "more events", async () => {
      await load(cursor);
      list.children[had]?.focus();
      return [...more.childNodes];
    });
  };
  await load();
  if (list.children.length === 0) return element("p", { class: "dim" }, "No events about this party. Bring some in with `probity --data DIR import --mapping olist FOLDER` or POST /v1/events.");
  return [list, more];
}

const MARKS = { retracted: "Retracted: counts no more", disputed: "Under objection: left out until decided" };

function event(item, end) {
  const late = Date.parse(item.known_at) - Date.parse(item.occurred_at) > 86_400_000;
  const unknown = Date.parse(item.known_at) > end;
  return element("li", { tabindex: "-1", class: item.mark || unknown ? "set-aside" : null },
    element("div", { class: "when" }, time(item.occurred_at), late && element("span", { class: "dim" }, `known ${day(item.known_at)}`)),
    element("div", null,
      element("p", null, element("strong", { title: item.type }, item.title ?? item.type), " ",
        item.counterparty && [element("span", { class: "dim" }, "with "), partyLink(item.counterparty), " "],
        item.mark && element("span", { class: "tag bad" }, MARKS[item.mark] ?? words(item.mark)),
        unknown && element("span", { class: "tag" }, "Not known yet at that date")),
      element("dl", null, Object.entries(item.fields ?? {}).map(([name, value]) => element("div", null, element("dt", null, words(name)), element("dd", null, plain(value)))),
        element("div", null, element("dt", null, "id"), element("dd", { class: "id" }, item.id)))));
}

function plain(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") return value.amount !== undefined && value.currency ? `${value.amount} ${value.currency}` : JSON.stringify(value);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? moment(value) : String(value);
}
