//! The model card: what a scorecard is for, how good it is, where it stops (after Mitchell and others, Model Cards for Model
//! Reporting, FAT* 2019).

use super::facts::Facts;
use super::text::{count, decimal, in_markdown, interval, percent};
use super::warnings::warnings;
use crate::validation::{Auc, Part};
use std::fmt::Write as _;

/// The page in Markdown.
pub(super) fn model_card(facts: &Facts<'_>) -> String {
    let mut page = format!("# {}\n\n", in_markdown(facts.title()));
    purpose(facts, &mut page);
    data(facts, &mut page);
    method(facts, &mut page);
    performance(facts, &mut page);
    stability(facts, &mut page);
    fairness(facts, &mut page);
    limits(facts, &mut page);
    reading(facts, &mut page);
    provenance(facts, &mut page);
    page
}

fn purpose(facts: &Facts<'_>, page: &mut String) {
    let purpose = if facts.options.purpose.is_empty() {
        "Not stated. Whoever puts the card to use should say what for."
    } else {
        &facts.options.purpose
    };
    let target = in_markdown(&facts.card.parts().target);
    let _ = write!(
        page,
        "## Purpose\n\n{}\n\nIt predicts **{target}**: its probability for each row, and a score of which higher is better.\n\n",
        in_markdown(purpose)
    );
}

fn data(facts: &Facts<'_>, page: &mut String) {
    page.push_str("## Data\n\n| sample | period | rows | weight | bad rows | bad rate | interval |\n|---|---|---:|---:|---:|---:|---|\n");
    for sample in &facts.samples {
        let p = &sample.performance;
        let filled = || sample.periods.iter().filter(|part| part.rows > 0);
        let period = match (filled().next(), filled().next_back()) {
            (Some(first), Some(last)) if first.name != last.name => {
                format!("{} to {}", first.name, last.name)
            }
            (Some(only), _) => only.name.clone(),
            _ => "not known".to_owned(),
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} |",
            in_markdown(sample.name),
            in_markdown(&period),
            count(p.rows as f64),
            count((p.weight * 10.0).round() / 10.0),
            count(p.bad_rows as f64),
            percent(p.bad_rate.value),
            interval(&p.bad_rate, percent)
        );
    }
    page.push('\n');
}

fn method(facts: &Facts<'_>, page: &mut String) {
    let parts = facts.card.parts();
    let _ = write!(
        page,
        "## Method\n\n`{}`, {} characteristics, {} pairs.\n\n",
        parts.method.replace('`', "'"),
        parts.characteristics.len(),
        parts.pairs.len()
    );
    page.push_str("| characteristic | dimension | bins | points | risk | AUC lost without it |\n|---|---|---:|---|---|---:|\n");
    for one in &parts.characteristics {
        let points = one.attributes.iter().map(|attribute| attribute.points);
        let (least, most) =
            points.fold((i32::MAX, i32::MIN), |ends, points| (ends.0.min(points), ends.1.max(points)));
        let risk = facts
            .trends
            .iter()
            .find(|check| check.name == one.name)
            .map_or("by category", |check| check.log_odds.name());
        let lost = facts
            .influences
            .iter()
            .find(|influence| influence.name == one.name)
            .map(|influence| influence.without.difference.value);
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} to {} | {risk} | {} |",
            in_markdown(&one.name),
            in_markdown(&one.dimension),
            one.bins.count(),
            super::text::points(least),
            super::text::points(most),
            lost.map_or_else(|| "–".to_owned(), |lost| decimal(lost, 4))
        );
    }
    for pair in &parts.pairs {
        let cells = pair.cells.iter().map(|cell| cell.points);
        let (least, most) =
            cells.fold((i32::MAX, i32::MIN), |ends, points| (ends.0.min(points), ends.1.max(points)));
        let _ = writeln!(
            page,
            "| {} × {} | | {} | {} to {} | table | |",
            in_markdown(&pair.first),
            in_markdown(&pair.second),
            pair.cells.len(),
            super::text::points(least),
            super::text::points(most)
        );
    }
    page.push('\n');
}

fn of_auc(auc: &Auc) -> String {
    format!("{} ({} to {})", decimal(auc.value, 3), decimal(auc.low, 3), decimal(auc.high, 3))
}

fn performance(facts: &Facts<'_>, page: &mut String) {
    page.push_str("## Performance\n\nIn brackets: intervals of 95 %.\n\n| sample | AUC | Gini | KS | Brier | log loss | predicted | observed | slope |\n|---|---|---|---:|---|---|---:|---:|---|\n");
    for sample in &facts.samples {
        let p = &sample.performance;
        let write = |estimate: &crate::validation::Estimate, decimals: usize| {
            format!(
                "{} ({})",
                decimal(estimate.value, decimals),
                interval(estimate, |value| decimal(value, decimals))
            )
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            in_markdown(sample.name),
            of_auc(&p.auc),
            write(&p.auc.gini(), 3),
            decimal(p.ks.value, 3),
            write(&p.brier.score, 4),
            write(&p.log_loss, 4),
            percent(p.predicted),
            percent(p.bad_rate.value),
            p.line.slope.map_or_else(|| "–".to_owned(), |slope| write(&slope, 2))
        );
    }
    let at = facts.judged().by_score.confusion(-f64::from(facts.cut_off));
    let _ = write!(
        page,
        "\nApproved from a score of {}: {} of {} are approved, {} of these are bad, and {} of the bad are refused.\n\n",
        facts.cut_off,
        percent(at.approval_rate()),
        in_markdown(facts.judged().name),
        at.bad_rate_approved().map_or_else(|| "none".to_owned(), percent),
        percent(at.recall())
    );
}

