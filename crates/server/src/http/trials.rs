//! Trials over HTTP: a challenger in shadow or with a share of the parties, what it said, and what then happened.

use super::answer::{Answer, json, json_with};
use super::changes::{ChangeItem, read};
use super::cursor::Question;
use super::decision_shape::DecisionTerms;
use super::params::{Params, limit, role};
use super::problem::{Failure, ProblemDocument};
use super::site::Site;
use crate::app::{AnswerShown, FaredCounts, Rate};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use probity_credit::decision::Split;
use probity_primitives::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Days within which something has to become known when nothing is said.
pub(crate) const WITHIN_DAYS: i64 = 90;
/// The most days.
const MOST_DAYS: i64 = 3_660;

/// Which catalogue challenges.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shadowing {
    /// Who begins it.
    by: String,
    /// Hash of a tested catalogue, or its first eight characters or more.
    catalogue: String,
}

/// Which catalogue gets which share.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Splitting {
    /// Who begins it.
    by: String,
    /// Hash of an approved catalogue, or its first eight characters or more.
    catalogue: String,
    /// Whose parties are divided, `buyer` or `merchant`; buyers when left out.
    #[serde(default)]
    of: Option<String>,
    /// The challenger's share, in basis points: 1 to 10,000.
    share_bp: u32,
}

/// Who ends a trial.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stopping {
    /// Who.
    by: String,
}

/// Lets a proposed catalogue answer every request after the one in force, without effect.
///
/// It may differ in scorecards, tiers, terms and policies alone. A trial that runs ends.
#[utoipa::path(post, path = "/v1/catalogue/shadow", tag = "catalogue", operation_id = "shadowCatalogue",
    request_body(content = Shadowing, example = json!({"by": "alice", "catalogue": "5dce6e09f27a"})),
    responses(
        (status = 201, description = "It runs", body = ChangeItem),
        (status = 409, description = "It is refused or in force", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn shadow(State(site): State<Site>, request: Request<Body>) -> Answer {
    let asked: Shadowing = read(&site, request).await?;
    let change = site.blocking(move |probity| probity.shadow(&asked.catalogue, &asked.by)).await?;
    json_with(StatusCode::CREATED, &ChangeItem::of(&change))
}

/// Lets an approved catalogue answer for a share of the parties.
///
/// On which side a party falls follows from its name: always the same one, and a larger share only adds parties. A request in
/// which no such party takes part is answered by the catalogue in force. A trial that runs ends.
#[utoipa::path(post, path = "/v1/catalogue/split", tag = "catalogue", operation_id = "splitCatalogue",
    request_body(content = Splitting, example = json!({"by": "bob", "catalogue": "5dce6e09f27a", "of": "buyer", "share_bp": 2000})),
    responses(
        (status = 201, description = "It runs", body = ChangeItem),
        (status = 409, description = "It is not approved, or the approval is older than 72 hours", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn split(State(site): State<Site>, request: Request<Body>) -> Answer {
    let asked: Splitting = read(&site, request).await?;
    let of = role("of", asked.of.as_deref().unwrap_or("buyer"))?;
    let split = Split { of, share: asked.share_bp };
    let change = site.blocking(move |probity| probity.split(&asked.catalogue, split, &asked.by)).await?;
    json_with(StatusCode::CREATED, &ChangeItem::of(&change))
}

/// Ends the trial that runs.
#[utoipa::path(post, path = "/v1/catalogue/stop-trial", tag = "catalogue", operation_id = "stopTrial",
    request_body(content = Stopping, example = json!({"by": "alice"})),
    responses(
        (status = 201, description = "It ended", body = ChangeItem),
        (status = 409, description = "None runs", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn stop(State(site): State<Site>, request: Request<Body>) -> Answer {
    let asked: Stopping = read(&site, request).await?;
    let change = site.blocking(move |probity| probity.stop_trial(&asked.by)).await?;
    json_with(StatusCode::CREATED, &ChangeItem::of(&change))
}

/// How parties are divided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialSplit {
    /// `merchant` or `buyer`.
    #[schema(example = "buyer")]
    of: &'static str,
    /// The challenger's share, in basis points.
    share_bp: u32,
}

/// How often an answer would have been another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialDifferenceCount {
    /// What was asked.
    kind: &'static str,
    /// The outcome that counted.
    live: &'static str,
    /// The challenger's; the same where only terms differ.
    challenger: &'static str,
    /// How often.
    count: u64,
}

/// How often an arm of a split gave an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialArmCount {
    /// `live` or `challenger`.
    arm: &'static str,
    /// What was asked.
    kind: &'static str,
    /// The outcome.
    outcome: &'static str,
    /// How often.
    count: u64,
}

/// A trial with its counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialItem {
    /// The number of the step that began it.
    trial: u64,
    /// Hash of the challenger.
    catalogue: String,
    /// How parties are divided; null in shadow.
    split: Option<TrialSplit>,
    /// When it began.
    since: String,
    /// When it ended.
    until: Option<String>,
    /// Who began it.
    by: String,
    /// It takes part in decisions now.
    running: bool,
    /// Why it does not although nobody ended it.
    fault: Option<String>,
    /// In shadow: decisions of which the challenger was asked.
    compared: u64,
    /// Those that it would have answered alike.
    same: u64,
    /// Those that it could not answer.
    failed: u64,
    /// Those that it would have answered otherwise.
    different: u64,
    /// The same by what was asked and by both outcomes.
    differences: Vec<TrialDifferenceCount>,
    /// Decisions of a split.
    arms: Vec<TrialArmCount>,
}

/// All trials.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialList {
    /// The newest first.
    items: Vec<TrialItem>,
}

/// All trials with their counts, the newest first.
#[utoipa::path(get, path = "/v1/trials", tag = "decisions", operation_id = "listTrials",
    responses((status = 200, description = "The trials", body = TrialList)))]
