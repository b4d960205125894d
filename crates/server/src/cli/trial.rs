//! Trials: begun and ended, and what came of them.

use super::args::Arguments;
use super::changes::{shown, with};
use super::data::open_existing;
use super::out::{self, Bar};
use super::trial_args::{ShadowArgs, SplitArgs, TrialArgs};
use super::{Done, OK};
use crate::app::{
    Afterwards, AppError, ArmFared, Change, Difference, DifferencePage, Fared, FaredCounts, Probity, Rate,
    TrialShown, share_text,
};
use probity_credit::decision::Split;
use probity_credit::event::Role;
use probity_primitives::{Code, Currency, Money};
use serde_json::json;

const ROLE_INVALID: Code = Code::new("role-invalid");

/// `catalogue shadow`.
pub(super) fn shadow(arguments: &Arguments, asked: &ShadowArgs) -> Done {
    with(arguments, |probity| match &asked.hash {
        Some(hash) => begun(arguments, &probity.shadow(hash, &asked.by)?),
        None => ended(arguments, &probity.stop_trial(&asked.by)?),
    })
}

/// `catalogue split`.
pub(super) fn split(arguments: &Arguments, asked: &SplitArgs) -> Done {
    let wrong = || AppError::invalid(ROLE_INVALID, format!("'{}' is neither merchant nor buyer", asked.of));
    let of = Role::parse(&asked.of).ok_or_else(wrong)?;
    with(arguments, |probity| match (&asked.hash, asked.share) {
        (Some(hash), Some(share)) => begun(arguments, &probity.split(hash, Split { of, share }, &asked.by)?),
        _ => ended(arguments, &probity.stop_trial(&asked.by)?),
    })
}

fn begun(arguments: &Arguments, change: &Change) -> Done {
    shown(arguments, change, || {
        out::remark(format!("trial {} runs from now on: {}", change.number, change.catalogue));
        out::remark(
            "`probity shadow` tells what comes of it; `probity catalogue shadow --stop --by NAME` ends it",
        );
    })
}

fn ended(arguments: &Arguments, change: &Change) -> Done {
    shown(arguments, change, || out::remark(format!("the trial of {} ended", change.catalogue)))
}

/// `shadow`: what came of a trial.
pub(super) fn report(arguments: &Arguments, asked: &TrialArgs) -> Done {
    let probity = open_existing(arguments)?;
    let done = reported(arguments, asked, &probity);
    probity.close();
    done
}

fn reported(arguments: &Arguments, asked: &TrialArgs, probity: &Probity) -> Done {
    if asked.all {
        let all = probity.trials();
        if arguments.json {
            return out::json(&json!({ "trials": all }));
        }
        list(&all);
        return Ok(OK);
    }
    let trial = probity.trial(asked.trial)?;
    probity.settle_and_wait()?;
    let page = probity.trial_differences(Some(trial.number), None, asked.limit)?;
    let mut bar = Bar::new();
    let afterwards = probity.trial_afterwards(Some(trial.number), asked.within, &mut |done, of| {
        bar.at("reading the log", done, of, false);
    });
    bar.done();
    let afterwards = afterwards?;
    if arguments.json {
        return out::json(&json!({"trial": trial, "latest": page.items, "afterwards": afterwards}));
    }
    let currency = probity.catalogue().rates.reporting;
    head(&trial);
    differences(&trial);
    moved(&afterwards, currency);
    arms(&trial, &afterwards, currency);
    latest(&page, currency);
    Ok(OK)
}

fn what(trial: &TrialShown) -> String {
    trial
        .split
        .map_or_else(|| "in shadow".to_owned(), |split| share_text(i64::from(split.share_bp), split.of))
}

fn state(trial: &TrialShown) -> String {
    match (&trial.until, &trial.fault) {
        (Some(until), _) => format!("ended {until}"),
        (None, Some(fault)) => format!("takes no part: {fault}"),
        (None, None) => "runs".to_owned(),
    }
}

fn short(hash: &str) -> String {
    hash.get(..12).unwrap_or(hash).to_owned()
}

fn list(all: &[TrialShown]) {
    let row = |trial: &TrialShown| {
        let decisions: u64 = trial.arms.iter().map(|arm| arm.count).sum::<u64>() + trial.compared;
        vec![
            trial.number.to_string(),
            short(&trial.catalogue),
            what(trial),
            trial.since.clone(),
            state(trial),
            decisions.to_string(),
            trial.different.to_string(),
        ]
    };
    out::table(
        &["", "challenger", "", "since", "", "decisions", "different"],
        &all.iter().map(row).collect::<Vec<_>>(),
    );
}

