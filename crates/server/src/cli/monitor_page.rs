//! A scorecard in force as a page of its own: no script, no font, nothing from elsewhere.

use super::picture::escaped;
use crate::app::{Drifted, Monitored, PartRow};
use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 220.0;
const ROW: f64 = 20.0;

/// The page.
pub(super) fn page(found: &Monitored) -> String {
    let name = escaped(&found.card.name);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}, watched</title>\n<style>body{{font:14px/1.5 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}\
         table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #ddd}}\
         .act{{color:#a40000;font-weight:bold}}.watch{{color:#8a5a00}}svg{{width:100%;height:auto}}</style></head><body>\n\
         <h1>{name}</h1>\n<p>As of {}: {} parties. Scorecard {}.</p>\n",
        escaped(&found.as_of),
        found.parties,
        escaped(&found.card.hash),
    );
    if found.alarms.is_empty() {
        page += "<p>Nothing wants looking at.</p>\n";
    }
    for alarm in &found.alarms {
        let _ = writeln!(page, "<p class=\"{}\">{}: {}</p>", alarm.level, alarm.what, escaped(&alarm.detail));
    }
    if let Some(against) = &found.against {
        let _ = write!(page, "<h2>Stability against {}</h2>\n{}", escaped(against), indices(&found.drift));
    }
    if !found.vintages.is_empty() {
        let label = escaped(found.label.as_deref().unwrap_or_default());
        let _ = write!(
            page,
            "<h2>{label}: bad rates by vintage, and what was foretold</h2>\n{}",
            vintages(&found.vintages)
        );
    }
    if !found.decisions.is_empty() {
        page += "<h2>Decisions</h2>\n<table><tr><th>month</th><th>asked</th><th>decisions</th><th>let through</th></tr>\n";
        for one in &found.decisions {
            let rate = one.rate.map_or(0.0, |rate| 100.0 * rate.value);
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{} ({rate:.1} %)</td></tr>",
                escaped(&one.month),
                escaped(&one.request),
                one.decisions,
                one.approved
            );
        }
        page += "</table>\n";
    }
    page += "<h2>Tiers</h2>\n<table>\n";
    for (tier, parties) in &found.tiers {
        let _ = writeln!(page, "<tr><td>{}</td><td>{parties}</td></tr>", escaped(tier));
    }
    page += "</table>\n";
    for remark in &found.remarks {
        let _ = writeln!(page, "<p>{}</p>", escaped(remark));
    }
    page + "</body></html>\n"
}

fn begin(rows: usize, title: &str) -> String {
    let height = 30.0 + ROW * rows as f64;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\"><title>{title}</title>\n"
    )
}

/// A bar for each index, with lines where one begins to watch and to act.
fn indices(all: &[Drifted]) -> String {
    let most = all.iter().map(|one| one.value).fold(0.3, f64::max);
    let across = |value: f64| LEFT + (WIDTH - LEFT - 60.0) * (value / most).clamp(0.0, 1.0);
    let mut svg = begin(all.len(), "stability indices");
    let height = ROW * all.len() as f64;
    for limit in [0.1, 0.25] {
        let x = across(limit);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{height:.1}\" stroke=\"#999\" stroke-dasharray=\"3 3\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{limit}</text>",
            height + 16.0
        );
    }
    for (place, one) in all.iter().enumerate() {
        let y = ROW * place as f64;
        let colour = match one.verdict {
            "act" => "#a40000",
            "watch" => "#c98a1b",
            _ => "#4a7ab5",
        };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"12\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\">{:.3}</text>",
            LEFT - 8.0,
            y + 14.0,
            escaped(&one.of),
            y + 4.0,
            across(one.value) - LEFT,
            across(one.value) + 6.0,
            y + 14.0,
            one.value
        );
    }
    svg + "</svg>\n"
}

/// The interval of each vintage's bad rate, and a mark where the scores expected it.
fn vintages(all: &[PartRow]) -> String {
    let high = |one: &PartRow| one.bad_rate.map_or(0.0, |rate| rate.high).max(one.predicted.unwrap_or(0.0));
    let most = all.iter().map(high).fold(0.01, f64::max);
    let across = |value: f64| LEFT + (WIDTH - LEFT - 20.0) * (value / most).clamp(0.0, 1.0);
    let mut svg = begin(all.len(), "bad rates by vintage");
    for (place, one) in all.iter().enumerate() {
        let y = ROW * place as f64 + 10.0;
        let day = one.part.get(..10).unwrap_or(&one.part);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} ({} rows)</text>",
            LEFT - 8.0,
            y + 4.0,
            escaped(day),
            one.rows
        );
        if let Some(rate) = one.bad_rate {
            let _ = writeln!(
                svg,
                "<line x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#4a7ab5\" stroke-width=\"2\"/><circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#4a7ab5\"/>",
                across(rate.low),
                across(rate.high),
                across(rate.value)
            );
        }
        if let Some(predicted) = one.predicted {
            let x = across(predicted);
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {:.1} v12\" stroke=\"#a40000\" stroke-width=\"2\"/>",
                y - 6.0
            );
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{:.1}\" fill=\"#555\">dot and line: observed, 95 %; red mark: foretold; to the right {:.1} %</text>",
        ROW * all.len() as f64 + 18.0,
        100.0 * most
    );
    svg + "</svg>\n"
}
