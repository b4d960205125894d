//! A policy on a past of a million decisions.

use crate::client::Folder;
use crate::data::{open, parties};
use crate::decide::{form, forty_rules};
use crate::figures::{Figure, middle, scaled};
use crate::import::{SHOPS, size};
use crate::peer::read_bare;
use crate::score::filled;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::policy::RequestKind;
use probity_primitives::{Duration, Timestamp};
use probity_server::app::{BacktestOptions, Probity, Requests, Way, backtest, embedded_catalogue};
use std::path::Path;
use std::time::Instant;

/// Decisions of one commit while the past is made.
const TOGETHER: usize = 2_000;
const ROUNDS: usize = 3;

/// Asks for so many payments of known parties, each of an amount of its own.
fn decide(probity: &Probity, decisions: u64) -> Result<(), String> {
    let (merchants, buyers) = (parties(probity, Role::Merchant)?, parties(probity, Role::Buyer)?);
    let mut at = 0;
    while at < decisions {
        let mut asked = Vec::with_capacity(TOGETHER);
        while asked.len() < TOGETHER && at < decisions {
            let pick = usize::try_from(at).unwrap_or(0);
            // Two counts that share no divisor pair everybody with everybody.
            let (Some(merchant), Some(buyer)) =
                (merchants.get(pick % merchants.len()), buyers.get((pick / 7) % buyers.len()))
            else {
                return Err("nobody to decide about".into());
            };
            let key = format!("past-{at}");
            let asking = probity.asked(&form(merchant, buyer), Some(&key), "bench");
            asked.push(asking.map_err(|error| error.to_string())?);
            at += 1;
        }
        let decided = probity.decide_and_wait(asked).map_err(|error| error.to_string())?;
        if decided.iter().any(Result::is_err) {
            return Err("a request was refused".into());
        }
    }
    Ok(())
}

/// The starter catalogue with a payment policy that declines more, by what stands on every record.
fn stricter() -> Result<Catalogue, String> {
    let mut texts = embedded_catalogue();
    let policy = texts.get_mut("policies/payment.toml").ok_or("no payment policy")?;
    let place = "[[table.rule]]\nname    = \"may_trade\"";
    let rule = "[[table.rule]]\nname = \"low\"\nwhen = \"merchant_score < 600\"\noutcome = \"decline\"\nreason = \"P07\"\n\n";
    *policy = policy.replacen(place, &format!("{rule}{place}"), 1);
    Catalogue::load(texts).map_err(|problems| format!("{problems:?}"))
}

/// Seconds of a backtest of all payments.
fn tried(data: &Path, catalogue: Catalogue, way: Way, decisions: u64) -> Result<f64, String> {
    let options = BacktestOptions {
        from: Timestamp::EARLIEST,
        to: Timestamp::LATEST,
        within: Duration::days(90),
        kinds: vec![RequestKind::Payment],
        requests: Requests::Recorded,
        from_states: way == Way::States,
        segment: None,
        examples: 3,
    };
    let begun = Instant::now();
    let found = backtest(data, catalogue, &options, &mut |_, _, _| {}).map_err(|error| error.to_string())?;
    let took = begun.elapsed().as_secs_f64();
    let checked = &found.checked;
    if found.way != way || found.compared != decisions || checked.answers_differ + checked.seen_differ > 0 {
        return Err(format!("{way:?}: {} compared, {checked:?}", found.compared));
    }
    Ok(took)
}

/// A million decisions made again from their records, and on states rebuilt from the log.
pub(crate) fn past() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("backtest")?;
    let data = filled(&folder, 500_000, SHOPS)?;
    let decisions = scaled(1_000_000);
    eprintln!("  making {decisions} decisions");
    let probity = open(&data)?;
    let made = decide(&probity, decisions);
    probity.close();
    made?;
    let (mut records, mut states, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let read = read_bare(&data)?;
        rows = read.rows;
        bare.push(read.seconds);
        records.push(tried(&data, stricter()?, Way::Records, decisions)?);
        let probity = open(&data)?;
        let candidate = forty_rules(&probity);
        probity.close();
        states.push(tried(&data, candidate?, Way::States, decisions)?);
    }
    let rate = |seconds: &[f64]| -> Vec<f64> { seconds.iter().map(|one| decisions as f64 / one).collect() };
    // What the target says of a million holds of a smaller past in proportion.
    let allowed = 60.0 * decisions as f64 / 1e6;
    let slowest = records.iter().copied().fold(0.0, f64::max);
    let beside = format!(
        "bare SQLite reading of the log's {rows} rows, nothing checked or decoded: {} s; {} MB",
        middle(&bare, 2),
        size(&data) / 1_000_000
    );
    Ok(vec![
        Figure::new(
            &format!("backtest of a policy over {decisions} past decisions, from their records"),
            format!("{} s; {} decisions/s", middle(&records, 1), middle(&rate(&records), 0)),
            beside,
            "< 60 s for a million",
            slowest < allowed,
        ),
        Figure::told(
            &format!(
                "the same with a policy of 40 rules that reads what no record tells: on states rebuilt from {rows} rows"
            ),
            format!("{} s; {} decisions/s", middle(&states, 1), middle(&rate(&states), 0)),
            "everybody is seen again as they were seen, which is checked".into(),
        ),
    ])
}
