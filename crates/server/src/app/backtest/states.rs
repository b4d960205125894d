//! Decisions made again on states rebuilt from the log, row by row: what a candidate reads need not stand on record.

use super::super::decide::Seen;
use super::super::error::AppError;
use super::super::reading::{ROWS, in_order};
use super::answering::{answered, segment};
use super::asking::{BacktestProgress, Candidate};
use super::on_record::{is_asked, seen_of, value};
use super::records::{Context, Decision, Found, Gathered, weighed};
use super::sweep::{Prepared, Sweep, prepared};
use probity_credit::decision::{Input, Record};
use probity_credit::event::Role;
use probity_credit::policy::{Attribute, Facts, Request};
use probity_expression::Value;
use probity_primitives::ExternalId;
use probity_store::{Reader, SqliteReader};

/// A row, decoded and prepared, with the decision that it records.
struct Ready {
    row: u64,
    event: Prepared,
    decision: Option<Box<Decision>>,
}

impl Context<'_> {
    fn prepare(&self, reader: &mut SqliteReader, piece: u64) -> Result<Vec<Ready>, AppError> {
        let begin = 1 + piece * ROWS;
        let most = usize::try_from(ROWS.min((self.upto + 1).saturating_sub(begin))).unwrap_or(0);
        let mut out = Vec::with_capacity(most);
        for row in reader.range(begin, most)? {
            let event = self.shared.decode(&row)?;
            let decision = self.decision(&event)?.map(Box::new);
            out.push(Ready { row: row.seq, event: prepared(self.shared, event), decision });
        }
        Ok(out)
    }

    /// What a candidate needs of the request and nothing tells.
    fn untold(&self, decision: &Decision, candidate: &Candidate<'_>) -> Vec<String> {
        let made = self.makers.made(&decision.record.versions.catalogue);
        if let Some(reading) = made.reading(decision.kind) {
            return reading.untold.clone();
        }
        let names = candidate.needed.iter().map(|column| candidate.policy.fields().name(*column));
        let missing = names
            .filter(|name| is_asked(candidate.policy, name) && !decision.record.inputs.contains_key(*name));
        missing.map(str::to_owned).collect()
    }

    fn on_states(
        &self,
        sweep: &mut Sweep,
        row: u64,
        decision: &Decision,
    ) -> Result<(Found, Option<bool>), AppError> {
        let Some(candidate) = self.candidates.by_kind.get(&decision.kind) else {
            return Err(AppError::internal("a decision of a kind that nobody asked for"));
        };
        let untold = self.untold(decision, candidate);
        let record = &decision.record;
        let parties = [party_of(record, Role::Merchant), party_of(record, Role::Buyer)];
        let [merchant, buyer] = sweep.numbers_of([parties[0].as_ref(), parties[1].as_ref()])?;
        let upto = record.seen.unwrap_or(row.saturating_sub(1));
        sweep.catch_up(upto);
        let book = sweep.exposure(decision.at);
        let of_book = |number: Option<u32>| number.map_or(0, |number| book.of(number));
        let booked = [of_book(merchant), of_book(buyer)];
        let pair = merchant.zip(buyer).map_or(0, |(merchant, buyer)| book.of_pair(merchant, buyer));
        let see = |role: Role, number: Option<u32>| {
            let seen =
                seen_of(record, role).map(|then| sweep.seen(role, number, decision.at, upto, then.exposure));
            seen.transpose()
        };
        let (merchant, buyer) = (see(Role::Merchant, merchant)?, see(Role::Buyer, buyer)?);
        let same = self.same_seen(decision, [merchant.as_ref(), buyer.as_ref()], booked);
        if !untold.is_empty() {
            return Ok((Found::Undecided(untold), same));
        }
        let request = request(decision, candidate, parties);
        let facts = Facts {
            fields: candidate.policy.fields(),
            request: &request,
            merchant: merchant.as_ref().map(Seen::side),
            buyer: buyer.as_ref().map(Seen::side),
            pair_exposure: match value(record.inputs.get("pair_exposure")) {
                Value::Integer(open) => open,
                _ => pair,
            },
        };
        let limits = [merchant.as_ref().map(Seen::limits), buyer.as_ref().map(Seen::limits)];
        let ruling = answered(candidate, &facts, record.amount, limits);
        let weighed = weighed(decision, &ruling, segment(candidate, &facts), self.unit)?;
        Ok((Found::Weighed(Box::new(weighed)), same))
    }

    /// Whether both parties are seen as they were seen; none where other definitions looked.
    fn same_seen(&self, decision: &Decision, seen: [Option<&Seen<'_>>; 2], booked: [i64; 2]) -> Option<bool> {
        let record = &decision.record;
        self.makers.made(&record.versions.catalogue).same_states.then(|| {
            let sides = Role::ALL.into_iter().zip(seen).zip(booked);
            sides.into_iter().all(|((role, now), booked)| match (now, seen_of(record, role)) {
                (Some(now), Some(then)) => now.shown(then.party.clone()) == *then && booked == then.exposure,
                (now, then) => now.is_none() && then.is_none(),
            })
        })
    }
}