pub(crate) async fn list_trials(State(site): State<Site>) -> Answer {
    let items = site.probity.trials().into_iter().map(|trial| TrialItem {
        trial: trial.number,
        catalogue: trial.catalogue,
        split: trial.split.map(|split| TrialSplit { of: split.of, share_bp: split.share_bp }),
        since: trial.since,
        until: trial.until,
        by: trial.by,
        running: trial.running,
        fault: trial.fault,
        compared: trial.compared,
        same: trial.same,
        failed: trial.failed,
        different: trial.different,
        differences: trial
            .differences
            .into_iter()
            .map(|one| TrialDifferenceCount {
                kind: one.kind,
                live: one.live,
                challenger: one.challenger,
                count: one.count,
            })
            .collect(),
        arms: trial
            .arms
            .into_iter()
            .map(|one| TrialArmCount { arm: one.arm, kind: one.kind, outcome: one.outcome, count: one.count })
            .collect(),
    });
    json(&TrialList { items: items.collect() })
}

/// Which differences.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DifferencesParams {
    /// The trial's number; the newest when left out.
    trial: Option<u64>,
    /// Items on the page.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// An answer, as far as two are compared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialAnswer {
    /// The outcome.
    #[schema(example = "approve")]
    outcome: String,
    /// Its terms.
    terms: DecisionTerms,
    /// Codes of its reasons.
    reasons: Vec<String>,
    /// The rules that held, as `table.rule`.
    rules: Vec<String>,
    /// The merchant's score.
    merchant_score: Option<i32>,
    /// The buyer's score.
    buyer_score: Option<i32>,
}

/// A decision that the challenger would have answered otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialDifference {
    /// The decision.
    decision: String,
    /// When it was made.
    at: String,
    /// What was asked.
    kind: String,
    /// The merchant.
    merchant: Option<String>,
    /// The buyer.
    buyer: Option<String>,
    /// The order.
    order: Option<String>,
    /// The amount asked about, in the reporting currency.
    amount: Option<String>,
    /// `stopped`, `cut`, `let_through`, `raised` or `otherwise`.
    direction: &'static str,
    /// The answer that counted.
    live: TrialAnswer,
    /// The challenger's. It can be made again: `POST /v1/decisions/{id}.shadow/replay`.
    challenger: TrialAnswer,
}

/// A page of differences.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialDifferences {
    /// The newest first.
    items: Vec<TrialDifference>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

fn answer(shown: AnswerShown, currency: Currency) -> TrialAnswer {
    let [merchant_score, buyer_score] = shown.scores;
    TrialAnswer {
        outcome: shown.outcome,
        terms: DecisionTerms::of(&shown.terms, currency),
        reasons: shown.reasons,
        rules: shown.rules,
        merchant_score,
        buyer_score,
    }
}

/// What a challenger in shadow would have answered otherwise, the newest first.
#[utoipa::path(get, path = "/v1/trials/differences", tag = "decisions", operation_id = "listTrialDifferences",
    params(DifferencesParams),
    responses((status = 200, description = "A page of them", body = TrialDifferences)))]
pub(crate) async fn list_differences(
    State(site): State<Site>,
    Params(query): Params<DifferencesParams>,
) -> Answer {
    let most = limit(query.limit)?;
    let trial = query.trial;
    let question =
        Question::of(&["trial-differences", &trial.map_or_else(String::new, |one| one.to_string())]);
    let before = query.cursor.as_deref().map(|cursor| question.number(cursor)).transpose()?;
    let page = site.blocking(move |probity| probity.trial_differences(trial, before, most)).await?;
    let currency = site.probity.catalogue().rates.reporting;
    let items = page.items.into_iter().map(|one| TrialDifference {
        decision: one.decision,
        at: one.at,
        kind: one.kind,
        merchant: one.merchant,
        buyer: one.buyer,
        order: one.order,
        amount: one.amount.map(|minor| Money { minor, currency }.decimal()),
        direction: one.direction.as_str(),
        live: answer(one.live, currency),
        challenger: answer(one.challenger, currency),
    });
    let next_cursor = page.next.map(|row| question.cursor(&row.to_string()));
    json(&TrialDifferences { items: items.collect(), next_cursor })
}

