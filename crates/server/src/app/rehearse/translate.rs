//! From the simulator's events to those of the vocabulary, without any text in between that would have to be parsed.

use probity_credit::event::{Event, FieldKind, FieldValue, Role, TypeIndex, Vocabulary};
use probity_primitives::{Code, Currency, ExternalId, Problem};
use probity_sim::event::{Event as Happened, Field, Kind, Number, Value};
use probity_sim::setting::Setting;

/// The code of a vocabulary that lacks what the simulator tells.
pub(super) const WORLD_WORDS_MISSING: Code = Code::new("world-words-missing");

/// The source that simulated events name.
pub(super) const SOURCE: &str = "simulator";

/// Where the fields of one type of event go.
struct Shape {
    kind: TypeIndex,
    /// By the simulator's field: the place among the type's fields.
    places: Vec<Option<usize>>,
    /// How many fields the type has.
    width: usize,
}

/// Turns the simulator's events into the vocabulary's.
pub(super) struct Translation<'a> {
    vocabulary: &'a Vocabulary,
    shapes: Vec<Shape>,
    source: ExternalId,
    currency: Currency,
    categories: Vec<&'a str>,
    carriers: &'a [String],
}

fn missing(what: &str) -> Problem {
    Problem::new(
        WORLD_WORDS_MISSING,
        format!("the catalogue does not declare {what}, which simulated events say"),
    )
    .hint("rehearse with the starter's event types beside your own")
}

impl<'a> Translation<'a> {
    /// Finds the simulator's types and fields in a vocabulary.
    ///
    /// # Errors
    /// `world-words-missing` for a type that is not declared.
    pub(super) fn new(vocabulary: &'a Vocabulary, setting: &'a Setting) -> Result<Self, Problem> {
        let shape = |kind: &Kind| {
            let index = vocabulary.find(kind.name()).ok_or_else(|| missing(kind.name()))?;
            let declared = vocabulary.get(index);
            let places = Field::ALL.iter().map(|field| declared.field(field.name())).collect();
            Ok(Shape { kind: index, places, width: declared.fields.len() })
        };
        Ok(Self {
            vocabulary,
            shapes: Kind::ALL.iter().map(shape).collect::<Result<_, Problem>>()?,
            source: ExternalId::try_new(SOURCE)?,
            currency: setting.currency()?,
            categories: setting.world.categories.iter().map(|category| category.name.as_str()).collect(),
            carriers: &setting.world.carriers,
        })
    }

    /// The name of a party: `m` or `b` and its number.
    pub(super) fn party(role: Role, number: Number) -> String {
        match role {
            Role::Merchant => format!("m{number}"),
            Role::Buyer => format!("b{number}"),
        }
    }

    /// The event as the vocabulary has it.
    ///
    /// # Errors
    /// `world-words-missing` for a field or a word that the vocabulary lacks.
    pub(super) fn event(&self, happened: &Happened) -> Result<Event, Problem> {
        let shape = self.shapes.get(happened.kind as usize).ok_or_else(|| missing(happened.kind.name()))?;
        let mut fields = vec![None; shape.width];
        let mut money = false;
        for (field, value) in happened.fields() {
            let place = shape.places.get(*field as usize).copied().flatten();
            let absent = || missing(&format!("{}.{}", happened.kind.name(), field.name()));
            let place = place.ok_or_else(absent)?;
            money |= matches!(value, Value::Minor(_));
            if let Some(slot) = fields.get_mut(place) {
                *slot = Some(self.value(shape.kind, place, *value).ok_or_else(absent)?);
            }
        }
        let party = |role: Role, number: Option<Number>| {
            number.map(|number| ExternalId::try_new(&Self::party(role, number))).transpose()
        };
        Ok(Event {
            id: ExternalId::try_new(&format!("e{}", happened.serial))?,
            source: self.source.clone(),
            kind: shape.kind,
            occurred_at: happened.at,
            known_at: happened.at,
            known_given: false,
            merchant: party(Role::Merchant, happened.merchant)?,
            buyer: party(Role::Buyer, happened.buyer)?,
            currency: money.then_some(self.currency),
            fields,
        })
    }

    fn value(&self, kind: TypeIndex, place: usize, value: Value) -> Option<FieldValue> {
        Some(match value {
            Value::Id(named, number) => FieldValue::Text(format!("{}{number}", named.prefix()).into()),
            Value::Minor(number) | Value::Count(number) | Value::Span(number) => FieldValue::Integer(number),
            Value::Moment(moment) => FieldValue::Integer(moment.millis()),
            Value::Truth(truth) => FieldValue::Boolean(truth),
            Value::Category(number) => FieldValue::Text((*self.categories.get(usize::from(number))?).into()),
            Value::Carrier(number) => {
                FieldValue::Text(self.carriers.get(usize::from(number))?.as_str().into())
            }
            Value::Word(word) => match &self.vocabulary.get(kind).fields.get(place)?.kind {
                FieldKind::Choice(words) => {
                    FieldValue::Choice(u16::try_from(words.iter().position(|known| known == word)?).ok()?)
                }
                _ => FieldValue::Text(word.into()),
            },
        })
    }
}
