//! Looking at one party.

use super::args::{Arguments, ExplainArgs, PartyArgs};
use super::data::open_existing;
use super::language::Language;
use super::{Done, OK, out};
use crate::app::{AppError, AsOf, Explained, Probity, ScoreAt, Versions};
use probity_credit::event::Party;
use probity_credit::score::Explanation;
use probity_credit::score::explain::{Change, Step, StepKind};
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
    out::line(format!("as of {}, from {} events; {}", score.as_of, score.events, versions(&score.versions)));
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
pub(super) fn explain(arguments: &Arguments, asked: &ExplainArgs) -> Done {
    let explained = ask(arguments, &asked.of, Probity::explain)?;
    if arguments.json {
        return out::json(&explained);
    }
    show_explanation(&explained, asked.lang);
    Ok(OK)
}

/// An explanation as people read it: the score and its gates, the sum line by line, then what costs points, what could be
/// better and what is not known. Each of these has its line in the sum.
pub(super) fn show_explanation(explained: &Explained, lang: Language) {
    let trace = &explained.explanation;
    let thin = if explained.thin { ", thin file" } else { "" };
    out::line(format!(
        "{}  {}  ({} to {}{thin})  tier {} by {}",
        explained.party, trace.score, trace.low, trace.high, explained.tier.title, explained.tier.by
    ));
    out::line(format!("as of {}; {} {}", explained.as_of, trace.scorecard, versions(&explained.versions)));
    let history = trace.history.value.map_or_else(|| "no".to_owned(), |value| format!("{value}"));
    out::line(format!(
        "history: {history} {}, asked for are {}",
        trace.history.measure.replace('_', " "),
        trace.history.minimum
    ));
    for gate in &trace.gates {
        let cap = gate.cap.map(|cap| format!("score at most {cap}"));
        let tier = gate.tier.as_ref().map(|tier| format!("tier at most {tier}"));
        let holds = [cap, tier].into_iter().flatten().collect::<Vec<_>>().join(", ");
        out::line(format!("gate {}: {holds} while {}", gate.name, gate.when));
    }
    out::line("\nHow it adds up");
    out::table(
        &["", "value", "attribute", "points", "best", "to the best", "share", "sum"],
        &sum_rows(explained),
    );
    show_reasons(trace, lang);
    show_outlook(trace);
}

/// Hashes as people compare them: twelve letters tell any two apart.
fn versions(versions: &Versions) -> String {
    let short = |hash: &str| hash.get(..12).unwrap_or(hash).to_owned();
    format!("scorecard {}, catalogue {}", short(&versions.scorecard), short(&versions.catalogue))
}

/// The base points, every characteristic (those without points, too), the ends of the scale and the gates, the score.
fn sum_rows(explained: &Explained) -> Vec<Vec<String>> {
    let trace = &explained.explanation;
    let mut sum = 0;
    let mut bar = |label: &str, delta: i32| {
        sum += delta;
        (vec![label.to_owned()], sum.to_string())
    };
    let mut rows = Vec::new();
    let mut row = |(mut cells, sum): (Vec<String>, String), middle: [String; 6]| {
        cells.extend(middle);
        cells.push(sum);
        rows.push(cells);
    };
    let plain = |points: String| ["", "", &points, "", "", ""].map(str::to_owned);
    let (before, after): (Vec<&Step>, Vec<&Step>) = trace
        .steps
        .iter()
        .filter(|step| step.kind != StepKind::Characteristic)
        .partition(|step| step.kind == StepKind::Base);
    for step in before {
        row(bar(&step.label, step.delta), plain(step.delta.to_string()));
    }
    for (line, shown) in trace.lines.iter().zip(&explained.shown) {
        let title = line.title.as_ref().unwrap_or(&line.indicator);
        let middle = [
            shown.clone(),
            line.attribute.clone(),
            format!("{:+}", line.points),
            format!("{:+}", line.best),
            line.shortfall.to_string(),
            format!("{:.0} %", line.shortfall_share * 100.0),
        ];
        row(bar(title, line.points), middle);
    }
    for step in after {
        row(bar(&step.label, step.delta), plain(format!("{:+}", step.delta)));
    }
    row((vec!["Score".to_owned()], trace.score.to_string()), plain(String::new()));
    rows
}

fn show_reasons(trace: &Explanation, lang: Language) {
    out::line("\nWhat costs points");
    if trace.reasons.is_empty() {
        out::line("  Nothing: no gate holds and no characteristic is below neutral.");
    }
    let title = |name: &str| {
        let line = trace.lines.iter().find(|line| line.indicator == name);
        line.and_then(|line| line.title.clone()).unwrap_or_else(|| name.replace('_', " "))
    };
    for reason in &trace.reasons {
        // A scorecard may have no Chinese; English is better than nothing.
        if lang == Language::Zh && !reason.text_zh.is_empty() {
            let (code, text, advice) = (&reason.code, &reason.text_zh, &reason.advice_zh);
            out::line(format!("  {code} {text}（−{} 分）。{advice}。", reason.points_lost));
            if let Some(change) = &reason.change {
                out::line(format!("      {} → 评分 {}", change.to_zh, change.score));
            }
            continue;
        }
        out::line(format!(
            "  {} {} (−{} points). {}.",
            reason.code,
            reason.text,
            reason.points_lost,
            reason.advice.trim_end_matches('.')
        ));
        if let Some(change) = &reason.change {
            out::line(format!("      {}", changed(&title(&reason.name), change)));
        }
    }
}

/// What would change a score; a gate that falls changes no points.
fn changed(title: &str, change: &Change) -> String {
    let points = if change.points == 0 { String::new() } else { format!("{:+} points, ", change.points) };
    format!("{title} {} → {points}score {}", change.to, change.score)
}

fn show_outlook(trace: &Explanation) {
    if !trace.better.is_empty() {
        out::line("\nWhat could be better still (it costs nothing)");
    }
    for one in &trace.better {
        let change = one.change.as_ref().map_or_else(String::new, |change| {
            format!("; {} → {:+} points, score {}", change.to, change.points, change.score)
        });
        out::line(format!("  {}: {}, {:+} of {:+}{change}", one.title, one.attribute, one.points, one.best));
    }
    if !trace.unknown.is_empty() {
        out::line("\nWhat is not known");
    }
    for one in &trace.unknown {
        let gain = one.best - one.points;
        let gain = if gain > 0 { format!("; up to {gain} points to gain") } else { String::new() };
        out::line(format!("  {}{gain}", one.text));
    }
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
