//! The declared vocabulary: which types of event exist and what each carries.

use crate::source::Source;
use probity_primitives::{Code, Duration, Problem};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use toml::Spanned;

/// The code of an event type that is declared wrongly.
pub(super) const EVENT_TYPE_INVALID: Code = Code::new("event-type-invalid");
/// The code of a field that may not be kept at all.
pub(super) const FIELD_PROHIBITED: Code = Code::new("field-prohibited");

/// Index of a type in its [`Vocabulary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeIndex(pub u16);

/// What kind of value a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// An external id.
    Id,
    /// Free text of at most this many bytes.
    Text(usize),
    /// True or false.
    Boolean,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// Minor units of the event's currency, within bounds.
    Money(i64, i64),
    /// A moment, in milliseconds.
    Timestamp,
    /// A length of time, in milliseconds.
    Duration,
    /// Fixed point with this many digits after the point.
    Decimal(u32),
    /// One of the listed words.
    Choice(Vec<String>),
    /// ISO 3166 alpha-2, in capitals.
    Country,
}

/// One declared field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name, which is also the column's.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What it holds.
    pub kind: FieldKind,
    /// What a number counts or measures: declared, or implied by the kind; none for what is no quantity.
    pub unit: Option<String>,
    /// Must be there.
    pub required: bool,
    /// `public`, `internal`, `personal` or `financial`.
    pub sensitivity: String,
}

/// One declared event type.
#[derive(Debug, Clone)]
pub struct EventType {
    /// `noun.past_participle`.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What it says.
    pub description: String,
    /// Carries a merchant: `None` not at all, `Some(true)` always, `Some(false)` when known.
    pub merchant: Option<bool>,
    /// Carries a buyer, likewise.
    pub buyer: Option<bool>,
    /// Speaks against the party; indicators over it need a finite window.
    pub adverse: bool,
    /// Written by Probity itself, refused from outside.
    pub derived: bool,
    /// The fields, in declared order.
    pub fields: Vec<Field>,
    /// The declaring file.
    pub file: String,
}

impl EventType {
    /// The index of a field.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// True when any field is money, so that events carry a currency.
    pub fn has_money(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.kind, FieldKind::Money(..)))
    }
}

/// Field names that are refused wherever they turn up, with the reason.
#[derive(Debug, Clone, Default)]
pub struct Prohibited {
    /// Name → reason.
    pub names: BTreeMap<String, String>,
}

impl Prohibited {
    /// The reason why a field of this name is refused. A name is met whole or as a run of words of a compound, however the
    /// words are joined: `customer_religion`, `Date-of-Birth`, `buyerAge`; `average` and `message` are not met.
    pub fn reason(&self, name: &str) -> Option<&str> {
        let name = joined(name);
        let met = |word: &str| {
            let word = joined(word);
            name.match_indices(&word).any(|(at, _)| {
                let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                edge(name[..at].chars().next_back()) && edge(name[at + word.len()..].chars().next())
            })
        };
        self.names.iter().find(|(word, _)| met(word)).map(|(_, reason)| reason.as_str())
    }
}

