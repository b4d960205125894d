//! A history without decisions: what became known is gone over in the order in which it did, whatever order it was imported
//! in, and the first payment of each order is asked for at its moment, before it counts.

use super::super::error::AppError;
use super::super::reading::{ROWS, in_order};
use super::super::timeline::{Change, Chronicle, piece_of};
use super::answering::{answered, segment};
use super::asking::{BacktestProgress, Candidate};
use super::case::{Answer, Described, Weighed};
use super::records::{Context, Found, Gathered};
use super::sweep::{Prepared, Step, Sweep, prepared};
use probity_credit::event::{Event, Role};
use probity_credit::order::{Book, order_key};
use probity_credit::policy::{Facts, Outcome, Request, RequestKind};
use probity_store::{Key, SqliteReader};
use std::collections::{HashMap, HashSet};

impl Context<'_> {
    fn chronicle(&self) -> Chronicle<'_> {
        Chronicle { folder: self.folder, shared: self.shared, upto: self.upto }
    }

    fn prepare_changes(
        &self,
        reader: &mut SqliteReader,
        changes: &[Change],
    ) -> Result<Vec<(Change, Prepared)>, AppError> {
        let events = self.chronicle().events(reader, changes)?.into_iter();
        Ok(events.map(|(change, event)| (change, prepared(self.shared, event))).collect())
    }
}

/// Orders on their way to being paid.
#[derive(Default)]
struct Waiting {
    /// What an order was placed about, in the reporting currency.
    placed: HashMap<Key, Option<i64>>,
    asked: HashSet<Key>,
}

impl Waiting {
    /// The order that a first payment is for, with the amount to be asked about.
    fn first_payment(&mut self, context: &Context<'_>, event: &Event) -> Option<(Box<str>, Option<i64>)> {
        let catalogue = &context.shared.catalogue;
        let declared = catalogue.vocabulary.get(event.kind);
        let is_placing = declared.name == "order.placed";
        if !is_placing && declared.name != "order.paid" {
            return None;
        }
        let order = Book::order_of(&catalogue.vocabulary, event)?;
        let key = order_key(order);
        let minor = event.integer(declared, "value")?;
        let value = event
            .currency
            .and_then(|currency| catalogue.rates.to_reporting(minor, currency, event.occurred_at));
        if is_placing {
            if !self.asked.contains(&key) {
                self.placed.entry(key).or_insert(value);
            }
            return None;
        }
        let placed = self.placed.remove(&key).flatten();
        self.asked.insert(key).then(|| (order.into(), placed.or(value)))
    }
}

impl Context<'_> {
    /// A payment asked for just before it became known.
    fn asked(
        &self,
        sweep: &mut Sweep,
        candidate: &Candidate<'_>,
        event: &Event,
        (order, amount): (Box<str>, Option<i64>),
    ) -> Result<Found, AppError> {
        let (Some(amount), Some(merchant), Some(buyer)) = (amount, &event.merchant, &event.buyer) else {
            let missing = if amount.is_none() { "rate of the currency" } else { "merchant or buyer" };
            return Ok(Found::Undecided(vec![missing.to_owned()]));
        };
        let at = event.known_at;
        let numbers = sweep.numbers(event)?;
        sweep.catch_up(u64::MAX);
        let book = sweep.exposure(at);
        let open = numbers.map(|number| number.map_or(0, |number| book.of(number)));
        let pair = numbers[0].zip(numbers[1]).map_or(0, |(merchant, buyer)| book.of_pair(merchant, buyer));
        let sides = [
            sweep.seen(Role::Merchant, numbers[0], at, u64::MAX, open[0])?,
            sweep.seen(Role::Buyer, numbers[1], at, u64::MAX, open[1])?,
        ];
        let declared = self.shared.catalogue.vocabulary.get(event.kind);
        let request = Request {
            kind: RequestKind::Payment,
            at,
            merchant: Some(merchant.clone()),
            buyer: Some(buyer.clone()),
            amount: None,
            reporting: Some(amount),
            category: event.text(declared, "category").map(Into::into),
            method: event.text(declared, "method").map(Into::into),
            order: None,
            attributes: candidate.policy.attributes().iter().map(|_| None).collect(),
        };
        let [seller, customer] = &sides;
        let facts = Facts {
            fields: candidate.policy.fields(),
            request: &request,
            merchant: Some(seller.side()),
            buyer: Some(customer.side()),
            pair_exposure: pair,
        };
        let ruling =
            answered(candidate, &facts, Some(amount), [Some(seller.limits()), Some(customer.limits())]);
        let described = Described {
            kind: RequestKind::Payment,
            sides: sides.each_ref().map(|seen| Some((seen.tier.as_str(), seen.snapshot.scored.thin))),
            category: request.category.as_deref(),
            amount: Some(amount),
            unit: self.unit,
            segment: segment(candidate, &facts),
        };
        let then = Answer { outcome: Outcome::Approve, through: amount, reason: None };
        let now = Answer::of(ruling.outcome, &ruling.terms, Some(amount), &ruling.reasons);
        Ok(Found::Weighed(Box::new(Weighed {
            at,
            kind: RequestKind::Payment,
            id: order.clone(),
            merchant: Some(merchant.as_str().into()),
            buyer: Some(buyer.as_str().into()),
            order: Some(order),
            amount,
            same_terms: then.outcome == now.outcome,
            then,
            now,
            groups: described.groups(),
        })))
    }
}

/// Asks for the payments of a history.
///
/// # Errors
/// Those of the store.
pub(super) fn from_orders<'a>(
    context: &Context<'a>,
    progress: BacktestProgress<'_>,
) -> Result<Gathered<'a>, AppError> {
    let mut gathered = Gathered::new(context);
    // What was decided in truth is no part of what would have been.
    let mut takes = |event: &Event| {
        gathered.gathering.take(event);
        !context.is_decision(event)
    };
    let changes = context.chronicle().changes(&mut takes, progress)?;
    let Some(candidate) = context.candidates.by_kind.get(&RequestKind::Payment) else { return Ok(gathered) };
    let mut sweep = Sweep::by_knowledge(context.folder, context.shared)?;
    let mut waiting = Waiting::default();
    let (mut place, all) = (0, changes.len() as u64);
    in_order(
        context.folder,
        all.div_ceil(ROWS),
        &|reader, piece| context.prepare_changes(reader, piece_of(&changes, piece)),
        &mut |pieces: Vec<(Change, Prepared)>| {
            for (change, event) in pieces {
                let first = if change.sign > 0 { waiting.first_payment(context, &event.0) } else { None };
                if let Some(payment) = first.filter(|_| context.is_within(change.at)) {
                    gathered.take(context.asked(&mut sweep, candidate, &event.0, payment)?);
                }
                place += 1;
                let sign = i32::from(change.sign);
                let platform = [(change.at, sign)];
                sweep.step(&Step { place, event: &event, known_at: change.at, sign, platform: &platform })?;
            }
            progress("going over the history", place, all);
            Ok(())
        },
    )?;
    Ok(gathered)
}
