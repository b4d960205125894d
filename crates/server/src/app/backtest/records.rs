//! Decisions made again from what stands on record of each: any thread may, in any order.

use super::super::decide::{MADE, record_of};
use super::super::error::AppError;
use super::super::hindsight::Gathering;
use super::super::reading::{ROWS, in_order};
use super::super::shared::Shared;
use super::answering::{answered, segment};
use super::asking::{BacktestOptions, Candidate, Candidates};
use super::case::{Answer, Cases, Described, Weighed};
use super::on_record::{Makers, OnRecord, Reading, seen_of};
use super::report::Checked;
use probity_credit::decision::{Record, Ruling};
use probity_credit::event::{Event, Role};
use probity_credit::policy::RequestKind;
use probity_primitives::{Duration, Timestamp};
use probity_store::{LogRow, Reader, SqliteReader};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Clocks differ by less: what the log took this much before a moment tells nothing of what became known after it.
const SLACK: Duration = Duration::days(2);

/// Everything that the work looks at.
pub(super) struct Context<'a> {
    pub(super) folder: &'a Path,
    pub(super) options: &'a BacktestOptions,
    pub(super) shared: &'a Arc<Shared>,
    pub(super) candidates: &'a Candidates<'a>,
    pub(super) makers: Makers<'a>,
    /// The last row that is looked at.
    pub(super) upto: u64,
    /// Minor units of one unit of the reporting currency.
    pub(super) unit: i64,
}

/// What the work brings in.
pub(super) struct Gathered<'a> {
    pub(super) cases: Cases,
    pub(super) gathering: Gathering<'a>,
    pub(super) checked: Checked,
    /// Requests that nothing can be said of, by what is not on record.
    pub(super) undecided: BTreeMap<String, u64>,
}

/// What a row tells.
pub(super) enum Found {
    Event(Box<Event>),
    Weighed(Box<Weighed>),
    Undecided(Vec<String>),
}

/// What a piece of the log tells.
struct Piece {
    found: Vec<Found>,
    checked: Checked,
    needs_states: bool,
    rows: u64,
}

/// A decision of the stretch of time that is asked about.
pub(super) struct Decision {
    pub(super) record: Record,
    pub(super) kind: RequestKind,
    pub(super) at: Timestamp,
}

impl Context<'_> {
    /// True for the record of any decision.
    pub(super) fn is_decision(&self, event: &Event) -> bool {
        self.shared.catalogue.vocabulary.get(event.kind).name == MADE
    }

    pub(super) fn is_within(&self, at: Timestamp) -> bool {
        self.options.from <= at && at <= self.options.to
    }

    /// The decision that an event records, if it is to be made again.
    pub(super) fn decision(&self, event: &Event) -> Result<Option<Decision>, AppError> {
        if !self.is_decision(event) || !self.is_within(event.known_at) {
            return Ok(None);
        }
        let catalogue = &self.shared.catalogue;
        let asked = event.text(catalogue.vocabulary.get(event.kind), "request");
        let Some(kind) = asked.and_then(RequestKind::parse) else { return Ok(None) };
        if !self.candidates.by_kind.contains_key(&kind) {
            return Ok(None);
        }
        let record = record_of(catalogue, event)?;
        Ok(record.map(|record| Decision { record, kind, at: event.known_at }))
    }
}

/// Both answers to a recorded request.
pub(super) fn weighed(
    decision: &Decision,
    ruling: &Ruling,
    segment: Option<String>,
    unit: i64,
) -> Result<Weighed, AppError> {
    let Decision { record, kind, at } = decision;
    let then = Answer::of(record.outcome()?, &record.terms, record.amount, &record.reasons);
    let now = Answer::of(ruling.outcome, &ruling.terms, record.amount, &ruling.reasons);
    let named = |role: Role| {
        let seen = seen_of(record, role)?;
        Some(seen.party.split_once(':').map_or(seen.party.as_str(), |(_, id)| id).into())
    };
    let side = |role: Role| seen_of(record, role).map(|seen| (seen.tier.as_str(), seen.thin));
    let category = match record.inputs.get("category") {
        Some(probity_credit::decision::Input::Text(category)) => Some(category.as_str()),
        _ => None,
    };
    let described = Described {
        kind: *kind,
        sides: [side(Role::Merchant), side(Role::Buyer)],
        category,
        amount: record.amount,
        unit,
        segment,
    };
    Ok(Weighed {
        at: *at,
        kind: *kind,
        id: record.id.as_str().into(),
        merchant: named(Role::Merchant),
        buyer: named(Role::Buyer),
        order: record.order.as_deref().map(Into::into),
        amount: record.amount.unwrap_or(0),
        same_terms: then.outcome == now.outcome && record.terms == ruling.terms,
        then,
        now,
        groups: described.groups(),
    })
}

