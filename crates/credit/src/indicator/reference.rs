//! A second, slow and simple reading of the same definitions: straight over all events, without tiles, sharing nothing
//! with the plan but the definitions and the expression language. What both give must agree to the last bit.

use super::compile::Plan;
use super::definition::{Aggregate, Body, Definition, Measured, Prior, Unit, Window};
use crate::event::{Event, Party, Placed, Placing, Rates, Role, TypeIndex, Vocabulary, stands_at};
use probity_expression::{Columns, Expression, Faults, MoneyIn, Row as _, Type, Value};
use probity_primitives::{Digest, ExternalId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

const BOUND: i128 = 1_000_000_000_000_000;

/// An event and since when it stands.
pub(super) struct Witness {
    pub(super) event: Event,
    pub(super) standing: Vec<(Timestamp, bool)>,
}

/// What one event says to one indicator.
struct Row {
    standing: Vec<(Timestamp, bool)>,
    occurred: Timestamp,
    key: [u8; 16],
    party: ExternalId,
    other: Option<ExternalId>,
    category: Option<String>,
    /// The value as a number; a truth is 0 or 1.
    number: i128,
    /// The value written out, to tell different ones apart.
    word: String,
    weight: i128,
    base: bool,
}

enum Source {
    Rows { measured: Measured, rows: Vec<Row>, divisor: f64 },
    Derived(Expression),
}

/// The executor over one stream of events.
pub(super) struct Reference {
    indicators: Vec<(Definition, Source)>,
}

struct Siblings(Vec<String>);

impl Columns for Siblings {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        self.0.iter().position(|known| known == name).map(|at| (at, Type::Double))
    }

    fn names(&self) -> Vec<String> {
        self.0.clone()
    }
}

struct Values(Vec<Option<f64>>);

impl probity_expression::Row for Values {
    fn value(&self, column: usize) -> Value<'_> {
        self.0[column].map_or(Value::Null, Value::Double)
    }

    fn to_reporting(&self, minor: i64) -> Option<i64> {
        Some(minor)
    }
}

impl Reference {
    pub(super) fn new(plan: &Plan, vocabulary: &Vocabulary, rates: &Rates, witnesses: &[Witness]) -> Self {
        let indicators = plan
            .indicators()
            .iter()
            .map(|indicator| {
                let definition = indicator.definition.clone();
                let source = match &definition.body {
                    Body::Derived(text) => {
                        let names = plan.names(definition.of).to_vec();
                        Source::Derived(Expression::parse(&text.text, &Siblings(names)).unwrap())
                    }
                    Body::Measured(measured) => read(&definition, measured, vocabulary, rates, witnesses),
                };
                (definition, source)
            })
            .collect();
        Self { indicators }
    }

    /// The values of a party's indicators, in catalogue order.
    pub(super) fn values(&self, party: &Party, at: Timestamp) -> Vec<Option<f64>> {
        let of: Vec<usize> =
            (0..self.indicators.len()).filter(|i| self.indicators[*i].0.of == party.role).collect();
        let mut known: BTreeMap<usize, Option<f64>> = BTreeMap::new();
        for place in 0..of.len() {
            self.resolve(place, &of, party, at, &mut known);
        }
        known.into_values().collect()
    }

    fn resolve(
        &self,
        place: usize,
        of: &[usize],
        party: &Party,
        at: Timestamp,
        known: &mut BTreeMap<usize, Option<f64>>,
    ) -> Option<f64> {
        if let Some(value) = known.get(&place) {
            return *value;
        }
        let value = match &self.indicators[of[place]].1 {
            Source::Rows { measured, rows, divisor } => measure(measured, rows, *divisor, &party.id, at),
            Source::Derived(expression) => {
                let mut siblings = vec![None; of.len()];
                for column in expression.columns() {
                    siblings[column] = self.resolve(column, of, party, at, known);
                }
                match expression.evaluate(&Values(siblings), &mut Faults::default()) {
                    Value::Double(value) => Some(value),
                    Value::Integer(value) => Some(value as f64),
                    Value::Boolean(value) => Some(if value { 1.0 } else { 0.0 }),
                    _ => None,
                }
            }
        };
        known.insert(place, value);
        value
    }
}

