//! What is asked of a backtest, and what is wrong with it.

use super::super::error::AppError;
use probity_credit::catalogue::Catalogue;
use probity_credit::policy::{Policy, RequestKind};
use probity_expression::Expression;
use probity_primitives::{Code, Duration, Problem, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) const INVALID: Code = Code::new("backtest-invalid");
pub(super) const IMPOSSIBLE: Code = Code::new("backtest-impossible");

/// Which requests are decided again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Requests {
    /// Those whose decisions stand in the log.
    Recorded,
    /// The first payment of every order, as if it had been asked for; what was decided is: approved.
    Orders,
}

/// Which past, and how it is looked at.
#[derive(Debug, Clone)]
pub struct BacktestOptions {
    /// From this moment on.
    pub from: Timestamp,
    /// Up to this moment.
    pub to: Timestamp,
    /// How long after a decision it is looked at what became of it.
    pub within: Duration,
    /// Requests of these kinds; of all for which there is a policy when empty.
    pub kinds: Vec<RequestKind>,
    /// Which requests.
    pub requests: Requests,
    /// States are rebuilt from the log also where the records would do.
    pub from_states: bool,
    /// A further grouping: an expression over the columns of the policies.
    pub segment: Option<String>,
    /// Examples told of each kind of change.
    pub examples: usize,
}

/// Told as the work goes on: what, how far, of how much.
pub type BacktestProgress<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// A candidate for requests of one kind: its policy, and the columns that are needed to answer and to group.
pub(super) struct Candidate<'a> {
    pub(super) policy: &'a Policy,
    pub(super) segment: Option<Expression>,
    pub(super) needed: Vec<usize>,
}

/// The candidates of a catalogue.
pub(super) struct Candidates<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) by_kind: BTreeMap<RequestKind, Candidate<'a>>,
}

impl<'a> Candidates<'a> {
    /// # Errors
    /// `backtest-invalid` for an impossible range or a kind without policy; those of a segment's expression.
    pub(super) fn of(catalogue: &'a Catalogue, options: &BacktestOptions) -> Result<Self, AppError> {
        if options.from > options.to {
            let detail = format!("{} to {} is no stretch of time", options.from, options.to);
            return Err(Problem::new(INVALID, detail).hint("--from lies before --to").into());
        }
        if options.within.0 <= 0 {
            return Err(Problem::new(INVALID, "a window of no length")
                .hint("--within says how long after a decision is looked at, for example 90d")
                .into());
        }
        let mut kinds = options.kinds.clone();
        if options.requests == Requests::Orders {
            if kinds.iter().any(|kind| *kind != RequestKind::Payment) {
                let detail =
                    "orders are asked for as payments; a policy for other requests has nothing to decide";
                return Err(Problem::new(INVALID, detail).into());
            }
            kinds = vec![RequestKind::Payment];
        }
        if kinds.is_empty() {
            kinds = catalogue.policies().map(Policy::kind).collect();
        }
        let mut by_kind = BTreeMap::new();
        for kind in kinds {
            let policy = catalogue.policy(kind).ok_or_else(|| {
                Problem::new(INVALID, format!("the catalogue has no policy for {}", kind.as_str()))
            })?;
            by_kind.insert(kind, candidate(policy, options.segment.as_deref())?);
        }
        if by_kind.is_empty() {
            return Err(Problem::new(INVALID, "the catalogue has no policies").into());
        }
        Ok(Self { catalogue, by_kind })
    }
}

fn candidate<'a>(policy: &'a Policy, segment: Option<&str>) -> Result<Candidate<'a>, AppError> {
    let segment = segment.map(|text| Expression::parse(text, policy.fields())).transpose();
    let segment = segment.map_err(|refusal| {
        let place = format!("--segment:{}:{}", refusal.line, refusal.column);
        AppError::from(refusal.problem.at(place))
    })?;
    let mut needed = policy.columns().to_vec();
    needed.extend(segment.iter().flat_map(Expression::columns));
    needed.sort_unstable();
    needed.dedup();
    Ok(Candidate { policy, segment, needed })
}
