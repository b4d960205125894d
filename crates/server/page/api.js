// The OpenAPI document as a page: operations by tag with parameters, schemas and examples, and a form to try each GET.

import { Failure, address, announce, ask, dim, failed, fill, h, note, section, strong, table, wide } from "./element.js";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
const main = document.getElementById("main");
let root = {};

/** Follows `$ref` inside the document; an unknown or circular one gives an empty schema. */
function resolve(thing) {
	for (let steps = 0; thing?.$ref && steps < 16; steps += 1) {
		thing = thing.$ref.replace(/^#\//, "").split("/").reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], root) ?? {};
	}
	return thing?.$ref ? {} : thing ?? {};
}
const nameOf = (schema) => schema?.$ref?.split("/").at(-1);

function kind(schema) {
	const it = resolve(schema), name = nameOf(schema);
	const choices = it.oneOf ?? it.anyOf;
	if (it.const !== undefined) return JSON.stringify(it.const);
	if (it.enum) return it.enum.map((value) => JSON.stringify(value)).join(" | ");
	if (choices) return name ?? choices.map(kind).join(" | ");
	const type = [it.type ?? (it.properties ? "object" : "any")].flat();
	return type.map((one) => (one === "array" ? `array of ${kind(it.items)}` : one === "object" ? name ?? "object" : one === "null" ? "null" : it.format ? `${one} (${it.format})` : one)).join(" | ");
}

const LIMITS = ["minimum", "maximum", "minLength", "maxLength", "pattern", "default"];
function limits(schema) {
	const it = resolve(schema);
	return LIMITS.filter((key) => it[key] !== undefined).map((key) => `, ${key} ${JSON.stringify(it[key])}`).join("");
}

// What a schema holds, one level at a time: deeper levels are made when they are opened, so a schema may name itself.
function fields(schema) {
	const it = resolve(schema);
	if (it.type === "array" || it.items) return fields(it.items);
	if (it.allOf) return it.allOf.flatMap(fields);
	const choices = (it.oneOf ?? it.anyOf)?.filter((one) => resolve(one).type !== "null");
	if (choices) return choices.length === 1 ? fields(choices[0]) : choices.map((one, i) => entry(resolve(one).title ?? nameOf(one) ?? `choice ${i + 1}`, one, false));
	const known = Object.entries(it.properties ?? {}).map(([name, one]) => entry(name, one, it.required?.includes(name)));
	return typeof it.additionalProperties === "object" ? [...known, entry("any other name", it.additionalProperties, false)] : known;
}

function holds(schema) {
	const it = resolve(schema);
	if (it.items) return holds(it.items);
	return Boolean(it.properties || it.allOf || typeof it.additionalProperties === "object" || (it.oneOf ?? it.anyOf)?.some(holds));
}

function entry(name, schema, required) {
	const it = resolve(schema), description = schema.description ?? it.description;
	const line = [h("code", null, name), " ", dim(kind(schema), limits(schema)), required && h("span", { class: "tag" }, "required"), description && ` ${description}`];
	if (!holds(schema)) return h("li", null, line);
	const list = h("ul", { class: "schema" });
	const details = h("details", { ontoggle: () => { if (!list.hasChildNodes()) list.append(...fields(schema)); } }, h("summary", null, line), list);
	return h("li", null, details);
}

/** An example value: the document's own where it has one, else one made from the schema. */
function example(schema, depth = 0) {
	const it = resolve(schema);
	for (const own of [schema?.example, it.example, it.examples?.[0], it.const, it.default, it.enum?.[0]]) if (own !== undefined) return own;
	const choice = (it.oneOf ?? it.anyOf)?.[0];
	if (choice) return example(choice, depth + 1);
	if (it.allOf) return Object.assign({}, ...it.allOf.map((one) => example(one, depth + 1)));
	if (depth > 5) return null;
	if (it.properties) return Object.fromEntries(Object.entries(it.properties).map(([name, one]) => [name, example(one, depth + 1)]));
	const type = [it.type].flat()[0];
	if (type === "array") return [example(it.items, depth + 1)];
	return { object: {}, integer: it.minimum ?? 0, number: it.minimum ?? 0, boolean: false }[type] ?? (it.format === "date-time" ? "2024-01-31T12:00:00Z" : "text");
}

const sample = (media) => {
	const named = Object.values(media.examples ?? {})[0];
	return media.example ?? resolve(named).value ?? (media.schema ? example(media.schema) : undefined);
};
const json = (value) => h("pre", { tabindex: "0" }, typeof value === "string" ? value : JSON.stringify(value, null, 2));

function content(body) {
	return Object.entries(body?.content ?? {}).map(([type, media]) => {
		const inside = media.schema ? fields(media.schema) : [], shown = sample(media);
		return [
			note(type, media.schema && `: ${kind(media.schema)}`),
			inside.length > 0 && h("ul", { class: "schema" }, inside),
			shown !== undefined && h("details", null, h("summary", null, "Example"), json(shown)),
		];
	});
}

function parameters(list) {
	if (list.length === 0) return null;
	return [h("h3", null, "Parameters"), wide("Parameters", table("Parameters", ["Name", "In", "Type", "Meaning"], list.map((one) => [
		[h("code", null, one.name), one.required && h("span", { class: "tag" }, "required")], one.in, [kind(one.schema), limits(one.schema)], one.description ?? ""])))];
}

function trial(path, list) {
	const input = (one, i) => {
		const id = `${path}-${i}`.replace(/\W+/g, "-"), schema = resolve(one.schema);
		const attributes = { id, name: one.name, required: one.required };
		const control = schema.enum
			? h("select", attributes, !one.required && h("option", { value: "" }, "(none)"), schema.enum.map((value) => h("option", { value }, value)))
			: h("input", { ...attributes, autocomplete: "off", spellcheck: "false", value: one.example ?? schema.example ?? (one.required ? schema.default : null) });
		return { one, control, label: h("label", { for: id }, one.name, one.required ? " (required)" : "", control) };
	};
	const inputs = list.filter((one) => one.in === "path" || one.in === "query").map(input);
	const out = h("div");
	const send = (event) => {
		event.preventDefault();
		const value = (where) => inputs.filter(({ one }) => one.in === where).map(({ one, control }) => [one.name, control.value]);
		const filled = value("path").reduce((at, [name, text]) => at.replace(`{${name}}`, encodeURIComponent(text)), path);
		out.replaceChildren();
		fill(out, "the answer", () => answer(address(filled.replace(/^\//, ""), Object.fromEntries(value("query")))));
	};
	return h("form", { class: "try", onsubmit: send }, h("h3", null, "Try it"), inputs.length > 0 && h("div", { class: "fields" }, inputs.map(({ label }) => label)),
		h("div", null, h("button", { type: "submit" }, "Send GET")), out);
}

async function answer(url) {
	const start = performance.now();
	const reply = await fetch(url).catch(() => { throw new Failure({ title: "The server does not answer", detail: "Check that it runs, then send again." }); });
	const text = await reply.text();
	let shown = text;
	try { shown = JSON.parse(text); } catch { /* Not JSON: shown as it came. */ }
	const result = `${reply.status} ${reply.statusText} in ${Math.round(performance.now() - start)} ms`;
	announce(result);
	return [h("p", null, strong(result), " ", h("a", { href: url }, "open")), json(typeof shown === "string" ? shown.slice(0, 100_000) : shown)];
}

function operation(path, method, it, shared) {
	const own = (it.parameters ?? []).map(resolve);
	const list = [...shared.map(resolve).filter((one) => !own.some((mine) => mine.name === one.name && mine.in === one.in)), ...own];
	const body = h("div");
	const open = () => {
		if (body.hasChildNodes()) return;
		const request = resolve(it.requestBody);
		body.append(...[
			it.description && h("p", null, it.description),
			parameters(list),
			request.content && [h("h3", null, request.required ? "Body (required)" : "Body"), content(request)],
			method === "get" && trial(path, list),
			h("h3", null, "Answers"),
			Object.entries(it.responses ?? {}).map(([status, reply]) => h("details", null, h("summary", null, strong(status), ` ${resolve(reply).description ?? ""}`), content(resolve(reply)))),
		].flat(Infinity).filter(Boolean));
	};
	const id = it.operationId ?? `${method}-${path}`.replace(/\W+/g, "-");
	return h("details", { class: "operation", id, ontoggle: open },
		h("summary", null, h("span", { class: `method ${method}` }, method.toUpperCase()), h("code", null, path), dim(it.summary ?? "", it.deprecated && " (deprecated)")), body);
}

function show() {
	const tags = new Map((root.tags ?? []).map((tag) => [tag.name, { text: tag.description, list: [] }]));
	for (const [path, item] of Object.entries(root.paths ?? {})) {
		for (const method of METHODS.filter((one) => item[one])) {
			const tag = item[method].tags?.[0] ?? "other";
			if (!tags.has(tag)) tags.set(tag, { list: [] });
			tags.get(tag).list.push(operation(path, method, item[method], item.parameters ?? []));
		}
	}
	const filled = [...tags].filter(([, tag]) => tag.list.length > 0);
	main.replaceChildren(
		h("h1", null, root.info?.title ?? "API", " ", dim(root.info?.version ?? "")),
		...[root.info?.description && h("p", null, root.info.description)].filter(Boolean),
		h("p", null, "The document itself: ", h("a", { href: "openapi.json" }, "openapi.json")),
		...(filled.length ? filled.map(([name, tag]) => section(name, tag.text && note(tag.text), tag.list)) : [h("p", { class: "notice" }, "The document lists no operations.")]));
	goto();
}

function goto() {
	let id = location.hash.slice(1);
	try { id = decodeURIComponent(id); } catch { /* A stray percent sign: taken as it is. */ }
	const target = id ? document.getElementById(id) : null;
	if (target?.matches("details")) {
		target.open = true;
		target.querySelector("summary").focus();
	}
}

async function load() {
	main.replaceChildren(h("p", { class: "waiting" }, "Loading the document…"));
	try {
		root = await ask("openapi.json");
		show();
	} catch (error) {
		main.replaceChildren(h("h1", null, "API"), failed(error, load));
	}
}
addEventListener("hashchange", goto);
load();
