//! A request with both answers, as it is weighed and as it is kept until it is known what became of it.

use super::report::Example;
use probity_credit::decision::{Granted, Told};
use probity_credit::policy::{Outcome, RequestKind};
use probity_primitives::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// By what requests are grouped, in the order in which it is told.
pub(super) const GROUPINGS: [&str; 8] = [
    "request",
    "merchant_tier",
    "buyer_tier",
    "merchant_history",
    "buyer_history",
    "category",
    "amount",
    "segment",
];

/// Upper ends of the bands of amounts, in whole units of the reporting currency.
pub(super) const BANDS: [i64; 5] = [10, 50, 200, 1_000, 5_000];

/// True for an outcome that lets a request through, be it in part or after a further proof.
pub(super) const fn is_granted(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Approve | Outcome::ApproveWithLimit | Outcome::StepUp)
}

/// An answer as it is compared.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// What it lets through, in minor units of the reporting currency.
    pub(super) through: i64,
    /// Code and text of its first reason.
    pub(super) reason: Option<(Box<str>, Box<str>)>,
}

impl Answer {
    pub(super) fn of(outcome: Outcome, terms: &Granted, amount: Option<i64>, reasons: &[Told]) -> Self {
        let amount = amount.unwrap_or(0);
        let through =
            if is_granted(outcome) { terms.limit.map_or(amount, |limit| amount.min(limit)) } else { 0 };
        let reason = reasons.first().map(|told| (told.code.as_str().into(), told.text.as_str().into()));
        Self { outcome, through, reason }
    }
}

/// A request decided again.
#[derive(Debug)]
pub(super) struct Weighed {
    pub(super) at: Timestamp,
    pub(super) kind: RequestKind,
    /// The decision; the order where there was none.
    pub(super) id: Box<str>,
    pub(super) merchant: Option<Box<str>>,
    pub(super) buyer: Option<Box<str>>,
    pub(super) order: Option<Box<str>>,
    pub(super) amount: i64,
    pub(super) then: Answer,
    pub(super) now: Answer,
    /// The outcome is the same and so are the terms.
    pub(super) same_terms: bool,
    /// The names of its groups, by grouping.
    pub(super) groups: [Option<Box<str>>; GROUPINGS.len()],
}

/// The same, with names kept once for all.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) at: Timestamp,
    pub(super) kind: RequestKind,
    /// Kept only where an order is to be found by it.
    pub(super) id: Option<Box<str>>,
    pub(super) merchant: Option<Arc<str>>,
    pub(super) buyer: Option<Arc<str>>,
    pub(super) order: Option<Box<str>>,
    pub(super) amount: i64,
    pub(super) then: (Outcome, i64),
    pub(super) now: (Outcome, i64),
    /// The first reason of each answer, by its number.
    pub(super) reasons: [Option<u32>; 2],
    pub(super) same_terms: bool,
    pub(super) groups: [Option<u32>; GROUPINGS.len()],
}

/// Names and their numbers.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.into(), number);
        self.names.push(name.into());
        number
    }

    pub(super) fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }
}

/// All cases, and the examples that are told.
#[derive(Debug, Default)]
pub(super) struct Cases {
    pub(super) all: Vec<Case>,
    pub(super) names: Names,
    pub(super) texts: HashMap<u32, Box<str>>,
    /// Places of the examples, and what is told of them.
    pub(super) examples: Vec<(usize, Example)>,
    told: BTreeMap<(Outcome, Outcome), usize>,
    parties: HashMap<Box<str>, Arc<str>>,
    most: usize,
}

impl Cases {
    /// None yet; of each kind of change at most so many examples are kept.
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    pub(super) fn add(&mut self, weighed: Weighed) {
        let changed = (weighed.then.outcome, weighed.now.outcome);
        if changed.0 != changed.1 {
            let told = self.told.entry(changed).or_default();
            if *told < self.most {
                *told += 1;
                self.examples.push((self.all.len(), Example::of(&weighed)));
            }
        }
        let reason = |cases: &mut Self, answer: &Answer| {
            let (code, text) = answer.reason.as_ref()?;
            let number = cases.names.number(code);
            cases.texts.entry(number).or_insert_with(|| text.clone());
            Some(number)
        };
        let reasons = [reason(self, &weighed.then), reason(self, &weighed.now)];
        let groups = weighed.groups.map(|name| name.map(|name| self.names.number(&name)));
        let case = Case {
            at: weighed.at,
            kind: weighed.kind,
            id: weighed.order.is_none().then_some(weighed.id),
            merchant: weighed.merchant.map(|id| self.party(id)),
            buyer: weighed.buyer.map(|id| self.party(id)),
            order: weighed.order,
            amount: weighed.amount,
            then: (weighed.then.outcome, weighed.then.through),
            now: (weighed.now.outcome, weighed.now.through),
            reasons,
            same_terms: weighed.same_terms,
            groups,
        };
        self.all.push(case);
    }

    fn party(&mut self, id: Box<str>) -> Arc<str> {
        if let Some(known) = self.parties.get(&id) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = Arc::from(&*id);
        self.parties.insert(id, Arc::clone(&shared));
        shared
    }
}

/// What requests are grouped by, of one request.
pub(super) struct Described<'a> {
    pub(super) kind: RequestKind,
    /// Tier, and whether the file is thin, of merchant and buyer.
    pub(super) sides: [Option<(&'a str, bool)>; 2],
    pub(super) category: Option<&'a str>,
    pub(super) amount: Option<i64>,
    /// Minor units of one unit of the reporting currency.
    pub(super) unit: i64,
    pub(super) segment: Option<String>,
}

impl Described<'_> {
    pub(super) fn groups(self) -> [Option<Box<str>>; GROUPINGS.len()] {
        let [merchant, buyer] = self.sides;
        let tier = |side: Option<(&str, bool)>| side.map(|(tier, _)| Box::from(tier));
        let history = |side: Option<(&str, bool)>| {
            side.map(|(_, thin)| Box::from(if thin { "thin" } else { "established" }))
        };
        let band = |amount: i64| {
            let place = BANDS.iter().position(|end| amount < end * self.unit).unwrap_or(BANDS.len());
            Box::from(band_name(place))
        };
        [
            Some(self.kind.as_str().into()),
            tier(merchant),
            tier(buyer),
            history(merchant),
            history(buyer),
            self.category.map(Into::into),
            self.amount.map(band),
            self.segment.map(Into::into),
        ]
    }
}

/// How a band of amounts is called.
pub(super) fn band_name(place: usize) -> String {
    let end = |place: usize| BANDS.get(place);
    match (place.checked_sub(1).and_then(end), end(place)) {
        (None, Some(below)) => format!("below {below}"),
        (Some(from), Some(below)) => format!("{from} to {below}"),
        (Some(from), None) => format!("{from} and above"),
        (None, None) => String::new(),
    }
}
