//! Events as rows of a table: one column for the envelope's parts and one for each field that the simulator tells.

use probity_intake::parquet_out::{Batch, Column, ColumnKind, Word, push_number};
use probity_sim::event::{Event, Field, Kind, Value};
use probity_sim::setting::Setting;

/// Columns before those of the fields.
const ENVELOPE: [Column; 7] = [
    Column::known("id", ColumnKind::Counted),
    Column::known("source", ColumnKind::Word),
    Column::known("type", ColumnKind::Word),
    Column::known("occurred_at", ColumnKind::Moment),
    Column::known("merchant", ColumnKind::Text),
    Column::known("buyer", ColumnKind::Text),
    Column::known("currency", ColumnKind::Word),
];
const ID: usize = 0;
const SOURCE: usize = 1;
const TYPE: usize = 2;
const OCCURRED_AT: usize = 3;
const MERCHANT: usize = 4;
const BUYER: usize = 5;
const CURRENCY: usize = 6;

/// Source of all events of the simulator.
pub(super) const SOURCE_NAME: &str = "sim";

/// How a field stands in a column.
const fn kind_of(field: Field) -> ColumnKind {
    match field {
        Field::Value
        | Field::GoodsValue
        | Field::Change
        | Field::Price
        | Field::Items
        | Field::Sequence
        | Field::Instalments
        | Field::Rating
        | Field::Described
        | Field::Service
        | Field::Logistics
        | Field::Severity
        | Field::DaysPastDue
        | Field::Accounts => ColumnKind::Integer,
        Field::ShipBy | Field::DeliverBy | Field::PaidAt | Field::PlacedAt | Field::DeliveredAt => {
            ColumnKind::Moment
        }
        Field::First
        | Field::Verified
        | Field::WithinRight
        | Field::SellerAnswered
        | Field::GoodFaith
        | Field::ProofOfDelivery
        | Field::Abusive
        | Field::OwnerVerified
        | Field::Requested
        | Field::NewDevice => ColumnKind::Boolean,
        Field::Category
        | Field::Method
        | Field::Reason
        | Field::Carrier
        | Field::Stage
        | Field::Proof
        | Field::By
        | Field::Condition
        | Field::PaidBy
        | Field::Cause
        | Field::OfKind
        | Field::Fault
        | Field::LostBy
        | Field::Reporter
        | Field::Channel => ColumnKind::Word,
        Field::Order
        | Field::Device
        | Field::Address
        | Field::Card
        | Field::Tracking
        | Field::SincePaid
        | Field::Thread
        | Field::ResponseTime
        | Field::Claim
        | Field::Dispute
        | Field::Violation
        | Field::Promotion
        | Field::PayoutAccount
        | Field::Dwell
        | Field::Recourse
        | Field::Line
        | Field::Due
        | Field::Listing => ColumnKind::Text,
    }
}

/// All columns of a file of events.
pub(super) fn event_columns() -> Vec<Column> {
    let fields = Field::ALL.iter().map(|field| Column::known(field.name(), kind_of(*field)));
    ENVELOPE.into_iter().chain(fields).collect()
}

/// Writes events into batches.
pub(super) struct EventRows {
    types: Vec<Word>,
    source: Word,
    currency: Word,
    categories: Vec<Word>,
    carriers: Vec<Word>,
    span: Vec<u8>,
}

impl EventRows {
    pub(super) fn new(setting: &Setting) -> Self {
        let world = &setting.world;
        Self {
            types: Kind::ALL.iter().map(|kind| Word::known(kind.name())).collect(),
            source: Word::known(SOURCE_NAME),
            currency: Word::from(world.currency.clone()),
            categories: world.categories.iter().map(|category| Word::from(category.name.clone())).collect(),
            carriers: world.carriers.iter().map(|carrier| Word::from(carrier.clone())).collect(),
            span: Vec::new(),
        }
    }

    /// Adds an event to a batch.
    pub(super) fn add(&mut self, batch: &mut Batch, event: &Event) {
        batch.numbered(ID, "e", event.serial);
        batch.word(SOURCE, &self.source);
        batch.word(TYPE, &self.types[event.kind as usize]);
        batch.integer(OCCURRED_AT, event.at.millis());
        if let Some(merchant) = event.merchant {
            batch.numbered(MERCHANT, "m", u64::from(merchant));
        }
        if let Some(buyer) = event.buyer {
            batch.numbered(BUYER, "b", u64::from(buyer));
        }
        let mut money = false;
        for (field, value) in event.fields() {
            let column = ENVELOPE.len() + *field as usize;
            money |= matches!(value, Value::Minor(_));
            match *value {
                Value::Id(named, number) => batch.numbered(column, named.prefix(), number),
                Value::Minor(number) | Value::Count(number) => batch.integer(column, number),
                Value::Word(word) => batch.word(column, &Word::known(word)),
                Value::Truth(truth) => batch.boolean(column, truth),
                Value::Moment(at) => batch.integer(column, at.millis()),
                Value::Span(millis) => self.span(batch, column, millis),
                Value::Category(place) => batch.word(column, &self.categories[usize::from(place)]),
                Value::Carrier(place) => batch.word(column, &self.carriers[usize::from(place)]),
            }
        }
        if money {
            batch.word(CURRENCY, &self.currency);
        }
        batch.end_row();
    }

    fn span(&mut self, batch: &mut Batch, column: usize, millis: i64) {
        self.span.clear();
        push_number(&mut self.span, millis.unsigned_abs());
        self.span.extend_from_slice(b"ms");
        batch.text(column, std::str::from_utf8(&self.span).unwrap_or_default());
    }
}
