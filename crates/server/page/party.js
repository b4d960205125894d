// One party: its score, why it is what it is, what would change it, how it came about, and the facts below it.

import { MISSING, announce, ask, count, day, dim, h, fill, moment, note, number, partyLink, section, signed, split, strong, table, time, wide, words } from "./element.js";
import { bandsOf, history, pointsMark, scale, stepMark, tierMark } from "./chart.js";

export function party(place, reference) {
	const { kind, id } = split(reference);
	const box = () => h("div");
	const view = { reference, kind, base: `v1/parties/${encodeURIComponent(reference)}`, parts: { standing: box(), score: box(), history: box(), indicators: box(), timeline: box() } };
	view.date = h("input", { type: "date", id: "as-of", onchange: () => past(view) });
	view.latest = h("a", { class: "button", href: pastLink(view, "") }, "Latest");
	view.raw = h("a", { class: "button" }, "JSON");
	place.replaceChildren(
		h("div", { class: "title" },
			h("h1", { tabindex: "-1" }, dim(`${kind} `), h("span", { class: "id" }, id)),
			h("form", { class: "bar", onsubmit: (event) => { event.preventDefault(); past(view); } },
				h("label", { for: "as-of" }, "As known at the end of"), view.date, view.latest, view.raw)),
		view.parts.standing,
		view.parts.score,
		view.rest = h("div", null,
			section("Score over time", view.parts.history),
			section("Indicators", view.parts.indicators),
			section("Events", view.parts.timeline)));
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
	const explain = () => ask(`${view.base}/explanation`, { as_of }, signal);
	let explanation = explain();
	view.rest.hidden = false;
	// Told where the score is shown, and asked again from there; a party that is not there has no more to show.
	explanation.catch((error) => { explanation = null; view.rest.hidden = error.problem?.status === 404; });
	fill(view.parts.score, "the score", async () => score(view, await (explanation ?? explain()), bandsOf(await platform, view.kind)));
	// What holds, holds now, also when the newest event is old; a party that is not there is told of with its score.
	view.parts.standing.replaceChildren();
	ask(`${view.base}/sanctions`, { as_of: date ? as_of : "now" }, signal).then((it) => view.parts.standing.replaceChildren(...sanctions(it)), () => {});
	fill(view.parts.history, "the history", async () => scores((await ask(`${view.base}/history`, null, signal)).items, bandsOf(await platform, view.kind)));
	fill(view.parts.indicators, "the indicators", async () => indicators(await ask(`${view.base}/indicators`, { as_of }, signal), await explanation?.catch(() => null)));
	view.parts.timeline.replaceChildren();
	fill(view.parts.timeline, "the events", () => timeline(view, date, signal));
}

const DOING = { limit: "Limited", suspend: "Suspended", terminate: "Terminated" };

// Sanctions that hold or are to come, in the words that the party was given.
function sanctions(it) {
	return it.sanctions.filter((one) => one.in_force || ["coming", "appealed"].includes(one.status)).map((one) => h("p", { class: "notice slim bad" },
		strong(`${DOING[one.kind] ?? words(one.kind)}${one.limit ? ` to ${one.limit} ${one.currency}` : ""} from ${moment(one.starts_at)} UTC${one.ends_at ? ` until ${moment(one.ends_at)} UTC` : ""}. `),
		`${words(one.ground)}: `, one.statement, " ", h("span", { class: "tag" }, one.reason), " ",
		dim(one.status === "appealed" ? "under appeal" : `may be appealed until ${moment(one.appeal_by)} UTC`)));
}

