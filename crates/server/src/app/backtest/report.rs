//! What a backtest found.

use super::super::hindsight::{Became, Hindsight, JudgedBy, Matter, Verdict};
use super::asking::{BacktestOptions, Requests};
use super::case::{BANDS, Case, Cases, GROUPINGS, Weighed, band_name, is_granted};
use super::tally::{Switched, Tally};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::policy::Outcome;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Groups told of one grouping; the rest is told together.
const MOST_GROUPS: usize = 40;
/// Ids kept of what did not come out the same.
const MOST_IDS: usize = 10;

/// On what decisions were made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// On what stands on record of each.
    Records,
    /// On states rebuilt from the log.
    States,
}

/// A policy that was tried.
#[derive(Debug, Clone, Serialize)]
pub struct Policed {
    /// What it decides.
    pub request: &'static str,
    /// Its name.
    pub name: String,
    /// Hash of its file.
    pub hash: String,
}

/// Requests that could not be decided again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undecided {
    /// What is not on record and cannot be made up.
    pub missing: String,
    /// How many requests lack it.
    pub requests: u64,
}

/// Whether what was decided comes out the same under what decided it: if not, the comparison is not to be relied upon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Recorded answers made again from their records by the policy that gave them.
    pub answers: u64,
    /// Of these, that came out otherwise.
    pub answers_differ: u64,
    /// Decisions whose parties were seen again on rebuilt states, by the definitions that saw them.
    pub seen: u64,
    /// Of these, where score, tier, sanctions or what was open came out otherwise.
    pub seen_differ: u64,
    /// Some of the decisions that differ.
    pub examples: Vec<String>,
}

impl Checked {
    fn count(of: &mut u64, differ: &mut u64, examples: &mut Vec<String>, id: &str, same: Option<bool>) {
        let Some(same) = same else { return };
        *of += 1;
        *differ += u64::from(!same);
        if !same && examples.len() < MOST_IDS && !examples.iter().any(|known| known == id) {
            examples.push(id.to_owned());
        }
    }

    pub(super) fn answer(&mut self, id: &str, same: Option<bool>) {
        Self::count(&mut self.answers, &mut self.answers_differ, &mut self.examples, id, same);
    }

    pub(super) fn seen(&mut self, id: &str, same: Option<bool>) {
        Self::count(&mut self.seen, &mut self.seen_differ, &mut self.examples, id, same);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.answers += other.answers;
        self.answers_differ += other.answers_differ;
        self.seen += other.seen;
        self.seen_differ += other.seen_differ;
        let room = MOST_IDS.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

/// How often one outcome met another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeRow {
    /// What was decided.
    pub then: Outcome,
    /// What the candidate decides.
    pub now: Outcome,
    /// How many requests.
    pub requests: u64,
}

/// What became of the requests with one outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BecameRow {
    /// The outcome.
    pub outcome: &'static str,
    /// They went well, badly, came to nothing, or that is not known.
    pub good: u64,
    /// They went badly.
    pub bad: u64,
    /// They came to nothing.
    pub nothing: u64,
    /// That is not known.
    pub unknown: u64,
}

/// Requests of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grouped {
    /// By what they are grouped.
    pub by: &'static str,
    /// The group.
    pub group: String,
    /// What they come to.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Requests whose answer changed for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reasoned {
    /// `stopped` by the candidate for this reason, or `let_through` by it although they had been stopped for it.
    pub change: &'static str,
    /// Code of the reason.
    pub code: String,
    /// The reason.
    pub text: String,
    /// What became of them.
    #[serde(flatten)]
    pub switched: Switched,
}

/// One request whose outcome changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// The decision; the order where there was none.
    pub id: String,
    /// When.
    pub at: String,
    /// What was asked.
    pub request: &'static str,
    /// The merchant.
    pub merchant: Option<String>,
    /// The buyer.
    pub buyer: Option<String>,
    /// The order.
    pub order: Option<String>,
    /// What was asked about, in minor units of the reporting currency.
    pub amount: i64,
    /// What was decided.
    pub then: Outcome,
    /// What the candidate decides.
    pub now: Outcome,
    /// Code and text of the first reason of what was decided.
    pub reason_then: Option<(String, String)>,
    /// Those of the candidate.
    pub reason_now: Option<(String, String)>,
    /// What became of it.
    pub verdict: Option<Verdict>,
}