fn read(
    definition: &Definition,
    measured: &Measured,
    vocabulary: &Vocabulary,
    rates: &Rates,
    witnesses: &[Witness],
) -> Source {
    let types: Vec<TypeIndex> = measured.on.iter().map(|on| vocabulary.find(&on.text).unwrap()).collect();
    let placing = Placing::of(vocabulary, &types).unwrap();
    let parse = |text: &Option<super::definition::Text>| {
        text.as_ref().map(|text| Expression::parse(&text.text, &placing).unwrap())
    };
    let (filter, value, base, weight) =
        (parse(&measured.filter), parse(&measured.value), parse(&measured.base), parse(&measured.weight));
    let divisor = divisor(definition, measured, value.as_ref(), rates);
    let category = placing.column("category").map(|(column, _)| column);
    let mut rows = Vec::new();
    for witness in witnesses {
        let event = &witness.event;
        let (Some(places), Some(party)) = (placing.places(event.kind), event.party(definition.of)) else {
            continue;
        };
        let row = Placed { event, kind: vocabulary.get(event.kind), places, rates };
        let evaluate = |expression: &Option<Expression>| match expression {
            None => Said::Absent,
            Some(expression) => Said::of(expression.evaluate(&row, &mut Faults::default())),
        };
        if !matches!(evaluate(&filter), Said::Absent | Said::Truth(true)) {
            continue;
        }
        let Some((number, word, truth)) = number(measured, evaluate(&value)) else { continue };
        let base = match evaluate(&base) {
            Said::Absent => truth.is_some() || measured.aggregate != Aggregate::Share,
            said => matches!(said, Said::Truth(true)),
        };
        let counts = base || (measured.aggregate == Aggregate::Share && truth == Some(true));
        let weight = match evaluate(&weight) {
            Said::Absent => 1,
            Said::Whole(weight) if (0..=BOUND).contains(&weight) => weight,
            _ => continue,
        };
        if !counts || (measured.aggregate == Aggregate::Mean && (number * weight).abs() > BOUND) {
            continue;
        }
        let other = match definition.of {
            Role::Merchant => event.buyer.clone(),
            Role::Buyer => event.merchant.clone(),
        };
        let category = category.and_then(|column| match row.value(column) {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        });
        rows.push(Row {
            standing: witness.standing.clone(),
            occurred: event.occurred_at,
            key: event.key(),
            party: party.clone(),
            other,
            category,
            number,
            word,
            weight,
            base,
        });
    }
    Source::Rows { measured: measured.clone(), rows, divisor }
}

enum Said {
    Absent,
    Null,
    Truth(bool),
    Whole(i128),
    Float(f64),
    Words(String),
}

impl Said {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Truth(value),
            Value::Integer(value) => Self::Whole(value.into()),
            Value::Double(value) => Self::Float(value),
            Value::Text(text) => Self::Words(text.to_owned()),
        }
    }
}

/// The value as a number, as a word, and as a truth; `None` leaves the row out.
fn number(measured: &Measured, said: Said) -> Option<(i128, String, Option<bool>)> {
    use Aggregate::{Count, DaysSinceFirst, DaysSinceLast, Distinct, Share};
    match measured.aggregate {
        Count | DaysSinceFirst | DaysSinceLast => Some((0, String::new(), None)),
        Share => match said {
            Said::Truth(truth) => Some((i128::from(truth), String::new(), Some(truth))),
            _ => Some((0, String::new(), None)),
        },
        Distinct => match said {
            Said::Null | Said::Absent => None,
            Said::Truth(value) => Some((0, format!("truth {value}"), None)),
            Said::Whole(value) => Some((0, format!("whole {value}"), None)),
            Said::Float(value) => Some((0, format!("float {}", value.to_bits()), None)),
            Said::Words(text) => Some((0, format!("words {text}"), None)),
        },
        _ => {
            let number = match said {
                Said::Truth(value) => i128::from(value),
                Said::Whole(value) => value,
                Said::Float(value) => {
                    let scaled = value * measured.scale? as f64;
                    if scaled.abs() > BOUND as f64 {
                        return None;
                    }
                    scaled.round() as i128
                }
                _ => return None,
            };
            (number.abs() <= BOUND).then(|| (number, String::new(), None))
        }
    }
}

