//! The HTML page.

use super::charts;
use super::facts::Facts;
use super::tables::{Cell, table};
use super::terms::{characteristics, pairs};
use super::text::{count, decimal, ends, escaped, how_to_read, interval, p_value, percent, too_few};
use super::warnings::warnings;
use crate::validation::{Estimate, Fairness, Part};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

/// A section: its anchor, its title, what it holds. One that holds nothing is left out.
struct Section {
    anchor: &'static str,
    title: &'static str,
    body: String,
}

/// The whole page.
pub(super) fn page(facts: &Facts<'_>) -> String {
    let sections = [
        ("warnings", "What to look at first", warned(facts)),
        ("performance", "Performance", performance(facts)),
        ("cut-offs", "Cut-offs", cut_offs(facts)),
        ("gains", "Gains and lift", gains(facts)),
        ("stability", "Stability", stability(facts)),
        ("time", "Over time", over_time(facts)),
        ("segments", "Segments", segments(facts)),
        (
            "fairness",
            "Fairness",
            facts.fairness.iter().map(|(name, found)| fairness(facts, name, found)).collect(),
        ),
        ("columns", "What the card owes to each column", columns(facts)),
        ("characteristics", "Characteristics", with_note(characteristics(facts), CHARACTERISTICS)),
        ("pairs", "Pairs", with_note(pairs(facts), PAIRS)),
        ("reading", "How to read the points, and where they come from", reading(facts)),
    ];
    let sections: Vec<Section> = sections
        .into_iter()
        .map(|(anchor, title, body)| Section { anchor, title, body })
        .filter(|section| !section.body.is_empty())
        .collect();
    let title = escaped(facts.title());
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    head(facts, &mut html);
    html.push_str("<nav>");
    for section in &sections {
        let _ = write!(html, "<a href=\"#{}\">{}</a>", section.anchor, escaped(section.title));
    }
    html.push_str("</nav>\n");
    for section in &sections {
        let _ = write!(
            html,
            "<section>\n<h2 id=\"{}\">{}</h2>\n{}</section>\n",
            section.anchor,
            escaped(section.title),
            section.body
        );
    }
    let moment = if facts.options.moment.is_empty() {
        String::new()
    } else {
        format!(", {}", escaped(&facts.options.moment))
    };
    let _ = write!(
        html,
        "<footer>Made by Probity{moment}. Intervals are of 95 %. Nothing on this page is fetched from elsewhere.</footer>\n</main>\n</body>\n</html>\n"
    );
    html
}

const CHARACTERISTICS: &str = "Bars: share of rows in each bin. Dots: observed bad rate with its interval (Wilson). In the tables, log-odds are what the bin adds to the log-odds of bad; \
beside them stand the observed ones (weight of evidence, shifted to the same mean), which other characteristics may explain in part. Points are the card's own.";
const PAIRS: &str = "What two columns give together, beyond what each gives alone. Green adds points, orange takes them. Faint figures stand where no row was seen when the card was fitted.";

fn with_note(body: String, note: &str) -> String {
    if body.is_empty() { body } else { format!("<p class=\"note\">{}</p>\n{body}", escaped(note)) }
}

fn head(facts: &Facts<'_>, html: &mut String) {
    let (parts, judged) = (facts.card.parts(), facts.judged());
    let performance = &judged.performance;
    let terms = match parts.pairs.len() {
        0 => String::new(),
        1 => " and 1 pair".to_owned(),
        pairs => format!(" and {pairs} pairs"),
    };
    let lead = format!(
        "Scorecard for {} by the method {}: {} characteristics{terms}. Judged by {}: {} rows, {} of them bad.",
        parts.target,
        parts.method,
        parts.characteristics.len(),
        judged.name,
        count(performance.rows as f64),
        count(performance.bad_rows as f64)
    );
    let _ = writeln!(html, "<p class=\"lead\">{}</p>", escaped(&lead));
    if !facts.options.purpose.is_empty() {
        let _ = writeln!(html, "<p>{}</p>", escaped(&facts.options.purpose));
    }
    let auc = &performance.auc;
    let mut tiles = vec![
        (decimal(auc.value, 3), format!("AUC, {}", ends(&auc.estimate(), 3))),
        (decimal(auc.gini().value, 3), format!("Gini, {}", ends(&auc.gini(), 3))),
        (decimal(performance.ks.value, 3), "KS".to_owned()),
        (
            percent(performance.bad_rate.value),
            format!("bad rate; predicted {}", percent(performance.predicted)),
        ),
        (decimal(performance.brier.score.value, 4), format!("Brier, {}", ends(&performance.brier.score, 4))),
    ];
    if let Some(drift) = &facts.drift {
        tiles.push((decimal(drift.value, 3), format!("PSI against {}", facts.reference().name)));
    }
    html.push_str("<div class=\"tiles\">");
    for (figure, words) in tiles {
        let _ = write!(
            html,
            "<div class=\"tile\"><b>{}</b><span>{}</span></div>",
            escaped(&figure),
            escaped(&words)
        );
    }
    html.push_str("</div>\n");
}

