// Charts drawn by hand in SVG. Each stands beside the same figures as text or table; colour is never the only sign.

import { h, shape, count, day } from "./element.js";

/** The score's scale and its tiers from worst to best, as bands with both ends. */
export function bandsOf(platform, kind) {
	const bins = platform?.score_histogram?.[kind] ?? [];
	const tiers = (platform?.tiers?.[kind] ?? []).filter((tier) => Number.isFinite(tier.from)).sort((a, b) => a.from - b.from);
	const low = bins.length ? Math.min(...bins.map((bin) => bin.from)) : 350;
	const high = bins.length ? Math.max(...bins.map((bin) => bin.to)) : 950;
	const list = tiers.map((tier, i) => ({
		...tier,
		from: Math.max(low, tier.from),
		to: Math.min(high, tiers[i + 1]?.from ?? high),
		shade: shade(i, tiers.length),
		step: i + 1,
		steps: tiers.length,
	}));
	return { low, high, list, bins, titles: new Map(platform?.tiers?.[kind]?.map((tier) => [tier.name, tier.title])), of: (score) => list.findLast((band) => score >= band.from) ?? list[0] };
}

// Seven shades run from worst to best, however many tiers there are.
const shade = (i, n) => (n < 2 ? 3 : Math.round((i * 6) / (n - 1)));

/** A tier as text, with a staircase that fills as the tier rises. */
export function tierMark(bands, name, title) {
	const band = bands.list.find((one) => one.name === name);
	const bars = band && shape("svg", { class: `stairs fill k${band.shade}`, width: band.steps * 4, height: 12, "aria-hidden": "true" },
		bands.list.map((_, i) => {
			const height = 3 + (9 * (i + 1)) / band.steps;
			return shape("rect", { x: i * 4, y: 12 - height, width: 3, height, class: i < band.step ? "" : "off" });
		}));
	return h("span", { class: "tier" }, bars, title ?? bands.titles.get(name) ?? name ?? "–");
}

const text = (x, y, anchor, name, said) => shape("text", { x, y, "text-anchor": anchor, class: name }, said);
const percent = (value, low, high) => Math.min(100, Math.max(0, (100 * (value - low)) / (high - low || 1)));

/** A score with its range, small enough for a table's cell. */
export function rangeMark(bands, item) {
	const at = (value) => percent(value, bands.low, bands.high);
	const band = bands.of(item.score);
	return shape("svg", { class: `range fill k${band?.shade ?? 3}`, width: "100%", height: 14, "aria-hidden": "true" },
		shape("line", { x1: "0%", x2: "100%", y1: 7, y2: 7, class: "rail" }),
		shape("rect", { x: `${at(item.low)}%`, width: `${Math.max(0.5, at(item.high) - at(item.low))}%`, y: 4, height: 6, rx: 3, class: "spread" }),
		shape("circle", { cx: `${at(item.score)}%`, cy: 7, r: 4 }));
}

/** Calls `draw(width)` now and whenever the width changes, so that text in a chart keeps its size. */
function drawn(label, height, draw) {
	const box = h("div", { class: "chart", role: "img", "aria-label": label });
	box.style.height = `${height}px`; // Known beforehand, so that drawing never resizes what is observed.
	let before = 0;
	new ResizeObserver(() => {
		const width = Math.floor(box.clientWidth);
		if (width < 1 || width === before) return;
		before = width;
		box.replaceChildren(shape("svg", { width, height }, draw(width)));
	}).observe(box);
	return box;
}

/** How many parties have which score; each bar wears the shade of its tier, and the tiers are named below. */
export function histogram(bands, noun) {
	const most = Math.max(1, ...bands.bins.map((bin) => bin.parties));
	const total = bands.bins.reduce((sum, bin) => sum + bin.parties, 0);
	const peak = bands.bins.find((bin) => bin.parties === most);
	const label = `Scores of ${count(total)} ${noun}; most common ${peak?.from ?? "–"} to ${peak?.to ?? "–"}.`;
	return drawn(label, 134, (width) => {
		const base = 96, x = (score) => (width * (score - bands.low)) / (bands.high - bands.low);
		return [
			bands.bins.map((bin) => {
				// One party must still be seen beside a thousand.
				const height = bin.parties ? Math.max(2, (bin.parties / most) * (base - 16)) : 0;
				return shape("rect", { x: x(bin.from) + 1, y: base - height, width: Math.max(1, x(bin.to) - x(bin.from) - 2), height, class: `fill k${bands.of((bin.from + bin.to) / 2)?.shade ?? 3}` },
					shape("title", null, `${bin.from} to ${bin.to}: ${count(bin.parties)}`));
			}),
			peak && text(Math.min(width - 20, Math.max(20, x((peak.from + peak.to) / 2))), 11, "middle", null, count(most)),
			tierStrip(bands, x, base + 3, width)];
	});
}

