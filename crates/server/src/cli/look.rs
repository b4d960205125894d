//! Looking at one party.

use super::args::{Arguments, PartyArgs};
use super::data::open_existing;
use super::{Done, OK, out};
use crate::app::{AppError, AsOf, Explained, Probity, ScoreAt};
use probity_credit::event::Party;
use probity_primitives::{Code, Problem};

const PARTY_INVALID: Code = Code::new("party-invalid");

/// Reads a party's name.
pub(super) fn party(text: &str) -> Result<Party, AppError> {
    Party::parse(text).ok_or_else(|| {
        Problem::new(PARTY_INVALID, format!("'{}' names no party", probity_primitives::problem::shown(text)))
            .hint("merchant:ID or buyer:ID; an ID is 1 to 128 of A-Z a-z 0-9 . _ : @ - /")
            .into()
    })
}

fn ask<T>(
    arguments: &Arguments,
    of: &PartyArgs,
    question: impl FnOnce(&Probity, &Party, AsOf) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let (party, as_of) = (party(&of.party)?, AsOf::parse(&of.as_of)?);
    let probity = open_existing(arguments)?;
    let answer = question(&probity, &party, as_of);
    probity.close();
    answer
}

/// A score.
pub(super) fn score(arguments: &Arguments, of: &PartyArgs) -> Done {
    let score = ask(arguments, of, Probity::score)?;
    if arguments.json {
        return out::json(&score);
    }
    show_score(&score);
    Ok(OK)
}

fn show_score(score: &ScoreAt) {
    let thin = if score.thin { ", thin file" } else { "" };
    out::line(format!(
        "{}  {}  ({} to {}{thin})  tier {}",
        score.party, score.score, score.low, score.high, score.tier.title
    ));
    out::line(format!(
        "as of {}, from {} events; scorecard {}",
        score.as_of,
        score.events,
        score.versions.scorecard.get(..12).unwrap_or_default()
    ));
    out::line("");
    let rows: Vec<Vec<String>> = score
        .dimensions
        .iter()
        .map(|dimension| {
            vec![dimension.title.clone(), dimension.score.to_string(), format!("{:+}", dimension.points)]
        })
        .collect();
    out::table(&["dimension", "score", "points"], &rows);
}

/// An explanation.
pub(super) fn explain(arguments: &Arguments, of: &PartyArgs) -> Done {
    let explained = ask(arguments, of, Probity::explain)?;
    if arguments.json {
        return out::json(&explained);
    }
    show_explanation(&explained);
    Ok(OK)
}

/// An explanation as people read it: reasons first, then the sum.
pub(super) fn show_explanation(explained: &Explained) {
    let trace = &explained.explanation;
    let thin = if explained.thin { ", thin file" } else { "" };
    out::line(format!(
        "{}  {}  ({} to {}{thin})  tier {} by {}",
        explained.party, trace.score, trace.low, trace.high, explained.tier.title, explained.tier.by
    ));
    out::line(format!("as of {}", explained.as_of));
    if !trace.reasons.is_empty() {
        out::line("\nWhy it is not higher");
        for reason in &trace.reasons {
            out::line(format!(
                "  {} {} (−{} points). {}.",
                reason.code,
                reason.text,
                reason.points_lost,
                reason.advice.trim_end_matches('.')
            ));
            if let Some(change) = &reason.change {
                out::line(format!(
                    "      {} {} → {:+} points, score {}",
                    reason.name, change.to, change.points, change.score
                ));
            }
        }
    }
    out::line("\nHow it adds up");
    let mut sum = 0;
    let rows: Vec<Vec<String>> = trace
        .steps
        .iter()
        .map(|step| {
            sum += step.delta;
            let line = trace.lines.iter().position(|line| line.indicator == step.name);
            let value = line.and_then(|at| explained.shown.get(at)).cloned().unwrap_or_default();
            let attribute = line
                .and_then(|at| trace.lines.get(at))
                .map(|line| line.attribute.clone())
                .unwrap_or_default();
            vec![step.label.clone(), value, attribute, format!("{:+}", step.delta), sum.to_string()]
        })
        .collect();
    out::table(&["", "value", "attribute", "points", "sum"], &rows);
}

/// Indicators: name → value in JSON.
pub(super) fn indicators(arguments: &Arguments, of: &PartyArgs) -> Done {
    let indicators = ask(arguments, of, Probity::indicators)?;
    if arguments.json {
        let values: serde_json::Map<String, serde_json::Value> =
            indicators.indicators.iter().map(|one| (one.name.clone(), one.value.into())).collect();
        return out::json(&values);
    }
    out::line(format!("{} as of {}\n", indicators.party, indicators.as_of));
    let rows: Vec<Vec<String>> = indicators
        .indicators
        .iter()
        .map(|one| vec![one.dimension.clone(), one.name.clone(), one.shown.clone(), one.title.clone()])
        .collect();
    out::table(&["dimension", "indicator", "value", ""], &rows);
    Ok(OK)
}

/// Scores on record.
pub(super) fn history(arguments: &Arguments, of: &PartyArgs) -> Done {
    let history = ask(arguments, of, Probity::history)?;
    if arguments.json {
        return out::json(&history);
    }
    let rows: Vec<Vec<String>> = history
        .iter()
        .map(|point| {
            vec![
                point.as_of.clone(),
                point.score.to_string(),
                format!("{} to {}", point.low, point.high),
                point.tier.clone(),
            ]
        })
        .collect();
    out::table(&["as of", "score", "range", "tier"], &rows);
    Ok(OK)
}
