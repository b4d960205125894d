//! What a reader of a report must not overlook.

use super::facts::Facts;
use super::text::{decimal, p_value, percent, too_few};
use crate::validation::{Finding, Verdict};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// The card should not be used before this is understood.
    Grave,
    /// It should be looked into.
    Notable,
    /// It limits what figures say.
    Limit,
}

impl Weight {
    pub(super) fn name(self) -> &'static str {
        match self {
            Weight::Grave => "grave",
            Weight::Notable => "notable",
            Weight::Limit => "limit",
        }
    }
}

pub(super) struct Warning {
    pub(super) weight: Weight,
    /// Of what it speaks.
    pub(super) of: String,
    pub(super) text: String,
}

/// All there is to warn of, the gravest first.
pub(super) fn warnings(facts: &Facts<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    found.extend(facts.leaks.iter().map(leak));
    drift(facts, &mut found);
    performance(facts, &mut found);
    tables(facts, &mut found);
    groups(facts, &mut found);
    found.sort_by_key(|warning| warning.weight);
    found
}

fn leak(finding: &Finding) -> Warning {
    let text = format!("Leakage, {}: {}.", finding.suspicion.name(), finding.why);
    Warning { weight: Weight::Grave, of: finding.column.clone(), text }
}

fn drift(facts: &Facts<'_>, found: &mut Vec<Warning>) {
    let between = || format!("between {} and {}", facts.reference().name, facts.judged().name);
    let weight = |verdict| if verdict == Verdict::Unstable { Weight::Grave } else { Weight::Notable };
    if let Some(drift) = facts.drift.as_ref().filter(|drift| drift.matters()) {
        let text = format!("Scores moved {}: PSI {}.", between(), decimal(drift.value, 3));
        found.push(Warning { weight: weight(drift.verdict), of: "score".to_owned(), text });
    }
    for one in facts.csi.iter().filter(|one| one.drift.matters()) {
        let (csi, moved) = (decimal(one.drift.value, 3), decimal(one.points, 1));
        let text = format!("Values moved {}: CSI {csi}, {moved} points in the mean score.", between());
        found.push(Warning { weight: Weight::Notable, of: one.name.clone(), text });
    }
}

fn performance(facts: &Facts<'_>, found: &mut Vec<Warning>) {
    let (first, last) = (&facts.reference().performance, &facts.judged().performance);
    let name = facts.judged().name;
    let mut warn = |weight, text| found.push(Warning { weight, of: name.to_owned(), text });
    if last.auc.high < first.auc.low {
        let (from, to) = (decimal(first.auc.value, 3), decimal(last.auc.value, 3));
        warn(
            Weight::Grave,
            format!(
                "AUC fell from {from} to {to}, by more than chance explains: the card may be overfitted, or the population changed."
            ),
        );
    }
    if last.auc.low <= 0.5 {
        warn(Weight::Grave, "Its AUC cannot be told from chance.".to_owned());
    }
    let large = last.line.in_the_large;
    if large.low > 0.0 || large.high < 0.0 {
        let (predicted, observed) = (percent(last.predicted), percent(last.bad_rate.value));
        warn(
            Weight::Notable,
            format!(
                "Predicted bad rate {predicted}, observed {observed}: {} log-odds off. Ranks are not touched; probabilities need calibrating.",
                decimal(large.value, 2)
            ),
        );
    }
    if let Some(slope) = last.line.slope.filter(|slope| slope.high < 1.0 || slope.low > 1.0) {
        let how = if slope.value < 1.0 { "too extreme" } else { "too timid" };
        warn(
            Weight::Notable,
            format!("Calibration slope {}: probabilities are {how}.", decimal(slope.value, 2)),
        );
    }
    let few = last.bad_rows.min(last.rows - last.bad_rows);
    if few < 100 {
        let class = if last.bad_rows == few { "bad" } else { "good" };
        warn(Weight::Limit, format!("Only {few} {class} rows: every figure is uncertain."));
    }
    let rounding = last.auc.value - facts.judged().points.value;
    if rounding > 0.001 {
        warn(
            Weight::Notable,
            format!(
                "Whole points rank worse than log-odds: AUC {} less. A scale with more points to double the odds keeps more.",
                decimal(rounding, 4)
            ),
        );
    }
}

fn tables(facts: &Facts<'_>, found: &mut Vec<Warning>) {
    for check in &facts.trends {
        if let Some(broken) = &check.broken {
            let text = format!("It does not keep its trend: {broken}.");
            found.push(Warning { weight: Weight::Grave, of: check.name.clone(), text });
        }
        let bins: Vec<String> =
            check.reversed.iter().map(|bin| format!("{} and {}", bin + 1, bin + 2)).collect();
        if !bins.is_empty() {
            let (judged, bins) = (facts.judged().name, bins.join(", "));
            let text =
                format!("In {judged}, bad rates run against the table, beyond chance, between bins {bins}.");
            found.push(Warning { weight: Weight::Notable, of: check.name.clone(), text });
        }
    }
    for one in facts.influences.iter().filter(|one| one.without.difference.high < 0.0) {
        let text = format!("The card ranks better without it (p {}).", p_value(one.without.p));
        found.push(Warning { weight: Weight::Notable, of: one.name.clone(), text });
    }
}

fn groups(facts: &Facts<'_>, found: &mut Vec<Warning>) {
    for (name, fairness) in &facts.fairness {
        let of = || (*name).to_owned();
        if let Some(gap) = fairness.approval.as_ref().filter(|_| fairness.four_fifths() == Some(false)) {
            let (lowest, highest, ratio) = (&gap.lowest, &gap.highest, decimal(gap.value, 2));
            let text = format!(
                "Four-fifths rule: approval of {lowest} is {ratio} of that of {highest}; at least 0.80 is asked."
            );
            found.push(Warning { weight: Weight::Grave, of: of(), text });
        }
        if let Some(gap) = fairness.opportunity.as_ref().filter(|gap| gap.value > 0.1) {
            let (lowest, highest) = (&gap.lowest, &gap.highest);
            let text = format!(
                "Equal opportunity: of good rows, {} fewer are approved in {lowest} than in {highest}.",
                percent(gap.value)
            );
            found.push(Warning { weight: Weight::Notable, of: of(), text });
        }
        let small: Vec<String> = fairness
            .groups
            .iter()
            .filter(|group| !group.too_few.is_empty())
            .map(|group| format!("{}{}", group.name, too_few(group)))
            .collect();
        if !small.is_empty() {
            let text = format!("Groups too small to be judged: {}.", small.join("; "));
            found.push(Warning { weight: Weight::Limit, of: of(), text });
        }
    }
    let mut parts: Vec<(&str, &[crate::validation::Part])> =
        facts.segments.iter().map(|(name, parts)| (*name, parts.as_slice())).collect();
    parts.push(("period", &facts.judged().periods));
    for (name, parts) in parts {
        let small: Vec<&str> =
            parts.iter().filter(|part| part.small).map(|part| part.name.as_str()).collect();
        if !small.is_empty() {
            let text = format!("Too few good or bad rows to say much: {}.", small.join(", "));
            found.push(Warning { weight: Weight::Limit, of: name.to_owned(), text });
        }
    }
}
