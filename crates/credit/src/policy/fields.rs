//! What a policy's conditions may read: both parties' scores, tiers, gates and indicators, what they have open, and the
//! request. Names of a party's columns begin with `merchant_` or `buyer_`.

use super::request::{Attribute, Request, RequestKind, Takes};
use crate::event::Role;
use crate::score::{Scorecard, Scored};
use crate::tier::Tiers;
use probity_expression::{Columns, MoneyIn, Row, Type, Value};
use std::collections::HashMap;

/// Where a column's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Score(Role),
    Low(Role),
    High(Role),
    Tier(Role),
    Thin(Role),
    Known(Role),
    Exposure(Role),
    PaymentLimit(Role),
    SanctionLimit(Role),
    Suspended(Role),
    Terminated(Role),
    Gate(Role, usize),
    Dimension(Role, usize),
    Indicator(Role, usize),
    Amount,
    Category,
    Method,
    PairExposure,
    At,
    Attribute(usize),
}

/// What values a column can have; what a proof that rules leave nothing open goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// Any value of the type; and null, if it says so.
    Any {
        /// It can be null.
        nullable: bool,
    },
    /// Whole numbers not below 0; and null, if it says so.
    NotNegative {
        /// It can be null.
        nullable: bool,
    },
    /// One of these texts; and null, if it says so.
    Words {
        /// The texts.
        words: Vec<String>,
        /// It can be null.
        nullable: bool,
    },
    /// Always null: the party takes no part in such requests.
    Absent,
}

struct Column {
    name: String,
    of: Type,
    domain: Domain,
    source: Source,
}

/// The columns for requests of one kind.
pub struct Fields {
    kind: RequestKind,
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    exponent: u32,
    attributes: usize,
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} columns of {}", self.columns.len(), self.kind.as_str())
    }
}

/// What is known of one party when a decision is made.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its score.
    pub scored: &'a Scored,
    /// Its indicators, in the catalogue's order.
    pub values: &'a [Option<f64>],
    /// Name of its tier.
    pub tier: &'a str,
    /// Any event names it.
    pub known: bool,
    /// What it has open, in minor units of the reporting currency.
    pub exposure: i64,
    /// The payment limit of its tier, in minor units of the reporting currency.
    pub payment_limit: i64,
    /// The limit that a sanction sets, if one does.
    pub sanction_limit: Option<i64>,
    /// A suspension is in force.
    pub suspended: bool,
    /// The relation was ended.
    pub terminated: bool,
}

/// Everything that conditions read for one request.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The columns.
    pub fields: &'a Fields,
    /// The request.
    pub request: &'a Request,
    /// The merchant, where one takes part.
    pub merchant: Option<Side<'a>>,
    /// The buyer, where one takes part.
    pub buyer: Option<Side<'a>>,
    /// What this buyer has open with this merchant, in minor units of the reporting currency.
    pub pair_exposure: i64,
}

const MONEY: Type = Type::Money(MoneyIn::Reporting);

impl Fields {
    /// The columns for requests of a kind. `roles` gives scorecard, tiers and indicator names of merchants and buyers;
    /// `attributes` are those that the policy declares; `exponent` are the digits of the reporting currency.
    pub fn new(
        kind: RequestKind,
        roles: [(Role, &Scorecard, &Tiers, &[String]); 2],
        attributes: &[(String, Type)],
        exponent: u32,
    ) -> Self {
        let (columns, places) = (Vec::new(), HashMap::new());
        let mut fields = Self { kind, columns, places, exponent, attributes: attributes.len() };
        for (role, scorecard, tiers, indicators) in roles {
            fields.party(role, scorecard, tiers, indicators);
        }
        let amount = match kind.amount() {
            Takes::Always => Domain::NotNegative { nullable: false },
            Takes::Perhaps => Domain::NotNegative { nullable: true },
            Takes::Never => Domain::Absent,
        };
        let any = Domain::Any { nullable: true };
        fields.add("amount", MONEY, amount, Source::Amount);
        fields.add("category", Type::Text, any.clone(), Source::Category);
        fields.add("method", Type::Text, any.clone(), Source::Method);
        fields.add("pair_exposure", MONEY, Domain::NotNegative { nullable: false }, Source::PairExposure);
        fields.add("at", Type::Timestamp, Domain::Any { nullable: false }, Source::At);
        for (place, (name, of)) in attributes.iter().enumerate() {
            fields.add(name, *of, any.clone(), Source::Attribute(place));
        }
        fields
    }

