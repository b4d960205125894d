//! What `foretell` found, as a Markdown page and a picture.

use crate::app::{Foretold, ForetoldAt, Measured, Rankings};
use std::fmt::Write as _;

/// What was asked, as the page repeats it.
pub(super) struct Asked {
    pub(super) command: String,
    pub(super) horizon: String,
    pub(super) delivered_weight: f64,
}

/// A value with its interval.
pub(super) fn interval(measured: &Measured) -> String {
    format!("{:.3} ({:.3} to {:.3})", measured.value, measured.low, measured.high)
}

/// The page.
pub(super) fn page(asked: &Asked, foretold: &Foretold) -> String {
    let mut page = String::new();
    let weighing = if (asked.delivered_weight - 1.0).abs() < f64::EPSILON {
        "Every order counts once.".to_owned()
    } else {
        format!(
            "A delivered order counts {} times, because the sample holds only one of so many; all others count once.",
            asked.delivered_weight
        )
    };
    let _ = write!(
        page,
        "# How well the merchant score foretells bad orders\n\n\
         Made by\n\n```\n{}\n```\n\n\
         At the end of each date every merchant is scored from what was known then. Then the orders placed with it in the\n\
         {} after the date are looked at, by everything the log knows at its end. An order went badly when it was rated with\n\
         one or two stars, was cancelled (by whomever), or never arrived.\n{weighing}\n\n\
         The figure is the area under the curve (AUC): the chance that, of a bad and a good order, the bad one is with the\n\
         merchant that stood lower. 0.5 is a coin, 1 is prophecy. Beside it stands the plain mean of the merchant's ratings\n\
         known at the date (the platform's mean where there are none). In brackets is the 95 % interval from 500 resamplings of\n\
         merchants, all orders of one together; the difference is resampled with both on the same merchants.\n\n",
        asked.command, asked.horizon
    );
    page.push_str("| scored at the end of | orders | bad | share of bad, weighted | merchants | AUC of the score | AUC of the mean rating | difference |\n|---|---:|---:|---:|---:|---|---|---|\n");
    for at in &foretold.dates {
        row(&mut page, at.date.as_deref().unwrap_or_default(), at);
    }
    row(&mut page, "**all**, pairs within a date", &foretold.within);
    row(&mut page, "**all**, pairs across dates too", &foretold.across);
    page.push_str("\n![AUC by date](pictures/foretell.svg)\n\n## What it shows\n\n");
    findings(&mut page, foretold);
    let _ = write!(
        page,
        "\nThis is no proof for a card that was tuned on the same months: it flatters such a card, and months kept aside decide.\n\
         Dates lie closer together than the horizon is long, so neighbouring rows share orders and are no independent trials.\n\
         Orders left out because they were neither delivered, lost nor rated low by the end of the log: {}.\n\
         Scorecard `{}`.\n",
        foretold.undecided,
        foretold.scorecard.get(..16).unwrap_or_default()
    );
    page
}

fn row(page: &mut String, name: &str, at: &ForetoldAt) {
    let figures = match &at.rankings {
        Some(Rankings { score, rating, difference }) => {
            format!(
                "{} | {} | {:+.3} ({:+.3} to {:+.3})",
                interval(score),
                interval(rating),
                difference.value,
                difference.low,
                difference.high
            )
        }
        None => "all ended alike | | ".to_owned(),
    };
    let _ = writeln!(
        page,
        "| {name} | {} | {} | {:.1} % | {} | {figures} |",
        at.orders,
        at.bad,
        at.bad_share * 100.0,
        at.merchants
    );
}