impl Context<'_> {
    fn on_record(
        &self,
        decision: &Decision,
        candidate: &Candidate<'_>,
        reading: &Reading,
    ) -> Result<Weighed, AppError> {
        let row = OnRecord::new(reading, &decision.record, decision.at, self.candidates.catalogue);
        let ruling = answered(candidate, &row, decision.record.amount, row.limits());
        weighed(decision, &ruling, segment(candidate, &row), self.unit)
    }

    fn take_row(&self, row: &LogRow, piece: &mut Piece) -> Result<(), AppError> {
        let event = self.shared.decode(row)?;
        if !self.is_decision(&event) {
            piece.found.push(Found::Event(Box::new(event)));
            return Ok(());
        }
        let Some(decision) = self.decision(&event)? else { return Ok(()) };
        let Some(candidate) = self.candidates.by_kind.get(&decision.kind) else { return Ok(()) };
        let made = self.makers.made(&decision.record.versions.catalogue);
        let reading = made.reading(decision.kind).filter(|reading| !reading.needs_states);
        let Some(reading) = reading else {
            piece.needs_states = true;
            return Ok(());
        };
        piece.checked.answer(&decision.record.id, made.comes_out_the_same(&decision.record));
        piece.found.push(if reading.untold.is_empty() {
            Found::Weighed(Box::new(self.on_record(&decision, candidate, reading)?))
        } else {
            Found::Undecided(reading.untold.clone())
        });
        Ok(())
    }

    fn piece(&self, reader: &mut SqliteReader, first: u64, piece: u64) -> Result<Piece, AppError> {
        let begin = first + piece * ROWS;
        let most = usize::try_from(ROWS.min((self.upto + 1).saturating_sub(begin))).unwrap_or(0);
        let rows = reader.range(begin, most)?;
        let mut out = Piece {
            found: Vec::new(),
            checked: Checked::default(),
            needs_states: false,
            rows: rows.len() as u64,
        };
        for row in &rows {
            self.take_row(row, &mut out)?;
            if out.needs_states {
                break;
            }
        }
        Ok(out)
    }

    /// The first row that can tell anything of what was known from the beginning on. `recorded_at` never falls in the log.
    fn first(&self) -> Result<u64, AppError> {
        let mut reader = SqliteReader::open(self.folder)?;
        let from = self.options.from.plus(Duration(-SLACK.0));
        let (mut low, mut high) = (1, self.upto + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match reader.row(middle)? {
                Some(row) if row.recorded_at < from => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

impl<'a> Gathered<'a> {
    pub(super) fn new(context: &Context<'a>) -> Self {
        Self {
            cases: Cases::new(context.options.examples),
            gathering: Gathering::new(context.candidates.catalogue, context.options.from),
            checked: Checked::default(),
            undecided: BTreeMap::new(),
        }
    }

    pub(super) fn take(&mut self, found: Found) {
        match found {
            Found::Event(event) => self.gathering.take(&event),
            Found::Weighed(weighed) => self.cases.add(*weighed),
            Found::Undecided(columns) => {
                *self.undecided.entry(columns.join(", ")).or_default() += 1;
            }
        }
    }
}

/// Makes the decisions again from their records; none when that does not do for all of them.
///
/// # Errors
/// Those of the store, `decision-unreadable`.
pub(super) fn from_records<'a>(
    context: &Context<'a>,
    progress: super::asking::BacktestProgress<'_>,
) -> Result<Option<Gathered<'a>>, AppError> {
    let first = context.first()?;
    let rows = (context.upto + 1).saturating_sub(first);
    let mut gathered = Gathered::new(context);
    let (mut needs_states, mut done) = (false, 0);
    let ended = in_order(
        context.folder,
        rows.div_ceil(ROWS),
        &|reader, piece| context.piece(reader, first, piece),
        &mut |piece: Piece| {
            if piece.needs_states {
                needs_states = true;
                return Err(AppError::internal("the records do not do"));
            }
            done += piece.rows;
            progress("reading decisions", done, rows);
            gathered.checked.add(piece.checked);
            piece.found.into_iter().for_each(|found| gathered.take(found));
            Ok(())
        },
    );
    if needs_states {
        return Ok(None);
    }
    ended?;
    Ok(Some(gathered))
}