    fn party(&mut self, role: Role, scorecard: &Scorecard, tiers: &Tiers, indicators: &[String]) {
        let takes = self.kind.takes(role);
        let nullable = takes == Takes::Perhaps;
        let absent = takes == Takes::Never;
        let given = |domain: Domain| if absent { Domain::Absent } else { domain };
        let any = given(Domain::Any { nullable });
        let money = given(Domain::NotNegative { nullable });
        let words = tiers.list().iter().map(|tier| tier.name.clone()).collect();
        let prefix = role.as_str();
        let mut add = |name: &str, of: Type, domain: &Domain, source: Source| {
            self.add(&format!("{prefix}_{name}"), of, domain.clone(), source);
        };
        add("score", Type::Integer, &any, Source::Score(role));
        add("score_low", Type::Integer, &any, Source::Low(role));
        add("score_high", Type::Integer, &any, Source::High(role));
        add("tier", Type::Text, &given(Domain::Words { words, nullable }), Source::Tier(role));
        add("thin", Type::Boolean, &any, Source::Thin(role));
        add("known", Type::Boolean, &any, Source::Known(role));
        add("exposure", MONEY, &money, Source::Exposure(role));
        add("payment_limit", MONEY, &money, Source::PaymentLimit(role));
        let perhaps = given(Domain::NotNegative { nullable: true });
        add("sanction_limit", MONEY, &perhaps, Source::SanctionLimit(role));
        add("suspended", Type::Boolean, &any, Source::Suspended(role));
        add("terminated", Type::Boolean, &any, Source::Terminated(role));
        for (place, gate) in scorecard.gates().iter().enumerate() {
            add(&format!("gate_{}", gate.name), Type::Boolean, &any, Source::Gate(role, place));
        }
        for (place, dimension) in scorecard.dimensions().iter().enumerate() {
            let name = format!("dimension_{}", dimension.name);
            add(&name, Type::Integer, &any, Source::Dimension(role, place));
        }
        let maybe = given(Domain::Any { nullable: true });
        for (place, name) in indicators.iter().enumerate() {
            add(name, Type::Double, &maybe, Source::Indicator(role, place));
        }
    }

    /// A name that stands already keeps its first meaning.
    fn add(&mut self, name: &str, of: Type, domain: Domain, source: Source) {
        if !self.places.contains_key(name) {
            self.places.insert(name.to_owned(), self.columns.len());
            self.columns.push(Column { name: name.to_owned(), of, domain, source });
        }
    }

    /// The kind of request they are for.
    pub const fn kind(&self) -> RequestKind {
        self.kind
    }

    /// How many attributes requests may bring.
    pub const fn attributes(&self) -> usize {
        self.attributes
    }

    /// The name of a column.
    pub fn name(&self, column: usize) -> &str {
        self.columns.get(column).map_or("", |column| &column.name)
    }

    /// The type of a column.
    pub fn type_of(&self, column: usize) -> Type {
        self.columns.get(column).map_or(Type::Boolean, |column| column.of)
    }

    /// What values a column can have.
    pub fn domain(&self, column: usize) -> &Domain {
        self.columns.get(column).map_or(&Domain::Absent, |column| &column.domain)
    }