fn stability(facts: &Facts<'_>, page: &mut String) {
    page.push_str("## Stability\n\n");
    match &facts.drift {
        Some(drift) => {
            let (was, is) = (in_markdown(facts.reference().name), in_markdown(facts.judged().name));
            let _ = writeln!(
                page,
                "Score, {is} against {was}: PSI {}. By characteristic:\n\n| characteristic | CSI | points in the mean score |\n|---|---:|---:|",
                decimal(drift.value, 3)
            );
            for one in &facts.csi {
                let _ = writeln!(
                    page,
                    "| {} | {} | {} |",
                    in_markdown(&one.name),
                    decimal(one.drift.value, 3),
                    decimal(one.points, 2)
                );
            }
        }
        None => page.push_str("Not measured: there is one sample only.\n"),
    }
    parts(&facts.judged().periods, "period", page);
    for (name, found) in &facts.segments {
        parts(found, name, page);
    }
    page.push('\n');
}

fn parts(parts: &[Part], word: &str, page: &mut String) {
    if parts.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "\n| {} | rows | bad rate | predicted | AUC | PSI |\n|---|---:|---:|---:|---|---:|\n",
        in_markdown(word)
    );
    for part in parts {
        let dash = || "–".to_owned();
        let _ = writeln!(
            page,
            "| {}{} | {} | {} | {} | {} | {} |",
            in_markdown(&part.name),
            if part.small { " (small)" } else { "" },
            count(part.rows as f64),
            part.bad_rate.map_or_else(dash, |rate| percent(rate.value)),
            part.predicted.map_or_else(dash, percent),
            part.auc.map_or_else(dash, |auc| of_auc(&auc)),
            part.drift.as_ref().map_or_else(dash, |drift| decimal(drift.value, 3))
        );
    }
}

fn fairness(facts: &Facts<'_>, page: &mut String) {
    page.push_str("## Fairness\n\n");
    if facts.fairness.is_empty() {
        page.push_str("Not measured: no group data was given.\n");
    }
    for (name, found) in &facts.fairness {
        let _ = write!(
            page,
            "**{}**, approved from {}:\n\n| group | rows | approved | ratio | good approved | bad approved | bad rate | predicted | AUC |\n|---|---:|---:|---|---:|---:|---:|---:|---|\n",
            in_markdown(name),
            facts.cut_off
        );
        for group in &found.groups {
            let share = |estimate: Option<crate::validation::Estimate>| {
                estimate.map_or_else(|| "–".to_owned(), |estimate| percent(estimate.value))
            };
            let few = if group.too_few.is_empty() {
                String::new()
            } else {
                format!(" (too few {})", group.too_few.join(", "))
            };
            let ratio = group.approval_ratio.map_or_else(
                || "–".to_owned(),
                |ratio| {
                    format!("{} ({})", decimal(ratio.value, 2), interval(&ratio, |value| decimal(value, 2)))
                },
            );
            let _ = writeln!(
                page,
                "| {}{few} | {} | {} | {ratio} | {} | {} | {} | {} | {} |",
                in_markdown(&group.name),
                count(group.rows as f64),
                share(group.approval),
                share(group.good_approved),
                share(group.bad_approved),
                share(group.bad_rate),
                group.predicted.map_or_else(|| "–".to_owned(), percent),
                group.auc.map_or_else(|| "–".to_owned(), |auc| of_auc(&auc))
            );
        }
        let verdict = match found.four_fifths() {
            Some(true) => "It keeps the four-fifths rule.",
            Some(false) => "**It fails the four-fifths rule.**",
            None => "Fewer than two groups are large enough to be compared.",
        };
        let _ = write!(page, "\n{verdict}\n");
    }
    page.push('\n');
}

fn limits(facts: &Facts<'_>, page: &mut String) {
    page.push_str("## Limits\n\n");
    for limit in &facts.options.limits {
        let _ = writeln!(page, "- {}", in_markdown(limit));
    }
    for warning in warnings(facts) {
        let _ = writeln!(
            page,
            "- *{}*, {}: {}",
            warning.weight.name(),
            in_markdown(&warning.of),
            in_markdown(&warning.text)
        );
    }
    page.push_str("- It holds for rows like those above; of others, and of rows that were refused and never observed, it knows nothing.\n\n");
}

fn reading(facts: &Facts<'_>, page: &mut String) {
    let (parts, scale) = (facts.card.parts(), facts.card.parts().scale);
    let _ = write!(
        page,
        "## How to read the points\n\nA score is {} base points plus the points of the bins that a row falls into. A score of {} stands for {} good to one bad; every\n{} points double these odds. Higher is better.\n\n",
        parts.base_points,
        decimal(scale.score, 0),
        decimal(scale.odds, 1),
        decimal(scale.points_to_double, 1)
    );
}

fn provenance(facts: &Facts<'_>, page: &mut String) {
    page.push_str("## Provenance\n\n| | |\n|---|---|\n");
    for (name, value) in facts.card.parts().provenance.iter().chain(&facts.options.provenance) {
        let _ = writeln!(page, "| {} | {} |", in_markdown(name), in_markdown(value));
    }
    if !facts.options.moment.is_empty() {
        let _ = writeln!(page, "| report made | {} |", in_markdown(&facts.options.moment));
    }
}