impl Example {
    pub(super) fn of(weighed: &Weighed) -> Self {
        let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let reason = |answer: &super::case::Answer| {
            answer.reason.as_ref().map(|(code, text)| (code.to_string(), text.to_string()))
        };
        Self {
            id: weighed.id.to_string(),
            at: weighed.at.to_string(),
            request: weighed.kind.as_str(),
            merchant: owned(&weighed.merchant),
            buyer: owned(&weighed.buyer),
            order: owned(&weighed.order),
            amount: weighed.amount,
            then: weighed.then.outcome,
            now: weighed.now.outcome,
            reason_then: reason(&weighed.then),
            reason_now: reason(&weighed.now),
            verdict: None,
        }
    }
}

/// What a backtest found. Amounts are in minor units of the reporting currency.
#[derive(Debug, Clone, Serialize)]
pub struct Backtested {
    /// Of the first request that was compared.
    pub from: String,
    /// Of the last.
    pub to: String,
    /// How long after a decision it was looked at what became of it, in milliseconds.
    pub within: i64,
    /// Which requests were decided again.
    pub requests: Requests,
    /// On what.
    pub way: Way,
    /// The reporting currency.
    pub currency: String,
    /// The policies that were tried.
    pub policies: Vec<Policed>,
    /// Hash of all definitions that were tried.
    pub catalogue: String,
    /// Requests that were compared.
    pub compared: u64,
    /// Requests that were asked again later for the same order: only the last one is compared.
    pub repeated: u64,
    /// Of the compared, those whose window reaches beyond what is known today.
    pub open_windows: u64,
    /// Of the compared, those judged by their parties for want of an order.
    pub judged_by_party: u64,
    /// Requests that could not be decided again.
    pub undecided: Vec<Undecided>,
    /// Whether what was decided comes out the same under what decided it.
    pub checked: Checked,
    /// Requests with another outcome.
    pub changed: u64,
    /// Requests with the same outcome on other terms.
    pub other_terms: u64,
    /// All requests.
    pub overall: Tally,
    /// Let through then, not now.
    pub stopped: Switched,
    /// Let through now, not then.
    pub let_through: Switched,
    /// Let through both times, with less now.
    pub cut: Switched,
    /// Let through both times, with more now.
    pub eased: Switched,
    /// Outcome then by outcome now.
    pub outcomes: Vec<OutcomeRow>,
    /// What became of the requests by what was decided.
    pub became_then: Vec<BecameRow>,
    /// What became of them by what the candidate decides.
    pub became_now: Vec<BecameRow>,
    /// By tier, history, category, amount, segment.
    pub groups: Vec<Grouped>,
    /// Why answers changed.
    pub reasons: Vec<Reasoned>,
    /// Some of the requests whose outcome changed.
    pub examples: Vec<Example>,
}