fn head(trial: &TrialShown) {
    let TrialShown { number, catalogue, since, by, .. } = trial;
    out::line(format!("trial {number}: {catalogue}, {}", what(trial)));
    out::line(format!("since {since}, begun by {by}; {}", state(trial)));
    if trial.split.is_none() {
        out::line(format!(
            "{} decisions compared: {} the same, {} different, {} that the challenger could not answer",
            trial.compared, trial.same, trial.different, trial.failed
        ));
    }
}

fn differences(trial: &TrialShown) {
    if trial.differences.is_empty() {
        return;
    }
    out::line("");
    let row = |one: &crate::app::DifferenceCount| {
        let challenger = if one.live == one.challenger { "the same on other terms" } else { one.challenger };
        vec![one.kind.to_owned(), one.live.to_owned(), challenger.to_owned(), one.count.to_string()]
    };
    out::table(
        &["asked", "live", "challenger", "decisions"],
        &trial.differences.iter().map(row).collect::<Vec<_>>(),
    );
}

fn percent(rate: Option<Rate>) -> String {
    rate.map_or_else(String::new, |Rate { value, low, high }| {
        format!("{:.1} % ({:.1} to {:.1})", value * 100.0, low * 100.0, high * 100.0)
    })
}

fn fared(counts: &FaredCounts, currency: Currency) -> Vec<String> {
    let text = |minor: i64| Money { minor, currency }.decimal();
    vec![
        counts.decisions.to_string(),
        text(counts.amount),
        counts.good.to_string(),
        counts.bad.to_string(),
        counts.nothing.to_string(),
        counts.unknown.to_string(),
        text(counts.loss),
    ]
}

fn moved(found: &Afterwards, currency: Currency) {
    if found.differences.is_empty() {
        return;
    }
    out::line("");
    out::line(format!(
        "what then happened, within {} days, as known until {} (of what the challenger would have stopped or cut, the share of bad ones is its precision)",
        found.within_days, found.known_until
    ));
    let row = |one: &Fared| {
        let mut row = vec![one.kind.to_owned(), one.direction.as_str().to_owned()];
        row.extend(fared(&one.counted, currency));
        row.push(percent(one.bad_rate));
        row
    };
    let heads = [
        "asked",
        "it would be",
        "decisions",
        "amount",
        "good",
        "bad",
        "nothing",
        "not known",
        "lost",
        "bad, 95 %",
    ];
    out::table(&heads, &found.differences.iter().map(row).collect::<Vec<_>>());
}

fn arms(trial: &TrialShown, found: &Afterwards, currency: Currency) {
    if trial.split.is_none() {
        return;
    }
    out::line("");
    out::line(format!(
        "both arms; what then happened within {} days, as known until {}; intervals are taken over parties",
        found.within_days, found.known_until
    ));
    let row = |one: &ArmFared| {
        let mut row = vec![
            one.kind.to_owned(),
            one.arm.clone(),
            one.parties.to_string(),
            one.decisions.to_string(),
            percent(one.approval),
        ];
        row.extend(fared(&one.granted, currency));
        row.push(percent(one.bad_rate));
        row
    };
    let heads = [
        "asked",
        "arm",
        "parties",
        "decisions",
        "went ahead, 95 %",
        "went ahead",
        "amount",
        "good",
        "bad",
        "nothing",
        "not known",
        "lost",
        "bad, 95 %",
    ];
    let mut rows: Vec<&ArmFared> = found.arms.iter().collect();
    rows.sort_by_key(|one| one.kind);
    out::table(&heads, &rows.into_iter().map(row).collect::<Vec<_>>());
}

fn latest(page: &DifferencePage, currency: Currency) {
    if page.items.is_empty() {
        return;
    }
    out::line("");
    let row = |one: &Difference| {
        let text = |minor: i64| Money { minor, currency }.decimal();
        let parties =
            [&one.merchant, &one.buyer].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        vec![
            one.at.clone(),
            one.decision.clone(),
            one.kind.clone(),
            parties,
            one.amount.map_or_else(String::new, text),
            one.live.outcome.clone(),
            one.challenger.outcome.clone(),
            one.challenger.reasons.join(" "),
        ]
    };
    out::table(
        &["latest", "decision", "asked", "parties", "amount", "live", "challenger", "its reasons"],
        &page.items.iter().map(row).collect::<Vec<_>>(),
    );
    if page.next.is_some() {
        out::remark("there are more: --limit");
    }
}