fn figure(title: &str, remark: &str, svg: &str) -> String {
    format!(
        "<figure><figcaption>{}<small>{}</small></figcaption>{svg}</figure>\n",
        escaped(title),
        escaped(remark)
    )
}

/// A figure and its interval.
fn noted(estimate: &Estimate, decimals: usize) -> Cell {
    Cell::Noted(decimal(estimate.value, decimals), ends(estimate, decimals))
}

/// A share and its interval.
fn shared(share: Option<Estimate>) -> Cell {
    share.map_or_else(
        || Cell::right("–"),
        |share| Cell::Noted(percent(share.value), interval(&share, percent)),
    )
}

fn charts_in_rows(figures: &[String]) -> String {
    format!("<div class=\"charts\">{}</div>\n", figures.concat())
}

fn warned(facts: &Facts<'_>) -> String {
    let found = warnings(facts);
    if found.is_empty() {
        return "<p>Nothing stands out: no leakage, no drift that matters, no broken trend, no group that is treated differently.</p>\n".to_owned();
    }
    let mut html = String::from("<ul class=\"warnings\">\n");
    for warning in found {
        let _ = writeln!(
            html,
            "<li class=\"{}\"><b>{}</b>{} <span class=\"badge\">{}</span></li>",
            warning.weight.name(),
            escaped(&warning.of),
            escaped(&warning.text),
            warning.weight.name()
        );
    }
    html + "</ul>\n"
}

fn performance(facts: &Facts<'_>) -> String {
    let heads = [
        "sample",
        "rows",
        "bad",
        "bad rate",
        "AUC",
        "Gini",
        "KS",
        "AUC of points",
        "Brier",
        "log loss",
        "slope",
        "in the large",
        "Spiegelhalter p",
    ];
    let row = |sample: &super::facts::Measured<'_>| {
        let p = &sample.performance;
        vec![
            Cell::left(sample.name),
            Cell::right(count(p.rows as f64)),
            Cell::right(count(p.bad_rows as f64)),
            shared(Some(p.bad_rate)),
            noted(&p.auc.estimate(), 3),
            noted(&p.auc.gini(), 3),
            Cell::right(decimal(p.ks.value, 3)),
            Cell::right(decimal(sample.points.value, 3)),
            noted(&p.brier.score, 4),
            noted(&p.log_loss, 4),
            p.line.slope.map_or_else(|| Cell::right("–"), |slope| noted(&slope, 2)),
            noted(&p.line.in_the_large, 3),
            Cell::right(p.spiegelhalter.map_or_else(|| "–".to_owned(), |test| p_value(test.p))),
        ]
    };
    let brier = &facts.judged().performance.brier;
    let parts = format!(
        "Brier's score of {} is reliability {} − resolution {} + uncertainty {} and {} within bins. Slope 1 and in-the-large 0 are true calibration; a small p of Spiegelhalter's test speaks against it.",
        facts.judged().name,
        decimal(brier.reliability, 5),
        decimal(brier.resolution, 5),
        decimal(brier.uncertainty, 5),
        decimal(brier.within, 5)
    );
    charts_in_rows(&[
        figure(
            "Scores of good and bad rows",
            &format!("{}; each class by itself makes 100 %", facts.judged().name),
            &charts::distribution(facts),
        ),
        figure("ROC", "the further above the diagonal, the better", &charts::roc(facts)),
        figure(
            "Kolmogorov–Smirnov",
            &format!("{}: where good and bad lie furthest apart", facts.judged().name),
            &charts::ks(facts),
        ),
        figure(
            "Calibration",
            "tenths of rows, with intervals; the diagonal is truth",
            &charts::calibration(facts),
        ),
    ]) + &table(&[0], &heads, &facts.samples.iter().map(row).collect::<Vec<_>>())
        + &format!("<p class=\"note\">{}</p>\n", escaped(&parts))
}