/// Sums on the way to a report.
#[derive(Default)]
struct Sums {
    overall: Tally,
    switched: [Switched; 4],
    outcomes: BTreeMap<(Outcome, Outcome), u64>,
    became: [BTreeMap<Outcome, [u64; 4]>; 2],
    groups: BTreeMap<(usize, u32), Tally>,
    reasons: BTreeMap<(&'static str, u32), Switched>,
    changed: u64,
    other_terms: u64,
    open_windows: u64,
    judged_by_party: u64,
}

const STOPPED: usize = 0;
const LET_THROUGH: usize = 1;
const CUT: usize = 2;
const EASED: usize = 3;

impl Sums {
    fn add(&mut self, case: &Case, verdict: Verdict) {
        let became = verdict.became;
        self.judged_by_party += u64::from(verdict.judged_by == JudgedBy::Party);
        self.overall.add(case, became);
        let (then, now) = (case.then.0, case.now.0);
        self.changed += u64::from(then != now);
        self.other_terms += u64::from(then == now && !case.same_terms);
        *self.outcomes.entry((then, now)).or_default() += 1;
        for (of, outcome) in self.became.iter_mut().zip([then, now]) {
            if let Some(count) = of.entry(outcome).or_default().get_mut(became.place()) {
                *count += 1;
            }
        }
        for (grouping, group) in case.groups.iter().enumerate() {
            if let Some(group) = group {
                self.groups.entry((grouping, *group)).or_default().add(case, became);
            }
        }
        let way = match (is_granted(then), is_granted(now)) {
            (true, false) => Some(STOPPED),
            (false, true) => Some(LET_THROUGH),
            (true, true) if case.now.1 < case.then.1 => Some(CUT),
            (true, true) if case.now.1 > case.then.1 => Some(EASED),
            _ => None,
        };
        if let Some(switched) = way.and_then(|way| self.switched.get_mut(way)) {
            switched.add(case, became);
        }
        let [then, now] = case.reasons;
        let reason = match way {
            Some(STOPPED) => now.map(|reason| ("stopped", reason)),
            Some(LET_THROUGH) => then.map(|reason| ("let_through", reason)),
            Some(CUT) => now.map(|reason| ("cut", reason)),
            _ => None,
        };
        if let Some(reason) = reason {
            self.reasons.entry(reason).or_default().add(case, became);
        }
    }
}

/// A case as something to be judged.
fn matter(case: &Case) -> Matter<'_> {
    Matter {
        decision: case.id.as_deref().unwrap_or_default(),
        kind: case.kind,
        at: case.at,
        order: case.order.as_deref(),
        merchant: case.merchant.as_deref(),
        buyer: case.buyer.as_deref(),
        granted: is_granted(case.then.0),
    }
}

/// For each case whether a later one is about the same order: then only that counts.
fn repeated(cases: &[Case], hindsight: &Hindsight) -> Vec<bool> {
    let mut last = HashMap::new();
    let mut repeated = vec![false; cases.len()];
    for (place, case) in cases.iter().enumerate() {
        let Some(order) = hindsight.order_of(&matter(case)) else { continue };
        if let Some(earlier) = last.insert((case.kind, order), place)
            && let Some(earlier) = repeated.get_mut(earlier)
        {
            *earlier = true;
        }
    }
    repeated
}

/// What is told of a backtest beside its cases.
pub(super) struct About<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) policies: Vec<Policed>,
    pub(super) options: &'a BacktestOptions,
    pub(super) way: Way,
    pub(super) checked: Checked,
    pub(super) undecided: BTreeMap<String, u64>,
}

/// The report on all cases.
pub(super) fn report(about: About<'_>, cases: Cases, hindsight: &Hindsight) -> Backtested {
    let within = about.options.within;
    let repeated = repeated(&cases.all, hindsight);
    let mut sums = Sums::default();
    for (case, _) in cases.all.iter().zip(&repeated).filter(|(_, repeated)| !**repeated) {
        sums.open_windows += u64::from(case.at.plus(within) > hindsight.until());
        sums.add(case, hindsight.judge(&matter(case), within));
    }
    let examples = cases.examples.iter().filter_map(|(place, example)| {
        let verdict = cases.all.get(*place).map(|case| hindsight.judge(&matter(case), within));
        Some(Example { verdict, ..example.clone() }).filter(|_| repeated.get(*place) == Some(&false))
    });
    let examples = examples.collect();
    let ends = [cases.all.iter().map(|case| case.at).min(), cases.all.iter().map(|case| case.at).max()];
    let [from, to] = ends.map(|end| end.map_or_else(String::new, |end| end.to_string()));
    let [stopped, let_through, cut, eased] = std::mem::take(&mut sums.switched).map(Switched::closed);
    let [became_then, became_now] = std::mem::take(&mut sums.became).map(became_rows);
    let outcome = |((then, now), requests): (&(Outcome, Outcome), &u64)| OutcomeRow {
        then: *then,
        now: *now,
        requests: *requests,
    };
    let undecided = about.undecided.into_iter().map(|(missing, requests)| Undecided { missing, requests });
    Backtested {
        from,
        to,
        within: within.0,
        requests: about.options.requests,
        way: about.way,
        currency: about.catalogue.rates.reporting.to_string(),
        policies: about.policies,
        catalogue: about.catalogue.hash.to_string(),
        compared: sums.overall.requests,
        repeated: repeated.iter().filter(|repeated| **repeated).count() as u64,
        open_windows: sums.open_windows,
        judged_by_party: sums.judged_by_party,
        undecided: undecided.collect(),
        checked: about.checked,
        changed: sums.changed,
        other_terms: sums.other_terms,
        stopped,
        let_through,
        cut,
        eased,
        outcomes: sums.outcomes.iter().map(outcome).collect(),
        became_then,
        became_now,
        groups: groups(about.catalogue, &sums.groups, &cases),
        reasons: reasons(&sums.reasons, &cases),
        examples,
        overall: sums.overall.closed(),
    }
}

