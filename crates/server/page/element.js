// Elements, figures and requests: what every view is written in.
// Data reaches the document only as text nodes and attributes, never as markup, so a hostile id stays an id.

const known = (value) => value !== null && value !== undefined;
const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (!known(value) || value === false) continue;
		if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
		else node.setAttribute(name, value === true ? "" : value);
	}
	node.append(...children.flat(Infinity).filter((child) => known(child) && child !== false));
	return node;
}

/** `h(name, attributes, ...children)` makes an element, `shape` one of SVG; empty children are left out. */
export const h = (name, attributes, ...children) => build(document.createElement(name), attributes, children);
export const shape = (name, attributes, ...children) => build(document.createElementNS(SVG, name), attributes, children);

export const dim = (...children) => h("span", { class: "dim" }, ...children);
export const note = (...children) => h("p", { class: "dim" }, ...children);
export const strong = (...children) => h("strong", null, ...children);

/** A part of the page, named by its heading. */
export function section(title, ...children) {
	const id = `s-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
	return h("section", { "aria-labelledby": id, class: "card" }, h("h2", { id }, title), ...children);
}

/**
 * A table. Columns are titles, "#title" over numbers, or {title, class?, unseen?, sort?, head?}; rows are arrays of cells, the first being the row's heading.
 * The roles are spelt out because narrow screens lay rows out as blocks.
 */
export function table(caption, titles, rows, name = "plain") {
	const columns = titles.map((title) => (typeof title !== "string" ? title : title[0] === "#" ? { title: title.slice(1), class: "num" } : { title }));
	const head = columns.map((column) => h("th", { scope: "col", role: "columnheader", class: column.class, "aria-sort": column.sort },
		column.unseen ? h("span", { class: "unseen" }, column.title) : column.head ?? column.title));
	const line = (cells) => h("tr", { role: "row" }, cells.map((cell, i) => i === 0
		? h("th", { scope: "row", role: "rowheader", class: columns[0].class }, cell)
		: h("td", { role: "cell", class: columns[i].class }, cell)));
	return h("table", { role: "table", class: name },
		h("caption", { class: "unseen" }, caption),
		h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
		h("tbody", { role: "rowgroup" }, rows.map(line)));
}

/** Scrolls sideways inside the page; takes the focus so that the keyboard can scroll it. */
export const wide = (label, child) => h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": label }, child);

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const some = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
export const MISSING = "no data";
export const count = (n) => (known(n) ? whole.format(n).replace("-", "−") : "–");
export const number = (n) => (known(n) ? some.format(n).replace("-", "−") : MISSING);
export const signed = (n) => (n > 0 ? `+${some.format(n)}` : some.format(n).replace("-", "−"));
export const words = (name) => String(name ?? "").replaceAll("_", " ");

/** A moment to the minute, in UTC, as every moment here is. */
export function moment(text) {
	const at = new Date(text);
	return Number.isNaN(at.getTime()) ? String(text ?? "–") : at.toISOString().slice(0, 16).replace("T", " ");
}
export const day = (text) => moment(text).slice(0, 10);
export const time = (text) => h("time", { datetime: text, title: text }, moment(text));

/** A party's reference split into its kind and its id; an id may hold colons itself. */
export function split(party) {
	const at = party.indexOf(":");
	return { kind: party.slice(0, at), id: party.slice(at + 1) };
}
export const partyLink = (party, text) => h("a", { class: "id", href: `#/party/${encodeURIComponent(party).replaceAll("%3A", ":")}` }, text ?? party);

export const announce = (text) => { document.getElementById("status").textContent = text; };

/** A path with its query; empty values are left out. */
export function address(path, query) {
	const pairs = Object.entries(query ?? {}).filter(([, value]) => known(value) && value !== "");
	return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

/** What went wrong, as a problem document whether or not the server managed to send one. */
export class Failure extends Error {
	constructor(problem) {
		super(problem.detail ?? problem.title);
		this.problem = problem;
	}
}

/** Asks the server for JSON. Throws `Failure`, or an AbortError when the view has gone. */
export async function ask(path, query, signal) {
	let answer;
	try {
		answer = await fetch(address(path, query), { signal });
	} catch (error) {
		if (error.name === "AbortError") throw error;
		throw new Failure({ title: "The server does not answer", detail: "Check that it runs and that this machine reaches it, then try again." });
	}
	const body = await answer.json().catch((error) => {
		if (error.name === "AbortError") throw error;
		return null;
	});
	if (!answer.ok) throw new Failure({ title: `The server answered ${answer.status}`, status: answer.status, ...body });
	if (body === null) throw new Failure({ title: "The answer is not JSON", detail: `From ${path}. Is something else answering on this address?` });
	return body;
}

/** A notice that says what went wrong and what to do about it. */
export function failed(error, retry) {
	const p = error.problem ?? { title: "The page could not show this", detail: error.message };
	announce(p.title);
	return h("div", { class: "notice bad", role: "alert" },
		h("p", null, strong(p.title)),
		p.detail && h("p", null, p.detail),
		Array.isArray(p.errors) && h("ul", null, p.errors.map((e) => h("li", null, [e.pointer, e.parameter, e.at].filter(known)[0] ?? "", " ", e.detail ?? e.message ?? ""))),
		note([p.code && `Code ${p.code}`, p.trace_id && `trace ${p.trace_id}`].filter(Boolean).join(" · ")),
		retry && h("p", null, h("button", { type: "button", onclick: retry }, "Try again")));
}

export const waiting = (what) => h("p", { class: "waiting", "aria-busy": "true" }, `Loading ${what}…`);

/** Fills `place` with what `load` makes; the place says so while it waits and when it fails. Nothing happens after an abort. */
export async function fill(place, what, load) {
	if (!place.hasChildNodes()) place.replaceChildren(waiting(what));
	place.setAttribute("aria-busy", "true");
	try {
		place.replaceChildren(...[await load()].flat(Infinity).filter(Boolean));
	} catch (error) {
		if (error.name === "AbortError") return;
		place.replaceChildren(failed(error, () => { place.replaceChildren(); fill(place, what, load); }));
	}
	place.removeAttribute("aria-busy");
}