fn cut_offs(facts: &Facts<'_>) -> String {
    let judged = facts.judged();
    let mut cuts: Vec<i32> = vec![facts.cut_off];
    // The scores that approve about 10, 20, … 90 % of the rows.
    let points = judged.by_score.roc();
    let rate = judged.performance.bad_rate.value;
    for tenth in 1..10 {
        let wanted = f64::from(tenth) / 10.0;
        let refused =
            |place: usize| rate * points[place].true_positive + (1.0 - rate) * points[place].false_positive;
        if let Some(place) = (1..points.len()).find(|&place| refused(place) >= wanted) {
            cuts.push(-points[place].risk as i32 + 1);
        }
    }
    cuts.sort_unstable();
    cuts.dedup();
    let optional = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
    let row = |cut: &i32| {
        let at = judged.by_score.confusion(-f64::from(*cut));
        vec![
            Cell::left(if *cut == facts.cut_off { format!("{cut} ← used here") } else { cut.to_string() }),
            Cell::bar(percent(at.approval_rate()), at.approval_rate(), 1.0, "good"),
            Cell::right(optional(at.bad_rate_approved())),
            Cell::right(percent(at.recall())),
            Cell::right(percent(at.specificity())),
            Cell::right(optional(at.precision())),
            Cell::right(percent(at.accuracy())),
            Cell::right(count(at.good_approved)),
            Cell::right(count(at.bad_approved)),
            Cell::right(count(at.good_refused)),
            Cell::right(count(at.bad_refused)),
        ]
    };
    let heads = [
        "approved from score",
        "approved",
        "bad among approved",
        "bad caught",
        "good approved",
        "bad among refused",
        "accuracy",
        "good approved, rows",
        "bad approved",
        "good refused",
        "bad refused",
    ];
    let why = if facts.options.cut_off.is_some() {
        "as given"
    } else {
        "none was given: it is where good and bad rows lie furthest apart, which weighs no costs"
    };
    format!(
        "<p class=\"note\">{}</p>\n",
        escaped(&format!("On {}. The cut-off used on this page is {} ({why}).", judged.name, facts.cut_off))
    ) + &table(&[0], &heads, &cuts.iter().map(row).collect::<Vec<_>>())
}

fn gains(facts: &Facts<'_>) -> String {
    let gains = &facts.judged().gains;
    let most = gains.iter().map(|gain| gain.lift).fold(0.0, f64::max);
    let row = |(place, gain): (usize, &crate::validation::Gain)| {
        let probability = |log_odds| percent(crate::scale::probability(log_odds));
        vec![
            Cell::right((place + 1).to_string()),
            Cell::right(format!("{} to {}", probability(gain.lowest), probability(gain.highest))),
            Cell::right(count((gain.weight * 10.0).round() / 10.0)),
            Cell::right(count((gain.bad * 10.0).round() / 10.0)),
            Cell::right(percent(gain.bad / gain.weight)),
            Cell::bar(percent(gain.captured), gain.captured, 1.0, "last"),
            Cell::bar(decimal(gain.lift, 2), gain.lift, most, "bad"),
            Cell::right(decimal(gain.cumulative_lift, 2)),
        ]
    };
    let heads = [
        "tenth",
        "predicted bad rate",
        "rows",
        "bad",
        "bad rate",
        "bad caught so far",
        "lift",
        "lift so far",
    ];
    charts_in_rows(&[
        figure(
            "Gains",
            "bad rows caught when the riskiest are refused; dashed: chance and the best possible",
            &charts::gains(facts),
        ),
        figure("Lift", "bad rate of each tenth over the average", &charts::lift(facts)),
    ]) + &table(&[0], &heads, &gains.iter().enumerate().map(row).collect::<Vec<_>>())
}