/// A name in lower case, its words joined by underscores.
fn joined(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut small = false;
    for c in name.chars() {
        if c.is_uppercase() && small {
            out.push('_');
        }
        small = c.is_lowercase() || c.is_ascii_digit();
        if c.is_alphanumeric() { out.extend(c.to_lowercase()) } else { out.push('_') }
    }
    out
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    event: BTreeMap<Spanned<String>, TypeText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeText {
    title: String,
    #[serde(default)]
    description: String,
    about: Vec<Spanned<String>>,
    #[serde(default)]
    adverse: bool,
    #[serde(default)]
    derived: bool,
    #[serde(default)]
    fields: toml::map::Map<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldText {
    r#type: String,
    title: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    sensitivity: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
    scale: Option<u32>,
    unit: Option<String>,
    values: Option<Vec<String>>,
}

/// All declared types.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    types: Vec<EventType>,
    index: HashMap<String, TypeIndex>,
    /// It is one of the past: what was declared after it is passed over when the log is read.
    pub(super) of_the_past: bool,
    /// What may not be kept.
    pub prohibited: Prohibited,
}

/// Names of envelope columns; no field may take one.
const RESERVED: [&str; 9] =
    ["id", "source", "type", "occurred_at", "known_at", "recorded_at", "merchant", "buyer", "currency"];

impl Vocabulary {
    /// Reads the declarations of all files; finds all problems, not only the first.
    ///
    /// # Errors
    /// `definition-invalid`, `event-type-invalid` or `field-prohibited`, each with its place.
    pub fn parse(sources: &[Source<'_>], prohibited: Prohibited) -> Result<Self, Vec<Problem>> {
        let mut vocabulary = Self { prohibited, ..Self::default() };
        let mut problems = Vec::new();
        for source in sources {
            match source.read::<File>() {
                Err(problem) => problems.push(problem),
                Ok(file) => {
                    for (name, text) in file.event {
                        if let Err(problem) = vocabulary.declare(source, &name, text) {
                            problems.push(problem);
                        }
                    }
                }
            }
        }
        if problems.is_empty() { Ok(vocabulary) } else { Err(problems) }
    }

    fn declare(
        &mut self,
        source: &Source<'_>,
        name: &Spanned<String>,
        text: TypeText,
    ) -> Result<(), Problem> {
        let refuse = |detail: String| source.problem(EVENT_TYPE_INVALID, &name.span(), detail);
        let word = name.get_ref();
        if !well_named(word, true) {
            return Err(
                refuse(format!("'{word}' is not a type's name")).hint("noun.past_participle in lower case")
            );
        }
        if self.index.contains_key(word) {
            return Err(refuse(format!("'{word}' is declared twice")));
        }
        let (mut merchant, mut buyer) = (None, None);
        for about in &text.about {
            let (role, required) = about
                .get_ref()
                .strip_suffix('?')
                .map_or((about.get_ref().as_str(), true), |role| (role, false));
            match role {
                "merchant" => merchant = Some(required),
                "buyer" => buyer = Some(required),
                _ => {
                    let detail = format!("'{role}' is not a role");
                    return Err(source
                        .problem(EVENT_TYPE_INVALID, &about.span(), detail)
                        .hint("merchant, merchant?, buyer or buyer?"));
                }
            }
        }
        let mut fields = Vec::new();
        for (field, value) in text.fields {
            if let Some(reason) = self.prohibited.reason(&field) {
                let detail = format!("{word} may not have a field '{field}': {reason}");
                return Err(source.problem(FIELD_PROHIBITED, &name.span(), detail));
            }
            fields.push(read_field(&field, value).map_err(|why| refuse(format!("{word}.{field}: {why}")))?);
        }
        let index = u16::try_from(self.types.len()).map_err(|_| refuse("more than 65,535 types".into()))?;
        self.index.insert(word.clone(), TypeIndex(index));
        self.types.push(EventType {
            name: word.clone(),
            title: text.title,
            description: text.description,
            merchant,
            buyer,
            adverse: text.adverse,
            derived: text.derived,
            fields,
            file: source.file.to_owned(),
        });
        Ok(())
    }

    /// Makes it one of the past: a codec made of it passes over types, fields and words that the log holds and it does not
    /// declare. No definition that came with it can speak of them. Only to be read with: what is written under it would lack
    /// them.
    pub fn passes_over_unknown(&mut self) {
        self.of_the_past = true;
    }

    /// The index of a type.
    pub fn find(&self, name: &str) -> Option<TypeIndex> {
        self.index.get(name).copied()
    }

    /// A type by its index.
    #[expect(clippy::indexing_slicing, reason = "indices are only made by this vocabulary")]
    pub fn get(&self, index: TypeIndex) -> &EventType {
        &self.types[usize::from(index.0)]
    }

    /// All types with their indices, in declared order.
    pub fn iter(&self) -> impl Iterator<Item = (TypeIndex, &EventType)> {
        (0_u16..).map(TypeIndex).zip(&self.types)
    }

    /// How many types are declared.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// True when nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

fn well_named(word: &str, dots: bool) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    word.len() <= 64 && word.split('.').all(part) && word.contains('.') == dots
}

fn read_field(name: &str, value: toml::Value) -> Result<Field, String> {
    if !well_named(name, false) || RESERVED.contains(&name) {
        return Err("not a name a field may have".into());
    }
    let text: FieldText = value.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let bounds = |low: i64, high: i64| {
        let (min, max) = (text.min.unwrap_or(low), text.max.unwrap_or(high));
        if min > max { Err("min is above max".to_owned()) } else { Ok((min, max)) }
    };
    let kind = match text.r#type.as_str() {
        "id" => FieldKind::Id,
        "text" => {
            let most = text.max.unwrap_or(1_000);
            FieldKind::Text(
                usize::try_from(most)
                    .ok()
                    .filter(|most| *most <= 16_384)
                    .ok_or("max must be 0 to 16384 bytes")?,
            )
        }
        "boolean" => FieldKind::Boolean,
        "integer" => bounds(i64::MIN, i64::MAX).map(|(min, max)| FieldKind::Integer(min, max))?,
        "money" => {
            const LARGEST: i64 = probity_primitives::Money::LARGEST;
            bounds(-LARGEST, LARGEST).map(|(min, max)| FieldKind::Money(min, max))?
        }
        "timestamp" => FieldKind::Timestamp,
        "duration" => FieldKind::Duration,
        "decimal" => FieldKind::Decimal(
            text.scale.filter(|scale| *scale <= 9).ok_or("a decimal needs a scale of 0 to 9")?,
        ),
        "enum" => {
            let values = text.values.clone().unwrap_or_default();
            if values.is_empty()
                || values.len() > 1_000
                || !values.iter().all(|value| well_named(value, false))
            {
                return Err("an enum needs 1 to 1000 values in lower case with underscores".into());
            }
            FieldKind::Choice(values)
        }
        "country" => FieldKind::Country,
        other => return Err(format!("'{other}' is not a field type")),
    };
    let sensitivity = text.sensitivity.unwrap_or_else(|| "internal".into());
    if !["public", "internal", "personal", "financial"].contains(&sensitivity.as_str()) {
        return Err(format!("'{sensitivity}' is not a sensitivity"));
    }
    let unit = read_unit(&kind, text.unit)?;
    Ok(Field { name: name.into(), title: text.title, kind, unit, required: text.required, sensitivity })
}

/// The unit of a field. Where the kind leaves no choice it may not be declared, so that it cannot be declared wrongly.
fn read_unit(kind: &FieldKind, declared: Option<String>) -> Result<Option<String>, String> {
    let implied = match kind {
        FieldKind::Integer(..) | FieldKind::Decimal(_) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || " -/%".contains(c);
            return match declared {
                Some(unit) if unit.is_empty() || unit.len() > 40 || !unit.chars().all(plain) => {
                    Err(format!("'{unit}' is not a unit: 1 to 40 letters, digits, spaces, '-', '/' or '%'"))
                }
                None if matches!(kind, FieldKind::Integer(..)) => Ok(Some("count".into())),
                declared => Ok(declared),
            };
        }
        FieldKind::Money(..) => Some("minor units of currency"),
        FieldKind::Timestamp => Some("moment in UTC, to the ms"),
        FieldKind::Duration => Some("ms"),
        FieldKind::Id
        | FieldKind::Text(_)
        | FieldKind::Boolean
        | FieldKind::Choice(_)
        | FieldKind::Country => None,
    };
    match declared {
        Some(_) => Err("only an integer or a decimal has a unit of its own".into()),
        None => Ok(implied.map(str::to_owned)),
    }
}

/// Durations are at most this long, so that sums stay far from overflow.
pub(super) const LONGEST_DURATION: Duration = Duration::days(73_000);
