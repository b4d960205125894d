//! A backtest from end to end.

use super::super::decide::beside;
use super::super::error::AppError;
use super::asking::{BacktestOptions, BacktestProgress, Candidates, IMPOSSIBLE, Requests};
use super::on_record::Makers;
use super::orders::from_orders;
use super::records::{Context, Gathered, from_records};
use super::report::{About, Backtested, Policed, Way, report};
use super::states::from_states;
use probity_credit::catalogue::Catalogue;
use probity_primitives::Problem;
use probity_store::{Reader, SqliteReader};
use std::path::Path;
use std::sync::Arc;

/// Decides the past of a folder again by the policies of a catalogue. Only reads, also while another process writes.
///
/// # Errors
/// `backtest-invalid` for what cannot be asked, `backtest-impossible` when there is nothing to decide again; those of the
/// store.
pub fn backtest(
    folder: &Path,
    catalogue: Catalogue,
    options: &BacktestOptions,
    progress: BacktestProgress<'_>,
) -> Result<Backtested, AppError> {
    let shared = beside(folder, catalogue)?;
    let catalogue = Arc::clone(&shared.catalogue);
    let candidates = Candidates::of(&catalogue, options)?;
    let exponent = catalogue.rates.reporting.exponent();
    let context = Context {
        folder,
        options,
        shared: &shared,
        candidates: &candidates,
        makers: Makers::new(folder, &candidates),
        upto: SqliteReader::open(folder)?.last()?.0,
        unit: 10_i64.pow(exponent),
    };
    let (way, gathered) = gathered(&context, progress)?;
    let Gathered { cases, gathering, checked, undecided } = gathered;
    if cases.all.is_empty() {
        return Err(nothing(options, &undecided));
    }
    let policies = candidates.by_kind.values().map(|candidate| Policed {
        request: candidate.policy.kind().as_str(),
        name: candidate.policy.name().to_owned(),
        hash: candidate.policy.hash().to_string(),
    });
    let about =
        About { catalogue: &catalogue, policies: policies.collect(), options, way, checked, undecided };
    Ok(report(about, cases, &gathering.done()))
}

fn gathered<'a>(
    context: &Context<'a>,
    progress: BacktestProgress<'_>,
) -> Result<(Way, Gathered<'a>), AppError> {
    if context.options.requests == Requests::Orders {
        return Ok((Way::States, from_orders(context, progress)?));
    }
    if !context.options.from_states
        && let Some(gathered) = from_records(context, progress)?
    {
        return Ok((Way::Records, gathered));
    }
    Ok((Way::States, from_states(context, progress)?))
}

fn nothing(options: &BacktestOptions, undecided: &std::collections::BTreeMap<String, u64>) -> AppError {
    if let Some((missing, requests)) = undecided.iter().max_by_key(|(_, requests)| **requests) {
        let detail = format!("none of {requests} requests can be decided again: {missing} is not on record");
        let hint = "only what the policy in force at the time looked at was kept of a request; leave the column out, or \
                    backtest requests that were decided after a policy read it";
        return Problem::new(IMPOSSIBLE, detail).hint(hint).into();
    }
    let (what, hint) = match options.requests {
        Requests::Recorded => (
            "decision of the kinds that are asked about was made",
            "an imported history has orders and no decisions: --requests orders asks for their payments",
        ),
        Requests::Orders => ("order was paid", "choose a stretch of time in which orders were paid"),
    };
    let detail = format!("no {what} from {} to {}", options.from, options.to);
    Problem::new(IMPOSSIBLE, detail).hint(hint).into()
}