    /// A number of a column as a person writes it.
    pub(super) fn written(&self, column: usize, value: f64) -> String {
        match self.type_of(column) {
            Type::Money(_) => {
                let mut unit = 1.0;
                (0..self.exponent).for_each(|_| unit *= 10.0);
                format!("amount('{:.*}')", self.exponent as usize, value / unit)
            }
            _ => value.to_string(),
        }
    }

    /// Whose score a column depends on, if it does. A thin file is none: points do not make it thicker.
    pub fn scored_party(&self, column: usize) -> Option<Role> {
        match self.columns.get(column)?.source {
            Source::Score(role)
            | Source::Low(role)
            | Source::High(role)
            | Source::Tier(role)
            | Source::PaymentLimit(role)
            | Source::Dimension(role, _)
            | Source::Gate(role, _) => Some(role),
            _ => None,
        }
    }
}

impl Columns for Fields {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        let place = *self.places.get(name)?;
        Some((place, self.columns.get(place)?.of))
    }

    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    fn reporting_exponent(&self) -> Option<u32> {
        Some(self.exponent)
    }
}

impl<'a> Facts<'a> {
    fn side(&self, role: Role) -> Option<&Side<'a>> {
        match role {
            Role::Merchant => self.merchant.as_ref(),
            Role::Buyer => self.buyer.as_ref(),
        }
    }

    fn of_party(&self, role: Role, read: impl FnOnce(&Side<'a>) -> Value<'a>) -> Value<'a> {
        self.side(role).map_or(Value::Null, read)
    }
}

fn whole(value: i32) -> Value<'static> {
    Value::Integer(i64::from(value))
}

impl Row for Facts<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        let Some(column) = self.fields.columns.get(column) else { return Value::Null };
        match column.source {
            Source::Score(role) => self.of_party(role, |side| whole(side.scored.score)),
            Source::Low(role) => self.of_party(role, |side| whole(side.scored.low)),
            Source::High(role) => self.of_party(role, |side| whole(side.scored.high)),
            Source::Tier(role) => self.of_party(role, |side| Value::Text(side.tier)),
            Source::Thin(role) => self.of_party(role, |side| Value::Boolean(side.scored.thin)),
            Source::Known(role) => self.of_party(role, |side| Value::Boolean(side.known)),
            Source::Exposure(role) => self.of_party(role, |side| Value::Integer(side.exposure)),
            Source::PaymentLimit(role) => self.of_party(role, |side| Value::Integer(side.payment_limit)),
            Source::SanctionLimit(role) => {
                self.of_party(role, |side| side.sanction_limit.map_or(Value::Null, Value::Integer))
            }
            Source::Suspended(role) => self.of_party(role, |side| Value::Boolean(side.suspended)),
            Source::Terminated(role) => self.of_party(role, |side| Value::Boolean(side.terminated)),
            Source::Gate(role, gate) => {
                self.of_party(role, |side| Value::Boolean(side.scored.gates.contains(&gate)))
            }
            Source::Dimension(role, place) => self.of_party(role, |side| {
                side.scored.dimensions.get(place).map_or(Value::Null, |dimension| whole(dimension.score))
            }),
            Source::Indicator(role, place) => self.of_party(role, |side| {
                let value = side.values.get(place).copied().flatten();
                value.filter(|value| value.is_finite()).map_or(Value::Null, Value::Double)
            }),
            Source::Amount => self.request.reporting.map_or(Value::Null, Value::Integer),
            Source::Category => text(self.request.category.as_deref()),
            Source::Method => text(self.request.method.as_deref()),
            Source::PairExposure => Value::Integer(self.pair_exposure),
            Source::At => Value::Integer(self.request.at.millis()),
            Source::Attribute(place) => match self.request.attributes.get(place) {
                Some(Some(Attribute::Boolean(value))) => Value::Boolean(*value),
                Some(Some(Attribute::Integer(value))) => Value::Integer(*value),
                Some(Some(Attribute::Text(value))) => Value::Text(value),
                _ => Value::Null,
            },
        }
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        // Every amount here is in the reporting currency already.
        None
    }
}

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}