fn stability(facts: &Facts<'_>) -> String {
    let Some(drift) = &facts.drift else { return String::new() };
    let (was, is) = (facts.reference().name, facts.judged().name);
    let most = drift.cells.iter().map(|cell| cell.expected.max(cell.actual)).fold(0.0, f64::max);
    let cuts = &facts.score_cuts;
    let band = |place: usize| match (place.checked_sub(1).map(|before| cuts[before]), cuts.get(place)) {
        (None, None) => "any score".to_owned(),
        (None, Some(to)) => format!("below {to}"),
        (Some(from), None) => format!("{from} or more"),
        (Some(from), Some(to)) => format!("{from} to {}", to - 1.0),
    };
    let row = |(place, cell): (usize, &crate::validation::DriftCell)| {
        vec![
            Cell::left(band(place)),
            Cell::bar(percent(cell.expected), cell.expected, most, "first"),
            Cell::bar(percent(cell.actual), cell.actual, most, "last"),
            Cell::right(decimal(cell.adds, 4)),
        ]
    };
    let moved = facts.csi.iter().map(|one| {
        vec![
            Cell::left(one.name.as_str()),
            Cell::right(decimal(one.drift.value, 4)),
            Cell::right(one.drift.by_chance.map_or_else(|| "–".to_owned(), |chance| decimal(chance, 4))),
            Cell::right(decimal(one.points, 2)),
        ]
    });
    let words = format!(
        "{is} against {was}. Below 0.1 nothing moved, from 0.25 it is another population. By chance alone the score's index would be about {}.",
        drift.by_chance.map_or_else(|| "–".to_owned(), |chance| decimal(chance, 4))
    );
    format!("<p class=\"note\">{}</p>\n", escaped(&words))
        + &charts_in_rows(&[
            figure(
                "Stability index",
                "of the score and of each characteristic over the card's bins",
                &charts::stability(facts),
            ),
            format!(
                "<figure><figcaption>Score bands</figcaption>{}</figure>\n",
                table(
                    &[0],
                    &["score", was, is, "adds"],
                    &drift.cells.iter().enumerate().map(row).collect::<Vec<_>>()
                )
            ),
        ])
        + &table(
            &[0],
            &["characteristic", "CSI", "by chance", "points in the mean score"],
            &moved.collect::<Vec<_>>(),
        )
}

fn over_time(facts: &Facts<'_>) -> String {
    let parts = &facts.judged().periods;
    if parts.is_empty() { String::new() } else { of_parts(parts, "period") }
}

fn segments(facts: &Facts<'_>) -> String {
    facts
        .segments
        .iter()
        .map(|(name, parts)| format!("<h3>{}</h3>\n{}", escaped(name), of_parts(parts, "segment")))
        .collect()
}

fn of_parts(parts: &[Part], word: &str) -> String {
    let titles = [
        ("AUC", "with DeLong's interval"),
        ("Bad rate", "observed with Wilson's interval, and predicted"),
        ("Stability", "PSI of the score against the first sample"),
    ];
    let figures: Vec<String> = charts::parts(parts, word == "period")
        .iter()
        .zip(titles)
        .map(|(svg, (title, remark))| figure(title, remark, svg))
        .collect();
    let row = |part: &Part| {
        let dash = || "–".to_owned();
        let mut row = vec![
            Cell::left(if part.small { format!("{} (small)", part.name) } else { part.name.clone() }),
            Cell::right(count(part.rows as f64)),
            Cell::right(count(part.bad_rows as f64)),
            shared(part.bad_rate),
            Cell::right(part.predicted.map_or_else(dash, percent)),
            part.auc.map_or_else(|| Cell::right("–"), |auc| noted(&auc.estimate(), 3)),
            Cell::right(part.ks.map_or_else(dash, |ks| decimal(ks, 3))),
            Cell::right(part.drift.as_ref().map_or_else(dash, |drift| decimal(drift.value, 3))),
        ];
        row.truncate(if word == "period" { row.len() } else { row.len() - 1 });
        row
    };

    // Segments are told apart by what they are: their distribution is not that of the first sample.
    let heads = [word, "rows", "bad", "bad rate", "predicted", "AUC", "KS", "PSI"];
    let shown = if word == "period" { heads.len() } else { heads.len() - 1 };
    charts_in_rows(&figures) + &table(&[0], &heads[..shown], &parts.iter().map(row).collect::<Vec<_>>())
}

