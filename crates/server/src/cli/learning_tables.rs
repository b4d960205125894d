//! Figures about scorecards, as tables of the command line.

use super::out;
use crate::app::{CardShown, DatasetShown, Drifted, Interval, Paired, PartRow, Performance};

/// A figure with its interval.
pub(super) fn ranged(one: Interval) -> String {
    format!("{:.4} ({:.4} to {:.4})", one.value, one.low, one.high)
}

fn percent(one: f64) -> String {
    format!("{:.2} %", 100.0 * one)
}

/// A card and what it was tried on, in a line.
pub(super) fn described(card: &CardShown, dataset: &DatasetShown) -> String {
    let in_force = if card.in_force { ", in force" } else { "" };
    format!(
        "{} (of a {}{in_force}) on {}: {} rows of {} parties, {} bad, {} to {}",
        card.name,
        card.of,
        dataset.file,
        dataset.rows,
        dataset.parties,
        dataset.bad,
        dataset.from,
        dataset.to
    )
}

/// Cards beside each other, and what lies between the first and the second.
pub(super) fn figures(cards: &[(&str, &Performance)], paired: Option<&Paired>) {
    let mut header = vec![""];
    header.extend(cards.iter().map(|(name, _)| *name));
    let line = |what: &str, of: &dyn Fn(&Performance) -> String| {
        std::iter::once(what.to_owned())
            .chain(cards.iter().map(|(_, found)| of(found)))
            .collect::<Vec<String>>()
    };
    let rows = vec![
        line("AUC (parties resampled)", &|found| ranged(found.auc_by_party)),
        line("AUC (DeLong, rows independent)", &|found| ranged(found.auc)),
        line("Gini", &|found| format!("{:.4}", found.gini.value)),
        line("Kolmogorov–Smirnov", &|found| format!("{:.4}", found.ks)),
        line("Brier", &|found| format!("{:.5}", found.brier)),
        line("log loss", &|found| format!("{:.5}", found.log_loss)),
        line("bad", &|found| {
            let rate = found.bad_rate;
            format!("{} ({} to {})", percent(rate.value), percent(rate.low), percent(rate.high))
        }),
        line("foretold", &|found| percent(found.predicted)),
        line("slope of calibration (1 is true)", &|found| {
            found.slope.map_or_else(
                || "-".to_owned(),
                |slope| format!("{:.2} ({:.2} to {:.2})", slope.value, slope.low, slope.high),
            )
        }),
    ];
    out::table(&header, &rows);
    if let Some(paired) = paired {
        out::line(format!(
            "AUC of the first less that of the second: {}, parties resampled; {} and p {:.4} by DeLong's paired test",
            ranged(paired.by_party),
            ranged(paired.difference),
            paired.p
        ));
    }
}

/// Parts of the rows.
pub(super) fn parts(all: &[PartRow]) {
    let row = |one: &PartRow| {
        vec![
            one.part.clone(),
            one.rows.to_string(),
            one.bad.to_string(),
            one.bad_rate.map_or_else(|| "-".to_owned(), |rate| percent(rate.value)),
            one.predicted.map_or_else(|| "-".to_owned(), percent),
            one.auc.map_or_else(|| "-".to_owned(), ranged),
            if one.small { "few" } else { "" }.to_owned(),
        ]
    };
    out::table(&["", "rows", "bad", "", "foretold", "AUC", ""], &all.iter().map(row).collect::<Vec<_>>());
}

/// Stability indices.
pub(super) fn drift(all: &[Drifted]) {
    let row = |one: &Drifted| {
        vec![
            one.of.clone(),
            format!("{:.4}", one.value),
            format!("{:.4}", one.by_chance),
            format!("{:+.1}", one.points),
            one.verdict.to_owned(),
        ]
    };
    out::table(&["", "index", "by chance", "points", ""], &all.iter().map(row).collect::<Vec<_>>());
}