fn became_rows(counts: BTreeMap<Outcome, [u64; 4]>) -> Vec<BecameRow> {
    let row = |(outcome, [good, bad, nothing, unknown]): (Outcome, [u64; 4])| BecameRow {
        outcome: outcome.as_str(),
        good,
        bad,
        nothing,
        unknown,
    };
    counts.into_iter().map(row).collect()
}

/// Groups in an order that says something: tiers from the worst, bands from the smallest, anything else by its size.
fn groups(catalogue: &Catalogue, sums: &BTreeMap<(usize, u32), Tally>, cases: &Cases) -> Vec<Grouped> {
    let mut out = Vec::new();
    for (grouping, by) in GROUPINGS.iter().enumerate() {
        let own = sums.iter().filter(|((of, _), _)| *of == grouping);
        let mut own: Vec<(&str, Tally)> =
            own.map(|((_, name), tally)| (cases.names.name(*name), tally.clone())).collect();
        // One kind of request alone is no grouping.
        if *by == "request" && own.len() < 2 {
            continue;
        }
        let place = |name: &str| match *by {
            "merchant_tier" => tier_place(catalogue, Role::Merchant, name),
            "buyer_tier" => tier_place(catalogue, Role::Buyer, name),
            "amount" => (0..=BANDS.len()).position(|band| band_name(band) == name).unwrap_or(usize::MAX),
            _ => 0,
        };
        own.sort_by(|(a, of_a), (b, of_b)| {
            place(a).cmp(&place(b)).then(of_b.requests.cmp(&of_a.requests)).then(a.cmp(b))
        });
        let rest = own.split_off(own.len().min(MOST_GROUPS));
        let named = own.into_iter().map(|(name, tally)| (name.to_owned(), tally));
        let named: Vec<(String, Tally)> = named.chain(together(&rest)).collect();
        out.extend(named.into_iter().map(|(group, tally)| Grouped { by, group, tally: tally.closed() }));
    }
    out
}

/// The groups that are too many, as one.
fn together(rest: &[(&str, Tally)]) -> Option<(String, Tally)> {
    let sum = rest.iter().fold(Tally::default(), |sum, (_, tally)| sum.and(tally));
    (!rest.is_empty()).then(|| (format!("{} others", rest.len()), sum))
}

fn tier_place(catalogue: &Catalogue, role: Role, name: &str) -> usize {
    catalogue.tiers(role).list().iter().position(|tier| tier.name == name).unwrap_or(usize::MAX)
}

fn reasons(sums: &BTreeMap<(&'static str, u32), Switched>, cases: &Cases) -> Vec<Reasoned> {
    let one = |((change, reason), switched): (&(&'static str, u32), &Switched)| Reasoned {
        change,
        code: cases.names.name(*reason).to_owned(),
        text: cases.texts.get(reason).map_or_else(String::new, |text| text.to_string()),
        switched: switched.clone().closed(),
    };
    let mut out: Vec<Reasoned> = sums.iter().map(one).collect();
    out.sort_by(|a, b| b.switched.requests.cmp(&a.switched.requests).then(a.code.cmp(&b.code)));
    out
}

impl Example {
    /// What became of it, in a word.
    pub fn became(&self) -> &'static str {
        let place = self.verdict.map_or(3, |verdict| verdict.became.place());
        Became::NAMES.get(place).copied().unwrap_or("unknown")
    }
}