// The tiers as a strip under a chart: name inside when it fits, the score at each border.
function tierStrip(bands, x, y, width) {
	let last = -40;
	const borders = [...bands.list.map((band) => band.from), bands.high].map((score) => {
		const at = x(score);
		if (at - last < 34 || (score !== bands.high && width - at < 34)) return null;
		last = at;
		return text(at, y + 31, at < 12 ? "start" : at > width - 12 ? "end" : "middle", "faint", score);
	});
	return shape("g", null,
		bands.list.map((band) => {
			const room = x(band.to) - x(band.from);
			return shape("g", null,
				shape("rect", { x: x(band.from) + 0.5, y, width: Math.max(0, room - 1), height: 18, class: `tint k${band.shade}` }, shape("title", null, `${band.title}: from ${band.from}`)),
				room > band.title.length * 6.6 + 6 && text(x(band.from) + room / 2, y + 13, "middle", null, band.title));
		}), borders);
}

/** One score on its scale: the range that the history supports, the score itself, the tiers below. */
export function scale(bands, it) {
	return drawn(`Score ${it.score} on a scale from ${bands.low} to ${bands.high}; range ${it.low} to ${it.high}.`, 76, (width) => {
		const x = (score) => Math.min(width, Math.max(0, (width * (score - bands.low)) / (bands.high - bands.low)));
		const at = Math.min(width - 1, Math.max(1, x(it.score)));
		return [
			tierStrip(bands, x, 40, width),
			shape("path", { d: `M${x(it.low)} 24v12M${x(it.low)} 30H${x(it.high)}M${x(it.high)} 24v12`, class: "whisker" }),
			shape("path", { d: `M${at} 18V40`, class: "needle" }),
			shape("circle", { cx: at, cy: 30, r: 5, class: "needle-head" }),
			text(Math.min(width - 16, Math.max(16, at)), 13, "middle", "strong", it.score)];
	});
}

/** Where one step of the waterfall lies, from the sum before it to the sum after; the base and the score are single marks. */
export function stepMark(step, low, high) {
	const at = (value) => percent(value, low, high);
	const from = at(step.before), to = at(step.after);
	const box = { class: `step ${step.kind}`, width: "100%", height: 24, "aria-hidden": "true" };
	if (step.kind === "mark") return shape("svg", box, shape("line", { x1: `${to}%`, x2: `${to}%`, y1: 0, y2: 24, class: "needle" }));
	return shape("svg", box,
		shape("line", { x1: `${from}%`, x2: `${from}%`, y1: 0, y2: 6, class: "joint" }),
		shape("line", { x1: `${to}%`, x2: `${to}%`, y1: 6, y2: 24, class: "joint" }),
		shape("rect", { x: `${Math.min(from, to)}%`, width: `${Math.abs(to - from)}%`, y: 6, height: 12 }));
}

/** Points for and against, from a line in the middle. */
export function pointsMark(points, most) {
	const length = (50 * Math.abs(points)) / (most || 1);
	return shape("svg", { class: `step ${points < 0 ? "down" : "up"}`, width: "100%", height: 16, "aria-hidden": "true" },
		shape("rect", { x: `${points < 0 ? 50 - length : 50}%`, width: `${length}%`, y: 3, height: 10 }),
		shape("line", { x1: "50%", x2: "50%", y1: 0, y2: 16, class: "axis" }));
}

/** The score over time with its range, over the tiers' bands. */
export function history(bands, items) {
	const first = Date.parse(items[0].as_of), last = Date.parse(items.at(-1).as_of);
	const lowest = Math.min(...items.map((item) => item.low)), highest = Math.max(...items.map((item) => item.high));
	const from = Math.max(bands.low, lowest - 25), to = Math.min(bands.high, highest + 25);
	const label = `Score from ${day(items[0].as_of)} (${items[0].score}) to ${day(items.at(-1).as_of)} (${items.at(-1).score}).`;
	return drawn(label, 172, (width) => {
		const left = 30, top = 6, bottom = 150, right = width - 6;
		const x = (item) => (first === last ? (left + right) / 2 : left + ((right - left) * (Date.parse(item.as_of) - first)) / (last - first));
		const y = (score) => bottom - ((bottom - top) * (Math.min(to, Math.max(from, score)) - from)) / (to - from || 1);
		const line = (list, key) => list.map((item) => `${x(item).toFixed(1)} ${y(item[key]).toFixed(1)}`).join("L");
		const seen = bands.list.filter((band) => band.to > from && band.from < to);
		let under = bottom + 99;
		return [
			seen.map((band) => {
				const above = y(band.to), below = y(band.from);
				const edge = band.from > from && under - below > 12;
				if (edge) under = below;
				return shape("g", null,
					shape("rect", { x: left, y: above, width: right - left, height: Math.max(0, below - above - 1), class: `tint k${band.shade}` }),
					edge && text(left - 4, below + 4, "end", "faint", band.from));
			}),
			shape("path", { d: `M${line(items, "low")}L${line([...items].reverse(), "high")}Z`, class: "cloud" }),
			shape("path", { d: `M${line(items, "score")}`, class: "trace" }),
			items.map((item) => shape("circle", { cx: x(item), cy: y(item.score), r: items.length > 60 ? 1.5 : 3, class: "needle-head" }, shape("title", null, `${day(item.as_of)}: ${item.score} (${item.low} to ${item.high})`))),
			// Names lie over the line, which may run through them.
			seen.filter((band) => y(band.from) - y(band.to) > 15).map((band) => text(left + 8, y(band.to) + 12, "start", "haloed", band.title)),
			text(left, bottom + 17, "start", "faint", day(items[0].as_of)),
			first !== last && text(right, bottom + 17, "end", "faint", day(items.at(-1).as_of))];
	});
}
