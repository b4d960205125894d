//! What a scorecard consists of: each characteristic with its bins, each pair with its table of points.

use super::facts::{Cell as Bin, Facts};
use super::svg::{Axis, Frame, Hang, Picture, Unit};
use super::tables::{Cell, table};
use super::text::{decimal, escaped, percent, points, short};
use crate::bins::Bins;
use crate::card::{Characteristic, Pair};
use std::fmt::Write as _;

/// All characteristics.
pub(super) fn characteristics(facts: &Facts<'_>) -> String {
    let mut html = String::new();
    for (place, one) in facts.card.parts().characteristics.iter().enumerate() {
        html.push_str(&characteristic(facts, place, one));
    }
    html
}

fn characteristic(facts: &Facts<'_>, place: usize, one: &Characteristic) -> String {
    let (first, last) = (facts.reference().cells(one), facts.judged().cells(one));
    let mut badges = vec![format!("information value {}", decimal(information_value(&last), 3))];
    if let Some(check) = facts.trends.iter().find(|check| check.name == one.name) {
        badges.push(format!("risk {}", check.log_odds.name()));
    }
    if let Some(drift) = facts.csi.iter().find(|drift| drift.name == one.name) {
        badges.push(format!("CSI {}", decimal(drift.drift.value, 3)));
    }
    if let Some(influence) = facts.influences.iter().find(|influence| influence.name == one.name) {
        badges.push(format!("AUC {} without it", decimal(-influence.without.difference.value, 4)));
    }
    if !one.dimension.is_empty() {
        badges.push(one.dimension.clone());
    }
    let mut html = format!("<h3 id=\"c{place}\">{}", escaped(&one.name));
    for badge in badges {
        let _ = write!(html, "<span class=\"badge\">{}</span>", escaped(&badge));
    }
    html.push_str("</h3>\n");
    if !one.reason.is_empty() {
        let _ = writeln!(
            html,
            "<p class=\"note\">Reason given when it lowers a score: {}</p>",
            escaped(&one.reason)
        );
    }
    let _ = writeln!(
        html,
        "<div class=\"characteristic\"><figure>{}</figure>{}</div>",
        picture(facts, one, &first, &last),
        bins(facts, one, &first, &last)
    );
    html
}

/// Σ (share of bad − share of good) · WoE, over the bins that hold both.
fn information_value(cells: &[Bin]) -> f64 {
    let rate = |cell: &Bin| cell.bad_rate.map_or(0.0, |rate| rate.value);
    let all: f64 = cells.iter().map(|cell| cell.share * rate(cell)).sum();
    let of = |cell: &Bin| {
        let (bad, good) = (cell.share * rate(cell) / all, cell.share * (1.0 - rate(cell)) / (1.0 - all));
        cell.woe.map_or(0.0, |woe| (bad - good) * woe)
    };
    cells.iter().map(of).sum()
}

/// A bin's short name in the picture: its number, or what stands outside the order.
fn mark(bins: &Bins, bin: usize) -> String {
    if bin == bins.missing() {
        return "none".to_owned();
    }
    if bin >= bins.regular() {
        return format!("s{}", bin - bins.regular() + 1);
    }
    (bin + 1).to_string()
}

