// The page at `/`: reads the address, shows the view it names, keeps the view while only its parameters change.
//   #/merchants?q=&tier=&sort=&page=&cursor=    #/buyers?…    #/party/merchant:abc?as_of=2018-05-01

import { h } from "./element.js";
import { ranking } from "./ranking.js";
import { party } from "./party.js";

const main = document.getElementById("main");
let shown = null;

function route() {
	const [path, query] = location.hash.replace(/^#/, "").split("?", 2);
	const parameters = Object.fromEntries(new URLSearchParams(query ?? ""));
	const of = { "": "merchant", "/": "merchant", "/merchants": "merchant", "/buyers": "buyer" }[path];
	if (of) return { key: of, open: (place) => ranking(place, of), parameters, of };
	const reference = path.startsWith("/party/") ? decoded(path.slice(7)) : null;
	if (/^(merchant|buyer):./.test(reference ?? "")) {
		return { key: reference, open: (place) => party(place, reference), parameters, of: reference.split(":", 1)[0] };
	}
	return { key: "?", open: unknown, parameters };
}

function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return null;
	}
}

function unknown(place) {
	place.replaceChildren(h("h1", { tabindex: "-1" }, "No such page"),
		h("p", null, "Start from Merchants or Buyers above."));
	return { title: "No such page", update() {}, close() {} };
}

function go() {
	if (location.hash === "#main") return main.focus();
	const next = route();
	const fresh = shown?.key !== next.key;
	if (fresh) {
		shown?.view.close();
		const first = shown === null;
		shown = { key: next.key, view: next.open(main) };
		document.title = `${shown.view.title} · Probity`;
		for (const link of document.querySelectorAll("nav [data-view]")) {
			if (link.dataset.view === next.of) link.setAttribute("aria-current", /^(merchant|buyer)$/.test(next.key) ? "page" : "true");
			else link.removeAttribute("aria-current");
		}
		if (!first) {
			scrollTo(0, 0);
			main.querySelector("h1")?.focus({ preventScroll: true });
		}
	}
	shown.view.update(next.parameters);
}

// The skip link moves the focus and leaves the address alone.
document.querySelector(".skip").addEventListener("click", (event) => {
	event.preventDefault();
	main.focus();
});
addEventListener("hashchange", go);
go();