function score(view, it, bands) {
	announce(`${it.party}: score ${it.score}, tier ${it.tier?.title}`);
	const titles = new Map(it.lines.map((line) => [line.indicator, line.title]));
	return [
		h("section", { class: "card summary", "aria-label": "Score" },
			h("div", { class: "headline" },
				h("p", { class: "big" }, count(it.score)),
				h("p", null, tierMark(bands, it.tier?.name, it.tier?.title), h("br"),
					dim(`range ${count(it.low)} to ${count(it.high)}`), h("br"),
					dim(`as of ${moment(it.as_of)} UTC`))),
			scale(bands, it),
			it.tier?.by && it.tier.by !== "score" && note(`The tier is set by: ${words(it.tier.by)}.`),
			it.thin && h("p", { class: "notice slim" }, strong("Little history. "),
				it.history ? `${number(it.history.value)} of at least ${number(it.history.minimum)} ${titles.get(it.history.measure) ?? words(it.history.measure)}; ` : "", "the range is wide and the tier stays provisional until more is known."),
			(it.gates ?? []).map((gate) => h("p", { class: "notice slim bad" }, strong(`Gate: ${gate.reason?.text ?? words(gate.name)}. `), gate.reason?.advice, " ", gate.reason?.code && h("span", { class: "tag" }, gate.reason.code)))),
		h("div", { class: "pair" },
			h("div", null,
				section("What costs points", reasons(it.reasons ?? [], titles)),
				it.better?.length > 0 && section("What could be better still", better(it.better)),
				it.unknown?.length > 0 && section("What is not known", unknown(it.unknown))),
			h("div", null,
				section("How the points add up", waterfall(it)),
				section("Dimensions", dimensions(it.dimensions ?? [])))),
		h("p", { class: "dim small-print" }, `Scorecard ${it.versions?.scorecard ?? "–"} · catalogue ${it.versions?.catalogue ?? "–"}`),
	];
}

const change = (title, it) => it && h("p", { class: "change" }, h("span", { "aria-hidden": "true" }, "→ "),
	`${title} ${it.to}: `, it.points !== 0 && [strong(`${signed(it.points)} points`), ", "], `score ${count(it.score)}`);

function reasons(list, titles) {
	if (list.length === 0) return note("Nothing: no gate holds and nothing is below neutral.");
	return h("ol", { class: "reasons" }, list.map((reason) => h("li", null,
		h("p", null, strong(reason.text), " ", h("span", { class: "tag" }, reason.code), " ", reason.points_lost > 0 && dim(`${signed(-reason.points_lost)} points`)),
		reason.advice && h("p", null, reason.advice, "."),
		change(titles.get(reason.indicator) ?? words(reason.indicator), reason.change))));
}

// Held against nobody: the points are neutral or above, and more are to be had.
function better(list) {
	return [
		note("It costs nothing as it is."),
		h("ul", { class: "reasons" }, list.map((one) => h("li", null,
			h("p", null, `${one.title} ${one.attribute} `, dim(`${signed(one.points)} of ${signed(one.best)} points`)),
			change("", one.change)))),
	];
}

function unknown(list) {
	return h("ul", { class: "reasons tight" }, list.map((one) => h("li", null, one.text, " ",
		one.best > one.points && dim(`up to ${count(one.best - one.points)} points to gain`))));
}

function dimensions(list) {
	if (list.length === 0) return note("This scorecard has no dimensions.");
	const most = Math.max(...list.map((one) => Math.abs(one.points)));
	return table("Points and sub-score of each dimension", ["Dimension", { title: "Balance", class: "bars", unseen: true }, "#Points", "#Sub-score"],
		list.map((one) => [one.title, pointsMark(one.points, most), signed(one.points), count(one.score)]));
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
	const because = (line) => line && h("span", { class: "dim because" }, line.value === null ? MISSING : line.shown ?? number(line.value));
	const rows = steps.map((step, i) => [
		[i === 0 && step.label === "base" ? "Base points" : step.label, because(step.line)],
		stepMark(step, low, high), i === 0 ? count(step.delta) : signed(step.delta), count(step.after)]);
	rows.push([strong("Score"), stepMark({ kind: "mark", before: it.score, after: it.score }, low, high), "", strong(count(it.score))]);
	return [
		table("Steps from the base points to the score", ["Step", { title: "From and to", class: "bars", unseen: true }, "#Points", "#Sum"], rows, "plain waterfall"),
		sum !== it.score && h("p", { class: "notice slim bad" }, `The steps add up to ${count(sum)}, not to the score ${count(it.score)}. Please report this with the JSON above.`),
	];
}

function scores(items, bands) {
	const list = items.filter((item) => Number.isFinite(Date.parse(item.as_of))).sort((a, b) => Date.parse(a.as_of) - Date.parse(b.as_of));
	if (list.length === 0) return note("No score has been recorded yet: the one above is made on request.");
	return [
		history(bands, list),
		h("details", null, h("summary", null, "The same as a table"), table("Scores over time", ["As of", "#Score", "#Range", "Tier"],
			[...list].reverse().map((item) => [time(item.as_of), count(item.score), `${count(item.low)} to ${count(item.high)}`, tierMark(bands, item.tier)]), "plain small")),
	];
}