/// Shares as bars, bad rates as dots with their intervals.
fn picture(facts: &Facts<'_>, one: &Characteristic, first: &[Bin], last: &[Bin]) -> String {
    let several = facts.samples.len() > 1;
    let shown: Vec<usize> =
        (0..last.len()).filter(|&bin| last[bin].share > 0.0 || first[bin].share > 0.0).collect();
    let rates = shown
        .iter()
        .filter_map(|&bin| last[bin].bad_rate)
        .map(|rate| (rate.high).min(rate.value * 3.0 + 0.01));
    let axis = Axis::up_to(rates.fold(0.0, f64::max), Unit::Share);
    let frame = Frame {
        size: (430.0, 230.0),
        left: 46.0,
        ..Frame::new(&one.name, "bin; bars: share of rows", "bad rate")
    };
    let mut picture = Picture::new(&frame, Axis::new(0.0, shown.len() as f64, Unit::Number), axis);
    picture.heights();
    let tallest =
        shown.iter().map(|&bin| last[bin].share.max(first[bin].share)).fold(0.0, f64::max).max(1e-9);
    let height = |share: f64| share / tallest * (picture.bottom - picture.top) * 0.55;
    let samples: Vec<(&str, &[Bin], &str)> = if several {
        vec![("first soft", first, facts.reference().name), ("last soft", last, facts.judged().name)]
    } else {
        vec![("last soft", last, facts.judged().name)]
    };
    let heights: Vec<Vec<f64>> = samples
        .iter()
        .map(|(_, cells, _)| shown.iter().map(|&bin| height(cells[bin].share)).collect())
        .collect();
    let width = 0.72 / samples.len() as f64;
    for (series, (class, cells, name)) in samples.iter().enumerate() {
        for (place, &bin) in shown.iter().enumerate() {
            let left = picture.across(place as f64 + 0.14 + width * series as f64);
            let right = picture.across(place as f64 + 0.14 + width * (series + 1) as f64);
            let told = format!("{name}, {}: {} of rows", one.bins.text(bin), percent(cells[bin].share));
            let tall = heights[series][place];
            picture.area((left, picture.bottom - tall), ((right - left - 0.5).max(0.6), tall), class, &told);
        }
    }
    // A line through the regular bins only: what stands outside the order is no neighbour of them.
    let dots: Vec<(usize, usize)> =
        shown.iter().copied().enumerate().filter(|(_, bin)| last[*bin].bad_rate.is_some()).collect();
    let along = dots.iter().filter(|(_, bin)| *bin < one.bins.regular());
    let value = |bin: usize| last[bin].bad_rate.map_or(0.0, |rate| rate.value);
    picture.curve(along.map(|&(place, bin)| (place as f64 + 0.5, value(bin))), "line thin bad");
    for &(place, bin) in &dots {
        let Some(rate) = last[bin].bad_rate else { continue };
        let x = picture.across(place as f64 + 0.5);
        picture.upright(x, (rate.low, rate.high), "line bad");
        picture.dot(
            (x, picture.up(rate.value)),
            "bad",
            &format!("{}: bad rate {}", one.bins.text(bin), percent(rate.value)),
        );
    }
    // Every second, third, … number where they would touch.
    let every = shown.len().div_ceil(22).max(1);
    for (place, &bin) in shown.iter().enumerate() {
        if place % every == 0 || bin >= one.bins.regular() {
            let at = (picture.across(place as f64 + 0.5), picture.bottom + 15.0);
            picture.say(at, Hang::Middle, "faint", &mark(&one.bins, bin));
        }
    }
    let (left, right, bottom) = (picture.left, picture.right, picture.bottom);
    picture.line((left, bottom), (right, bottom), "axis");
    picture.end()
}