/// How far to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AfterwardsParams {
    /// The trial's number; the newest when left out.
    trial: Option<u64>,
    /// Days after a decision within which something must have become known to count.
    #[param(minimum = 1, maximum = 3660, default = 90)]
    within_days: Option<i64>,
}

/// A share with its 95 % interval.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialRate {
    /// The share.
    value: f64,
    /// Lower end of the interval.
    low: f64,
    /// Upper end.
    high: f64,
}

/// How some decisions fared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialFared {
    /// How many there were.
    decisions: u64,
    /// What they were about together; of those that went ahead, with how much.
    #[schema(example = "1200.00")]
    amount: String,
    /// Those that went well to their end.
    good: u64,
    /// Those that went badly.
    bad: u64,
    /// Those that came to nothing: never paid, cancelled by the buyer.
    nothing: u64,
    /// Those of which that is not known, or not yet.
    unknown: u64,
    /// What was lost of the bad ones.
    loss: String,
}

/// How the decisions fared that the challenger would have moved one way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialMoved {
    /// What was asked.
    kind: &'static str,
    /// `stopped`, `cut`, `let_through`, `raised` or `otherwise`.
    direction: &'static str,
    /// How they fared.
    fared: TrialFared,
    /// The bad among those of which it is known; null when there are none. Of what would have been stopped or cut this says how
    /// often rightly: the precision.
    bad_rate: Option<TrialRate>,
}

/// How an arm of a split fared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialArm {
    /// `live` or `challenger`.
    arm: String,
    /// What was asked.
    kind: &'static str,
    /// Its decisions.
    decisions: u64,
    /// Parties that it divided.
    parties: u64,
    /// The share that went ahead.
    approval: Option<TrialRate>,
    /// How those fared that went ahead.
    granted: TrialFared,
    /// The bad among those that went ahead and of which it is known.
    bad_rate: Option<TrialRate>,
}

/// What then happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialAfterwards {
    /// The trial.
    trial: u64,
    /// The newest moment at which anything became known.
    known_until: String,
    /// Days after a decision within which something had to become known to count.
    within_days: i64,
    /// Currency of the amounts.
    currency: String,
    /// In shadow: what the challenger would have moved.
    differences: Vec<TrialMoved>,
    /// In a split: how the arms fared. Intervals are taken over parties, not decisions.
    arms: Vec<TrialArm>,
}

fn rate(rate: Option<Rate>) -> Option<TrialRate> {
    rate.map(|Rate { value, low, high }| TrialRate { value, low, high })
}

fn fared(counts: &FaredCounts, currency: Currency) -> TrialFared {
    let text = |minor: i64| Money { minor, currency }.decimal();
    TrialFared {
        decisions: counts.decisions,
        amount: text(counts.amount),
        good: counts.good,
        bad: counts.bad,
        nothing: counts.nothing,
        unknown: counts.unknown,
        loss: text(counts.loss),
    }
}

/// What then happened of the decisions of a trial. It reads the log, which takes its time.
#[utoipa::path(get, path = "/v1/trials/afterwards", tag = "decisions", operation_id = "getTrialAfterwards",
    params(AfterwardsParams),
    responses((status = 200, description = "What then happened", body = TrialAfterwards)))]
pub(crate) async fn get_afterwards(
    State(site): State<Site>,
    Params(query): Params<AfterwardsParams>,
) -> Answer {
    let within = query.within_days.unwrap_or(WITHIN_DAYS);
    if !(1..=MOST_DAYS).contains(&within) {
        let detail = format!("{within} is not within 1 to {MOST_DAYS}");
        return Err(Failure::parameter("within_days", detail));
    }
    site.settled().await;
    let trial = query.trial;
    let work = move |probity: &crate::app::Probity| probity.trial_afterwards(trial, within, &mut |_, _| {});
    let found = site.blocking(work).await?;
    let currency = site.probity.catalogue().rates.reporting;
    let moved = found.differences.iter().map(|one| TrialMoved {
        kind: one.kind,
        direction: one.direction.as_str(),
        fared: fared(&one.counted, currency),
        bad_rate: rate(one.bad_rate),
    });
    let arms = found.arms.iter().map(|one| TrialArm {
        arm: one.arm.clone(),
        kind: one.kind,
        decisions: one.decisions,
        parties: one.parties,
        approval: rate(one.approval),
        granted: fared(&one.granted, currency),
        bad_rate: rate(one.bad_rate),
    });
    json(&TrialAfterwards {
        trial: found.trial,
        known_until: found.known_until,
        within_days: found.within_days,
        currency: currency.to_string(),
        differences: moved.collect(),
        arms: arms.collect(),
    })
}