fn divisor(definition: &Definition, measured: &Measured, value: Option<&Expression>, rates: &Rates) -> f64 {
    use Aggregate::{Count, DaysSinceFirst, DaysSinceLast, Distinct, Share};
    if matches!(measured.aggregate, Count | DaysSinceFirst | DaysSinceLast | Distinct | Share) {
        return 1.0;
    }
    match value.map(Expression::result_type) {
        Some(Type::Money(MoneyIn::Reporting)) => f64::from(10_u32.pow(rates.reporting.exponent())),
        Some(Type::Duration) if definition.unit == Unit::Days => 86_400_000.0,
        Some(Type::Duration) => 3_600_000.0,
        Some(Type::Double) => measured.scale.unwrap() as f64,
        _ => 1.0,
    }
}

/// Rows of the last `length` days (or hours) at a moment.
fn lately<'a>(rows: &[&'a Row], window: Window, length: i32, at: Timestamp) -> Vec<&'a Row> {
    let age = |row: &Row| match window {
        Window::Hours(_) => at.hour() - row.occurred.hour(),
        _ => i64::from(at.day().0) - i64::from(row.occurred.day().0),
    };
    rows.iter().filter(|row| (0..i64::from(length)).contains(&age(row))).copied().collect()
}

fn base_rows(measured: &Measured, rows: &[&Row]) -> i64 {
    if measured.aggregate == Aggregate::Distinct {
        return different(rows) as i64;
    }
    rows.iter().filter(|row| row.base).count() as i64
}

fn different(rows: &[&Row]) -> usize {
    rows.iter().map(|row| row.word.as_str()).collect::<BTreeSet<_>>().len()
}

fn windowed<'a>(measured: &Measured, rows: &[&'a Row], at: Timestamp) -> Vec<&'a Row> {
    match measured.window {
        Window::Lifetime => rows.to_vec(),
        Window::Days(n) | Window::Hours(n) => lately(rows, measured.window, n, at),
        Window::Switched { short, long, switch_at } => {
            let brief = lately(rows, measured.window, short, at);
            if base_rows(measured, &brief) >= switch_at {
                brief
            } else {
                lately(rows, measured.window, long, at)
            }
        }
    }
}

fn capped(rows: Vec<&Row>, cap: u16) -> Vec<&Row> {
    let mut pairs: BTreeMap<(Option<&ExternalId>, String), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        // The calendar month as it is written: 2024-05.
        let month = row.occurred.day().to_string()[..7].to_owned();
        pairs.entry((row.other.as_ref(), month)).or_default().push(row);
    }
    let mut kept = Vec::new();
    for mut rows in pairs.into_values() {
        rows.sort_by_key(|row| (row.occurred, row.key));
        kept.extend(rows.into_iter().take(usize::from(cap)));
    }
    kept
}

fn standing_at(rows: &[Row], at: Timestamp) -> Vec<&Row> {
    rows.iter().filter(|row| stands_at(&row.standing, at)).collect()
}

