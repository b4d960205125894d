// The ranking: how scores are spread, how many parties each tier holds, and the parties themselves.

import { announce, ask, count, dim, fill, h, moment, note, partyLink, split, strong, table } from "./element.js";
import { bandsOf, histogram, rangeMark, tierMark } from "./chart.js";

const LIMIT = 50;

export function ranking(place, of) {
	const noun = of === "merchant" ? "merchants" : "buyers";
	const stop = new AbortController();
	const view = { of, noun, now: {}, cursors: new Map([[1, ""]]) };
	// Asked once; a failure is told where the spread is shown (the list does without) and asked again from there.
	view.platform = () => (view.answer ??= ask("v1/platform", null, stop.signal).catch((error) => { view.answer = null; throw error; }));
	view.head = h("div", { class: "spread-box" });
	view.list = h("div");
	view.search = h("input", { type: "search", id: "q", autocomplete: "off", spellcheck: "false", oninput: () => typed(view) });
	place.replaceChildren(
		h("h1", { tabindex: "-1" }, noun[0].toUpperCase() + noun.slice(1)),
		view.head,
		h("form", { class: "bar", role: "search", onsubmit: (event) => { event.preventDefault(); typed(view, 0); } },
			h("label", { for: "q" }, "Find by the start of the id"), view.search),
		view.list);
	let asked = new AbortController();
	return {
		title: noun[0].toUpperCase() + noun.slice(1),
		update(parameters) {
			view.now = parameters;
			if (document.activeElement !== view.search) view.search.value = parameters.q ?? "";
			asked.abort();
			asked = new AbortController();
			const signal = asked.signal;
			fill(view.head, "the spread of scores", () => overview(view));
			fill(view.list, noun, () => page(view, signal));
		},
		close() {
			clearTimeout(view.timer);
			stop.abort();
			asked.abort();
		},
	};
}

const link = (view, change) => {
	const pairs = Object.entries({ ...view.now, page: "", cursor: "", ...change }).filter(([, value]) => value);
	return `#/${view.noun}${pairs.length ? `?${new URLSearchParams(pairs)}` : ""}`;
};

// Waits for a pause in the typing; one entry in the browser's history however many letters.
function typed(view, pause = 200) {
	clearTimeout(view.timer);
	view.timer = setTimeout(() => location.replace(link(view, { q: view.search.value.trim() })), pause);
}

async function overview(view) {
	const platform = await view.platform();
	const bands = bandsOf(platform, view.of), total = platform[view.noun] ?? 0;
	if (!platform.events) return [];
	const tiers = platform.tiers?.[view.of] ?? [];
	const choice = (name, mark, parties) => h("li", null, h("a", { href: link(view, { tier: name }), "aria-current": (view.now.tier ?? "") === name ? "true" : null }, mark, h("span", { class: "figure" }, count(parties))));
	return [
		note(`${count(total)} ${view.noun} from ${count(platform.events)} events, as of ${moment(platform.as_of)} UTC. Money in ${platform.reporting_currency}.`),
		bands.bins.length > 0 && histogram(bands, view.noun),
		h("nav", { "aria-label": "Tier" }, h("ul", { class: "choices" },
			choice("", h("span", null, "All tiers"), total),
			[...tiers].reverse().map((tier) => choice(tier.name, tierMark(bands, tier.name, tier.title), tier.parties)))),
	];
}

async function page(view, signal) {
	const { q, tier, sort = "-score", cursor } = view.now;
	const at = cursor ? Math.max(2, Number.parseInt(view.now.page, 10) || 2) : 1;
	const [answer, platform] = await Promise.all([
		ask("v1/parties", { of: view.of, sort, tier, q, limit: LIMIT, cursor }, signal),
		view.platform().catch(() => null),
	]);
	if (signal.aborted) throw new DOMException("gone", "AbortError");
	if (answer.items.length === 0) return empty(view);
	if (at === 1) view.cursors = new Map([[1, ""]]);
	view.cursors.set(at, cursor ?? "").set(at + 1, answer.next_cursor ?? "");
	const bands = bandsOf(platform, view.of), start = (at - 1) * LIMIT + 1, end = start + answer.items.length - 1;
	const text = `${count(start)} to ${count(end)}${answer.total === undefined ? "" : ` of ${count(answer.total)}`} ${view.noun}`;
	announce(text);
	return [rows(view, bands, answer.items, sort), pager(view, at, answer.next_cursor, text)];
}

function rows(view, bands, items, sort) {
	const sorter = (title, up, down) => ({
		title,
		sort: sort === up ? "ascending" : sort === down ? "descending" : "none",
		head: h("a", { class: "sorter", href: link(view, { sort: sort === down || !down ? up : down }) }, title, h("span", { "aria-hidden": "true" }, sort === up ? " ▲" : sort === down ? " ▼" : " ↕")),
	});
	const columns = [
		{ ...sorter(view.of === "merchant" ? "Merchant" : "Buyer", "id", null), class: "who" },
		{ ...sorter("Score", "score", "-score"), class: "num score" },
		{ title: "Range", class: "between" },
		{ title: "Tier", class: "in" },
		{ title: "Events", class: "num seen" },
		{ title: "What costs points", class: "why" },
	];
	return table(`${view.noun}, sorted by ${sort === "id" ? "id" : "score"}`, columns, items.map((item) => [
		partyLink(item.party, split(item.party).id),
		strong(count(item.score)),
		[rangeMark(bands, item), h("span", { class: "unseen" }, `${item.low} to ${item.high}`)],
		[tierMark(bands, item.tier), item.thin && h("span", { class: "tag", title: "Little history: the range is wide" }, "thin")],
		[count(item.events), h("span", { class: "only-narrow" }, " events")],
		reasons(item.reasons ?? []),
	]), "ranking");
}

const reasons = (list) => (list.length === 0
	? dim("nothing")
	: [list[0], list.length > 1 && h("span", { class: "dim", title: list.slice(1).join("; ") }, ` and ${list.length - 1} more`)]);

function pager(view, at, next, text) {
	const turn = (label, to, cursor) => (cursor === null
		? h("span", { class: "button off", "aria-disabled": "true" }, label)
		: h("a", { class: "button", href: link(view, { page: to > 1 ? String(to) : "", cursor }) }, label));
	// A page opened from a bookmark knows no page before it but the first.
	const before = view.cursors.get(at - 1);
	return h("nav", { class: "pager", "aria-label": "Pages" },
		at === 1 ? turn("Previous", 0, null) : before === undefined ? turn("First page", 1, "") : turn("Previous", at - 1, before),
		h("span", { class: "figure" }, text),
		turn("Next", at + 1, next ?? null));
}

function empty(view) {
	if (view.now.q || view.now.tier) {
		announce("Nothing found");
		return h("div", { class: "notice" },
			h("p", null, strong(`No ${view.noun} match.`)),
			h("p", null, "The id is compared from its start, capitals included. ", h("a", { href: `#/${view.noun}` }, `Show all ${view.noun}`)));
	}
	announce(`No ${view.noun} yet`);
	return h("div", { class: "notice" },
		h("p", null, strong(`No ${view.noun} yet.`)),
		h("p", null, "Bring in a history, then reload this page:"),
		h("pre", { tabindex: "0" }, "probity --data DIR import --mapping olist FOLDER"),
		h("p", null, "or send events one by one to ", h("code", null, "POST /v1/events"), ": see the ", h("a", { href: "api.html" }, "API"), "."));
}
