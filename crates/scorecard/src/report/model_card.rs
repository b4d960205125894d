//! The model card: what a scorecard is for, how good it is, where it stops (after Mitchell and others, Model Cards for Model
//! Reporting, FAT* 2019).

use super::facts::Facts;
use super::text::{count, decimal, ends, how_to_read, in_markdown, interval, percent, points, too_few};
use super::warnings::warnings;
use crate::card::Attribute;
use crate::validation::{Auc, Estimate, Part};
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
            "| {} | {} | {} | {} | {risk} | {} |",
            in_markdown(&one.name),
            in_markdown(&one.dimension),
            one.bins.count(),
            span(&one.attributes),
            lost.map_or_else(|| "–".to_owned(), |lost| decimal(lost, 4))
        );
    }
    for pair in &parts.pairs {
        let _ = writeln!(
            page,
            "| {} × {} | | {} | {} | table | |",
            in_markdown(&pair.first),
            in_markdown(&pair.second),
            pair.cells.len(),
            span(&pair.cells)
        );
    }
    page.push('\n');
}

/// The fewest and the most points of a table.
fn span(table: &[Attribute]) -> String {
    let all = table.iter().map(|attribute| attribute.points);
    let (least, most) = all.fold((i32::MAX, i32::MIN), |ends, one| (ends.0.min(one), ends.1.max(one)));
    format!("{} to {}", points(least), points(most))
}

/// A figure, and its interval in brackets.
fn in_brackets(estimate: &Estimate, decimals: usize) -> String {
    format!("{} ({})", decimal(estimate.value, decimals), ends(estimate, decimals))
}

fn of_auc(auc: &Auc) -> String {
    in_brackets(&auc.estimate(), 3)
}

fn performance(facts: &Facts<'_>, page: &mut String) {
    page.push_str("## Performance\n\nIn brackets: intervals of 95 %.\n\n| sample | AUC | Gini | KS | Brier | log loss | predicted | observed | slope |\n|---|---|---|---:|---|---|---:|---:|---|\n");
    for sample in &facts.samples {
        let p = &sample.performance;
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            in_markdown(sample.name),
            of_auc(&p.auc),
            in_brackets(&p.auc.gini(), 3),
            decimal(p.ks.value, 3),
            in_brackets(&p.brier.score, 4),
            in_brackets(&p.log_loss, 4),
            percent(p.predicted),
            percent(p.bad_rate.value),
            p.line.slope.map_or_else(|| "–".to_owned(), |slope| in_brackets(&slope, 2))
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
            let share = |estimate: Option<Estimate>| {
                estimate.map_or_else(|| "–".to_owned(), |estimate| percent(estimate.value))
            };
            let few = too_few(group);
            let ratio = group.approval_ratio.map_or_else(|| "–".to_owned(), |ratio| in_brackets(&ratio, 2));
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
    let _ = write!(page, "## How to read the points\n\n{}\n\n", how_to_read(facts.card.parts()));
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