fn measure(measured: &Measured, all: &[Row], divisor: f64, party: &ExternalId, at: Timestamp) -> Option<f64> {
    let mut rows = standing_at(all, at);
    rows.retain(|row| row.party == *party);
    if let Some(cap) = measured.pair_cap {
        rows = capped(rows, cap);
    }
    let mut rows = windowed(measured, &rows, at);
    if measured.aggregate == Aggregate::DecayedSum {
        rows.retain(|row| decay(measured, row, at) > 0);
    }
    if base_rows(measured, &rows) < measured.minimum {
        return None;
    }
    let days = |row: &Row| f64::from(at.day().0 - row.occurred.day().0);
    let sum = |of: &dyn Fn(&Row) -> i128| rows.iter().map(|row| of(row)).sum::<i128>();
    match measured.aggregate {
        Aggregate::Count => Some(rows.len() as f64),
        Aggregate::Distinct => Some(different(&rows) as f64),
        Aggregate::Sum => Some(sum(&|row| row.number) as f64 / divisor),
        Aggregate::DecayedSum => {
            let sum = sum(&|row| row.number * decay(measured, row, at));
            Some(sum as f64 / 2_f64.powi(32) / divisor)
        }
        Aggregate::DaysSinceFirst => rows.iter().map(|row| days(row)).reduce(f64::max),
        Aggregate::DaysSinceLast => rows.iter().map(|row| days(row)).reduce(f64::min),
        Aggregate::Min => rows.iter().map(|row| row.number).min().map(|value| value as f64 / divisor),
        Aggregate::Max => rows.iter().map(|row| row.number).max().map(|value| value as f64 / divisor),
        Aggregate::Quantile => {
            let mut sorted: Vec<i128> = rows.iter().map(|row| row.number).collect();
            sorted.sort_unstable();
            let rank = (measured.quantile * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.max(1) - 1).map(|value| *value as f64 / divisor)
        }
        Aggregate::Mean | Aggregate::Share => {
            let raw = ratio(&rows)? / divisor;
            let (prior, strength) = match measured.prior {
                None => return Some(raw),
                Some(Prior::Given(mean, strength)) => (Some(mean), strength),
                Some(Prior::Platform(strength)) => (platform(measured, all, divisor, None, at), strength),
                Some(Prior::Category(strength)) => (mixed(measured, all, divisor, &rows, at), strength),
            };
            let Some(prior) = prior else { return Some(raw) };
            let n = rows.iter().filter(|row| row.base).count() as f64;
            Some((raw * n + strength * prior) / (n + strength))
        }
    }
}

/// Half-lives as integer weights in 2⁻³², as the definition's documentation says.
fn decay(measured: &Measured, row: &Row, at: Timestamp) -> i128 {
    let age = f64::from(at.day().0 - row.occurred.day().0);
    libm::exp2(32.0 - age / f64::from(measured.half_life)).round() as i128
}

fn ratio(rows: &[&Row]) -> Option<f64> {
    let numerator: i128 = rows.iter().map(|row| row.number * row.weight).sum();
    let denominator: i128 = rows.iter().filter(|row| row.base).map(|row| row.weight).sum();
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

/// The platform's own value at the end of the day before, over all parties, without pair caps.
fn platform(
    measured: &Measured,
    all: &[Row],
    divisor: f64,
    category: Option<&str>,
    at: Timestamp,
) -> Option<f64> {
    let then = at.day().plus(-1).end();
    let mut rows = standing_at(all, then);
    if let Some(category) = category {
        rows.retain(|row| row.category.as_deref() == Some(category));
    }
    ratio(&windowed(measured, &rows, then)).map(|mean| mean / divisor)
}

/// The means of the party's categories, each weighed by its rows in it, in the order of the categories' hashes.
fn mixed(measured: &Measured, all: &[Row], divisor: f64, rows: &[&Row], at: Timestamp) -> Option<f64> {
    let whole = platform(measured, all, divisor, None, at);
    let mut counts: BTreeMap<u64, (Option<&str>, f64)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.base) {
        let name = row.category.as_deref();
        let order = name
            .map_or(0, |name| u64::from_le_bytes(Digest::of(&[name.as_bytes()]).0[..8].try_into().unwrap()));
        counts.entry(order).or_insert((name, 0.0)).1 += 1.0;
    }
    let (mut sum, mut known) = (0.0, 0.0);
    for (name, count) in counts.into_values() {
        let own = name.and_then(|name| platform(measured, all, divisor, Some(name), at));
        if let Some(mean) = own.or(whole) {
            sum += mean * count;
            known += count;
        }
    }
    if known > 0.0 { Some(sum / known) } else { whole }
}