function indicators(answer, explanation) {
	const list = answer.indicators ?? [];
	if (list.length === 0) return note("The catalogue defines no indicators for this kind of party.");
	const lines = new Map((explanation?.lines ?? []).map((line) => [line.indicator, line]));
	const titles = new Map((explanation?.dimensions ?? []).map((one) => [one.name, one.title]));
	const order = [...new Set([...titles.keys(), ...list.map((one) => one.dimension)])];
	const columns = ["Indicator", "#Value", "Better", "Falls in", "#Points", "#Best", "#Share of the shortfall"];
	const better = { higher: "↑ higher", lower: "↓ lower" };
	const row = (one) => {
		const line = lines.get(one.name), none = () => dim("–");
		const value = one.value === null ? dim(MISSING) : one.shown ?? number(one.value);
		return [h("span", { title: one.name }, one.title), value, better[one.better] ?? none(),
			line ? line.attribute : dim("not scored"), line ? signed(line.points) : none(), line ? signed(line.best) : none(),
			line?.share ? `${count(line.share * 100)} %` : none()];
	};
	return order.filter((name) => list.some((one) => one.dimension === name)).map((name, i) => h("details", { open: i === 0 },
		h("summary", null, titles.get(name) ?? words(name), dim(` ${list.filter((one) => one.dimension === name).length}`)),
		wide(`${titles.get(name) ?? words(name)} indicators`, table(`Indicators of ${titles.get(name) ?? words(name)}`, columns, list.filter((one) => one.dimension === name).map(row)))));
}

// Events newest first, a page at a time; those a past date did not know yet say so.
async function timeline(view, date, signal) {
	const list = h("ol", { class: "events" });
	const end = date ? Date.parse(`${date}T23:59:59Z`) : Infinity;
	const more = h("div");
	const load = async (cursor) => {
		const answer = await ask(`${view.base}/timeline`, { limit: 50, cursor }, signal);
		list.append(...answer.items.map((item) => event(item, end)));
		const next = answer.next_cursor && h("button", { type: "button", onclick: () => again(answer.next_cursor) }, "Load more events");
		more.replaceChildren(next || note(list.children.length ? "That is all." : ""));
		announce(`${list.children.length} events shown`);
	};
	const again = (cursor) => {
		const had = list.children.length;
		more.replaceChildren();
		// The button is gone: the focus goes to the first event that came.
		return fill(more, "more events", async () => {
			await load(cursor);
			list.children[had]?.focus();
			return [...more.childNodes];
		});
	};
	await load();
	if (list.children.length === 0) return note("No events about this party. Bring some in with `probity --data DIR import --mapping olist FOLDER` or POST /v1/events.");
	return [list, more];
}

const MARKS = { retracted: "Retracted: counts no more", disputed: "Under objection: left out until decided" };

function event(item, end) {
	const late = Date.parse(item.known_at) - Date.parse(item.occurred_at) > 86_400_000;
	const unknown = Date.parse(item.known_at) > end;
	return h("li", { tabindex: "-1", class: item.mark && "set-aside" },
		h("div", { class: "when" }, time(item.occurred_at), late && dim(`known ${day(item.known_at)}`)),
		h("div", null,
			h("p", null, h("strong", { title: item.type }, item.title ?? item.type), " ",
				item.counterparty && [dim("with "), partyLink(item.counterparty), " "],
				item.mark && h("span", { class: "tag bad" }, MARKS[item.mark] ?? words(item.mark)),
				unknown && h("span", { class: "tag" }, "Not known yet at that date")),
			h("dl", null, Object.entries(item.fields ?? {}).map(([name, value]) => h("div", null, h("dt", null, words(name)), h("dd", null, plain(value)))),
				h("div", null, h("dt", null, "id"), h("dd", { class: "id" }, item.id)))));
}

function plain(value) {
	if (value === null || value === undefined) return "–";
	if (typeof value === "boolean") return value ? "yes" : "no";
	if (typeof value === "object") return value.amount !== undefined && value.currency ? `${value.amount} ${value.currency}` : JSON.stringify(value);
	return /^\d{4}-\d\d-\d\dT/.test(value) ? moment(value) : String(value);
}