fn bins(facts: &Facts<'_>, one: &Characteristic, first: &[Bin], last: &[Bin]) -> String {
    let several = facts.samples.len() > 1;
    let (was, is) = (
        format!("share, {}", short(facts.reference().name, 16)),
        format!("share, {}", short(facts.judged().name, 16)),
    );
    let mut heads = vec!["bin", "values", "points"];
    if several {
        heads.push(&was);
    }
    heads.extend([is.as_str(), "bad rate", "log-odds", "observed"]);
    let most = last.iter().chain(first).map(|cell| cell.share).fold(0.0, f64::max);
    let highest = last.iter().filter_map(|cell| cell.bad_rate).map(|rate| rate.value).fold(0.0, f64::max);
    let all = one.attributes.iter().map(|attribute| f64::from(attribute.points));
    let ends = all.fold((0.0, 0.0), |ends: (f64, f64), points| (ends.0.min(points), ends.1.max(points)));
    // What the observed log-odds are called in comparison with the table's: shifted so that both have the same mean.
    let mean = |figure: &dyn Fn(usize) -> Option<f64>| {
        let known = || (0..last.len()).filter(|&bin| last[bin].woe.is_some());
        let sum: f64 = known().filter_map(|bin| Some(last[bin].share * figure(bin)?)).sum();
        sum / known().map(|bin| last[bin].share).sum::<f64>().max(1e-300)
    };
    let shift = mean(&|bin| Some(one.attributes[bin].log_odds)) - mean(&|bin| last[bin].woe);
    let row = |bin: usize| {
        let (attribute, cell) = (&one.attributes[bin], &last[bin]);
        let mut row = vec![Cell::right(mark(&one.bins, bin)), Cell::left(one.bins.text(bin))];
        let class = if attribute.points < 0 { "bad" } else { "good" };
        row.push(Cell::both_ways(points(attribute.points), f64::from(attribute.points), ends, class));
        if several {
            row.push(Cell::bar(percent(first[bin].share), first[bin].share, most, "first"));
        }
        row.push(Cell::bar(percent(cell.share), cell.share, most, "last"));
        row.push(match cell.bad_rate {
            Some(rate) => Cell::bar(percent(rate.value), rate.value, highest, "bad"),
            None => Cell::right("–"),
        });
        row.push(Cell::right(decimal(attribute.log_odds, 3)));
        row.push(match cell.woe {
            Some(woe) => Cell::right(decimal(woe + shift, 3)),
            None => Cell::right("–"),
        });
        row
    };
    table(&[1], &heads, &(0..last.len()).map(row).collect::<Vec<_>>())
}

/// All pairs.
pub(super) fn pairs(facts: &Facts<'_>) -> String {
    facts.card.parts().pairs.iter().enumerate().map(|(place, pair)| heat(place, pair)).collect()
}

/// A table of points, coloured by them: a heat map that can be read.
fn heat(place: usize, pair: &Pair) -> String {
    let most = pair.cells.iter().map(|cell| cell.points.unsigned_abs()).max().unwrap_or(0).max(1);
    let known = pair.cells.iter().any(|cell| cell.weight > 0.0);
    let mut html = format!(
        "<h3 id=\"p{place}\">{} × {}</h3>\n<div class=\"scroll\"><table class=\"heat\"><thead><tr><th class=\"l\">{} ↓ {} →</th>",
        escaped(&pair.first),
        escaped(&pair.second),
        escaped(&pair.first),
        escaped(&pair.second)
    );
    let head = |bins: &Bins, bin: usize| {
        let text = bins.text(bin);
        (escaped(&text), escaped(&short(&text, 48)))
    };
    for bin in 0..pair.columns.count() {
        let (whole, shown) = head(&pair.columns, bin);
        let _ = write!(html, "<th title=\"{whole}\">{shown}</th>");
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in 0..pair.rows.count() {
        let (whole, shown) = head(&pair.rows, row);
        let _ = write!(html, "<tr><th class=\"l\" title=\"{whole}\">{shown}</th>");
        for column in 0..pair.columns.count() {
            let cell = &pair.cells[row * pair.columns.count() + column];
            let strength = f64::from(cell.points.unsigned_abs()) / f64::from(most) * 0.75;
            let colour = if cell.points < 0 { "--b" } else { "--r" };
            let unseen = known && cell.weight <= 0.0;
            let told = if known {
                format!(
                    "log-odds {}; weight {} when fitted",
                    decimal(cell.log_odds, 3),
                    decimal(cell.weight, 0)
                )
            } else {
                format!("log-odds {}", decimal(cell.log_odds, 3))
            };
            let _ = write!(
                html,
                "<td{} style=\"background:rgba(var({colour}),{strength:.2})\" title=\"{told}\">{}</td>",
                if unseen { " class=\"unseen\"" } else { "" },
                points(cell.points)
            );
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody></table></div>\n"
}