fn party_of(record: &Record, role: Role) -> Option<ExternalId> {
    let party = &seen_of(record, role)?.party;
    ExternalId::try_new(party.split_once(':')?.1).ok()
}

/// The request as it was asked, as far as it stands on record.
fn request(
    decision: &Decision,
    candidate: &Candidate<'_>,
    [merchant, buyer]: [Option<ExternalId>; 2],
) -> Request {
    let record = &decision.record;
    let text = |name: &str| match record.inputs.get(name) {
        Some(Input::Text(text)) => Some(text.as_str().into()),
        _ => None,
    };
    let attribute = |name: &str| match record.inputs.get(name)? {
        Input::Boolean(value) => Some(Attribute::Boolean(*value)),
        Input::Integer(value) => Some(Attribute::Integer(*value)),
        Input::Text(value) => Some(Attribute::Text(value.as_str().into())),
        Input::Double(_) => None,
    };
    Request {
        kind: decision.kind,
        at: decision.at,
        merchant,
        buyer,
        amount: None,
        reporting: record.amount,
        category: text("category"),
        method: text("method"),
        order: record.order.as_deref().and_then(|order| ExternalId::try_new(order).ok()),
        attributes: candidate.policy.attributes().iter().map(|(name, _)| attribute(name)).collect(),
    }
}

/// Makes the decisions again on states rebuilt from the log.
///
/// # Errors
/// Those of the store, `decision-unreadable`.
pub(super) fn from_states<'a>(
    context: &Context<'a>,
    progress: BacktestProgress<'_>,
) -> Result<Gathered<'a>, AppError> {
    let mut gathered = Gathered::new(context);
    let mut sweep = Sweep::by_row(context.folder, context.shared)?;
    in_order(
        context.folder,
        context.upto.div_ceil(ROWS),
        &|reader, piece| context.prepare(reader, piece),
        &mut |rows: Vec<Ready>| {
            for ready in rows {
                if let Some(decision) = &ready.decision {
                    let made = context.makers.made(&decision.record.versions.catalogue);
                    gathered.checked.answer(&decision.record.id, made.comes_out_the_same(&decision.record));
                    let (found, same) = context.on_states(&mut sweep, ready.row, decision)?;
                    gathered.checked.seen(&decision.record.id, same);
                    gathered.take(found);
                }
                sweep.take(ready.row, &ready.event)?;
                gathered.gathering.take(&ready.event.0);
                if ready.row % ROWS == 0 || ready.row == context.upto {
                    progress("rebuilding states", ready.row, context.upto);
                }
            }
            Ok(())
        },
    )?;
    Ok(gathered)
}