fn fairness(facts: &Facts<'_>, name: &str, found: &Fairness) -> String {
    let row = |group: &crate::validation::Group| {
        vec![
            Cell::left(format!("{}{}", group.name, too_few(group))),
            Cell::right(count(group.rows as f64)),
            Cell::right(count(group.bad_rows as f64)),
            shared(group.approval),
            group.approval_ratio.map_or_else(|| Cell::right("–"), |ratio| noted(&ratio, 2)),
            shared(group.good_approved),
            shared(group.bad_approved),
            shared(group.bad_rate),
            Cell::right(group.predicted.map_or_else(|| "–".to_owned(), percent)),
            group.auc.map_or_else(|| Cell::right("–"), |auc| noted(&auc.estimate(), 3)),
        ]
    };
    let gap = |what: &str, gap: &Option<crate::validation::Gap>, write: &dyn Fn(f64) -> String| match gap {
        Some(gap) => {
            format!("{what}: {} ({} lowest, {} highest). ", write(gap.value), gap.lowest, gap.highest)
        }
        None => format!("{what}: fewer than two groups are large enough. "),
    };
    let words = gap("Approval, lowest over highest", &found.approval, &|value| decimal(value, 2))
        + &gap("Equal opportunity, gap", &found.opportunity, &percent)
        + &gap("Equalised odds, gap", &found.odds, &percent)
        + &gap("Calibration, gap", &found.calibration, &percent)
        + &gap("AUC, gap", &found.auc, &|value| decimal(value, 3));
    let reference =
        found.reference.as_deref().map_or_else(String::new, |name| format!(" Ratios are to {name}."));
    let note =
        format!("On {}, approved from score {}.{reference} {words}", facts.judged().name, facts.cut_off);
    let heads = [
        "group",
        "rows",
        "bad",
        "approved",
        "ratio",
        "good approved",
        "bad approved",
        "bad rate",
        "predicted",
        "AUC",
    ];
    format!("<h3>{}</h3>\n<p class=\"note\">{}</p>\n", escaped(name), escaped(&note))
        + &table(&[0], &heads, &found.groups.iter().map(row).collect::<Vec<_>>())
}

fn columns(facts: &Facts<'_>) -> String {
    let bars: Vec<(String, f64, &'static str)> = facts
        .influences
        .iter()
        .map(|one| {
            let lost = one.without.difference.value;
            (one.name.clone(), lost, if lost < 0.0 { "bad" } else { "last" })
        })
        .collect();
    let most = facts.reasons.iter().map(|reason| reason.first.max(reason.first_of_bad)).fold(0.0, f64::max);
    let reasons = facts.reasons.iter().map(|reason| {
        vec![
            Cell::left(reason.name.as_str()),
            Cell::left(reason.text.as_str()),
            Cell::bar(percent(reason.first), reason.first, most, "last"),
            Cell::bar(percent(reason.first_of_bad), reason.first_of_bad, most, "bad"),
            Cell::right(decimal(reason.cost, 1)),
        ]
    });
    let step = |step: &Option<crate::validation::Step>| match step {
        Some(step) if step.movable > 0.0 => Cell::Noted(
            decimal(step.mean, 1),
            format!("{} to {}", super::text::points(step.least), super::text::points(step.most)),
        ),
        _ => Cell::right("–"),
    };
    let influence = |one: &crate::validation::Influence| {
        vec![
            Cell::left(one.name.as_str()),
            noted(&one.without.difference, 4),
            Cell::right(p_value(one.without.p)),
            Cell::right(decimal(one.spread, 1)),
            step(&one.up),
            step(&one.down),
        ]
    };
    let note = "AUC lost: the card as it is against the card with the column's points taken away, on the same rows (DeLong, paired); a fit without the column could make up for a part. \
                One bin up and down: what scores change by when every value lies one bin aside (mean; least to most). Main reason: the share of rows that the column costs the most points, which is what the score would gain were it alone at its best, its pairs counted along.";
    format!("<p class=\"note\">{}</p>\n", escaped(note))
        + &charts_in_rows(&[figure(
            "AUC lost without a column",
            facts.judged().name,
            &charts::ladder("AUC lost without a column", "AUC", &bars, &[]),
        )])
        + &table(
            &[0],
            &["column", "AUC lost", "p", "spread, points", "one bin up", "one bin down"],
            &facts.influences.iter().map(influence).collect::<Vec<_>>(),
        )
        + "<h3>Reasons</h3>\n"
        + &table(
            &[0, 1],
            &["column", "reason as told", "main reason", "of bad rows", "mean cost, points"],
            &reasons.collect::<Vec<_>>(),
        )
}

fn reading(facts: &Facts<'_>) -> String {
    let parts = facts.card.parts();
    let mut html = format!("<p>{}</p>\n", escaped(&how_to_read(parts)));
    for limit in &facts.options.limits {
        let _ = writeln!(html, "<p>{}</p>", escaped(limit));
    }
    let known = [("target".to_owned(), parts.target.clone()), ("method".to_owned(), parts.method.clone())];
    html.push_str("<dl>\n");
    for (name, value) in known.iter().chain(&parts.provenance).chain(&facts.options.provenance) {
        let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
    }
    html + "</dl>\n"
}