/// The table in words, whatever it says.
fn findings(page: &mut String, foretold: &Foretold) {
    let ranked: Vec<(&str, &Rankings)> =
        foretold.dates.iter().filter_map(|at| Some((at.date.as_deref()?, at.rankings.as_ref()?))).collect();
    let named = |which: &dyn Fn(&Rankings) -> bool| {
        let names: Vec<&str> =
            ranked.iter().filter(|(_, rankings)| which(rankings)).map(|(date, _)| *date).collect();
        (names.len(), if names.is_empty() { "none".to_owned() } else { names.join(", ") })
    };
    let of = ranked.len();
    let (better, _) = named(&|rankings| rankings.difference.value > 0.0);
    let (surely, surely_names) = named(&|rankings| rankings.difference.low > 0.0);
    let (_, not_better) = named(&|rankings| rankings.difference.value <= 0.0);
    let (_, surely_worse) = named(&|rankings| rankings.difference.high < 0.0);
    let (_, below_coin) = named(&|rankings| rankings.score.value <= 0.5);
    let (above, _) = named(&|rankings| rankings.score.low > 0.5);
    let _ = writeln!(
        page,
        "- The score ranks better than the mean rating at {better} of {of} dates; beyond the interval at {surely} ({surely_names})."
    );
    let _ = writeln!(
        page,
        "- Not better than the mean rating at: {not_better}. Worse beyond the interval at: {surely_worse}."
    );
    let _ = writeln!(
        page,
        "- The score is better than a coin beyond its interval at {above} of {of} dates. No better than a coin at: {below_coin}."
    );
    if let Some(all) = &foretold.within.rankings {
        let verdict = if all.difference.low > 0.0 {
            "better than the mean rating, beyond chance"
        } else if all.difference.high < 0.0 {
            "worse than the mean rating, beyond chance"
        } else {
            "not told apart from the mean rating by these data"
        };
        let _ = writeln!(
            page,
            "- Over all dates together, with pairs within a date, the score is {verdict}: {:.3} against {:.3}.",
            all.score.value, all.rating.value
        );
    }
    let strength = foretold.within.rankings.as_ref().map(|all| all.score.value).unwrap_or(0.5);
    if strength < 0.6 {
        page.push_str("- In absolute terms this is a weak forecast: most bad orders come from merchants of whom little or nothing bad was known.\n  The score orders merchants a little better than chance, and no single order should be judged by it.\n");
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 48.0;

/// AUC by date: score and mean rating, each with its interval.
pub(super) fn picture(foretold: &Foretold) -> String {
    let ranked: Vec<(&str, &Rankings)> =
        foretold.dates.iter().filter_map(|at| Some((at.date.as_deref()?, at.rankings.as_ref()?))).collect();
    let ends = ranked.iter().flat_map(|(_, r)| [r.score.low, r.score.high, r.rating.low, r.rating.high]);
    let (low, high) = ends.fold((0.45_f64, 0.65_f64), |(low, high), end| (low.min(end), high.max(end)));
    let (low, high) = ((low * 20.0).floor() / 20.0, (high * 20.0).ceil() / 20.0);
    let y = |value: f64| TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM);
    let step = (WIDTH - LEFT - RIGHT) / ranked.len().max(1) as f64;
    let x = |at: usize| LEFT + step * (at as f64 + 0.5);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>AUC of bad orders in the horizon after each date: merchant score and mean rating, 95 % intervals</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    grid(&mut svg, low, high, &y);
    for (at, (date, _)) in ranked.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#333333\">{}</text>",
            x(at),
            HEIGHT - BOTTOM + 20.0,
            date.get(..7).unwrap_or(date)
        );
    }
    series(&mut svg, &ranked, &x, &y);
    let _ = write!(
        svg,
        "<text x=\"{:.0}\" y=\"24\" text-anchor=\"end\" fill=\"#555555\">AUC of bad orders, bars: 95 % interval, 0.50: a coin</text>\n<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#555555\">scored at the end of</text>\n</svg>\n",
        WIDTH - RIGHT,
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 10.0
    );
    svg
}

/// Lines across at every 0.05, the coin's darker.
fn grid(svg: &mut String, low: f64, high: f64, y: &dyn Fn(f64) -> f64) {
    let lines = ((high - low) / 0.05).round() as usize;
    for line in 0..=lines {
        let value = low + 0.05 * line as f64;
        let (at, coin) = (y(value), (value - 0.5).abs() < 1e-9);
        let stroke = if coin { "#555555" } else { "#dddddd" };
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"{stroke}\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#333333\">{value:.2}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0
        );
    }
}

/// Picks the measure that a line shows.
type Part = fn(&Rankings) -> &Measured;

/// Points, intervals and legend of both rankings.
fn series(svg: &mut String, ranked: &[(&str, &Rankings)], x: &dyn Fn(usize) -> f64, y: &dyn Fn(f64) -> f64) {
    let series: [(&str, &str, f64, Part); 2] =
        [("score", "#0b6e4f", -6.0, |r| &r.score), ("mean rating", "#b8500b", 6.0, |r| &r.rating)];
    for (index, (name, colour, shift, of)) in series.into_iter().enumerate() {
        let mut path = String::new();
        for (at, (_, rankings)) in ranked.iter().enumerate() {
            let (across, measured) = (x(at) + shift, of(rankings));
            let _ = writeln!(
                svg,
                "<line x1=\"{across:.1}\" x2=\"{across:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-opacity=\"0.45\" stroke-width=\"3\"/>",
                y(measured.low),
                y(measured.high)
            );
            let _ = writeln!(
                svg,
                "<circle cx=\"{across:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{colour}\"/>",
                y(measured.value)
            );
            let _ = write!(path, "{across:.1},{:.1} ", y(measured.value));
        }
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            path.trim_end()
        );
        let legend = LEFT + 130.0 * index as f64;
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.0}\" cy=\"20\" r=\"5\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"24\" fill=\"#333333\">{name}</text>",
            legend + 6.0,
            legend + 18.0
        );
    }
}
