//! Events in the store's bytes: self-contained but for the names of types, fields and choices, which are symbols.
//!
//! Symbols are numbers given once and never again, so that a catalogue may add, reorder or drop types and fields while
//! old records keep their meaning.

use super::fact::{Event, FieldValue};
use super::schema::{FieldKind, TypeIndex, Vocabulary};
use probity_primitives::wire::{Reader, WireError, Writer};
use probity_primitives::{Code, Currency, ExternalId, Problem, Timestamp};
use std::collections::HashMap;

/// The code of a record that cannot be understood.
pub const DECODE: Code = Code::new("record-undecodable");

/// Names and their numbers, append-only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Symbols {
    /// The number of a name, given now when it has none.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// As stored bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.unsigned(self.names.len() as u64);
        self.names.iter().for_each(|name| writer.text(name));
        writer.bytes
    }

    /// From stored bytes.
    ///
    /// # Errors
    /// When the bytes are not what [`Symbols::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let mut symbols = Self::default();
        for _ in 0..reader.count()? {
            let name = reader.text()?;
            symbols.number(&name);
        }
        Ok(symbols)
    }
}

/// What a stored field number stands for in the vocabulary of today.
#[derive(Debug, Clone, Copy)]
struct FieldPlace(u16);

/// Encodes and decodes events of one vocabulary with one table of symbols.
#[derive(Debug, Clone)]
pub struct Codec {
    type_numbers: Vec<u32>,
    field_numbers: Vec<Vec<u32>>,
    choice_numbers: Vec<Vec<Vec<u32>>>,
    types: HashMap<u32, TypeIndex>,
    fields: HashMap<(TypeIndex, u32), FieldPlace>,
    choices: HashMap<(TypeIndex, u16, u32), u16>,
    names: Vec<String>,
    /// What the vocabulary does not declare is passed over instead of refused.
    of_the_past: bool,
}

/// Envelope flags.
const KNOWN_GIVEN: u8 = 1;
const HAS_MERCHANT: u8 = 2;
const HAS_BUYER: u8 = 4;
const HAS_CURRENCY: u8 = 8;

/// Wire kinds of field values, in the low two bits of the field's header.
const INTEGER: u64 = 0;
const TEXT: u64 = 1;
const TRUE_FALSE: u64 = 2;
const CHOICE: u64 = 3;

impl Codec {
    /// A codec; names that have no symbol yet are given one in `symbols`, which the caller must store before any record.
    pub fn new(vocabulary: &Vocabulary, symbols: &mut Symbols) -> Self {
        let mut codec = Self {
            type_numbers: Vec::new(),
            field_numbers: Vec::new(),
            choice_numbers: Vec::new(),
            types: HashMap::new(),
            fields: HashMap::new(),
            choices: HashMap::new(),
            names: Vec::new(),
            of_the_past: vocabulary.of_the_past,
        };
        for (index, kind) in vocabulary.iter() {
            let number = symbols.number(&kind.name);
            codec.type_numbers.push(number);
            codec.types.insert(number, index);
            let mut numbers = Vec::new();
            let mut choices = Vec::new();
            for (at, field) in (0_u16..).zip(&kind.fields) {
                let number = symbols.number(&field.name);
                numbers.push(number);
                codec.fields.insert((index, number), FieldPlace(at));
                let mut words = Vec::new();
                if let FieldKind::Choice(values) = &field.kind {
                    for (choice, value) in (0_u16..).zip(values) {
                        let number = symbols.number(value);
                        words.push(number);
                        codec.choices.insert((index, at, number), choice);
                    }
                }
                choices.push(words);
            }
            codec.field_numbers.push(numbers);
            codec.choice_numbers.push(choices);
        }
        codec.names = symbols.names.clone();
        codec
    }

    /// The bytes of an event.
    #[expect(
        clippy::indexing_slicing,
        reason = "an event's type, fields and choices are those of the vocabulary it was read with"
    )]
    pub fn encode(&self, event: &Event) -> Vec<u8> {
        let kind = usize::from(event.kind.0);
        let mut writer = Writer { bytes: Vec::with_capacity(160) };
        writer.unsigned(u64::from(self.type_numbers[kind]));
        let flags = (u8::from(event.known_given) * KNOWN_GIVEN)
            | (u8::from(event.merchant.is_some()) * HAS_MERCHANT)
            | (u8::from(event.buyer.is_some()) * HAS_BUYER)
            | (u8::from(event.currency.is_some()) * HAS_CURRENCY);
        writer.byte(flags);
        writer.signed(event.occurred_at.millis());
        writer.signed(event.known_at.since(event.occurred_at).0);
        writer.text(event.source.as_str());
        writer.text(event.id.as_str());
        for id in [&event.merchant, &event.buyer].into_iter().flatten() {
            writer.text(id.as_str());
        }
        if let Some(currency) = &event.currency {
            writer.bytes.extend_from_slice(currency.code().as_bytes());
        }
        for (at, value) in event.fields.iter().enumerate() {
            let Some(value) = value else { continue };
            let number = u64::from(self.field_numbers[kind][at]) << 2;
            match value {
                FieldValue::Integer(value) => {
                    writer.unsigned(number | INTEGER);
                    writer.signed(*value);
                }
                FieldValue::Text(text) => {
                    writer.unsigned(number | TEXT);
                    writer.text(text);
                }
                FieldValue::Boolean(value) => {
                    writer.unsigned(number | TRUE_FALSE);
                    writer.byte(u8::from(*value));
                }
                FieldValue::Choice(choice) => {
                    writer.unsigned(number | CHOICE);
                    writer.unsigned(u64::from(self.choice_numbers[kind][at][usize::from(*choice)]));
                }
            }
        }
        writer.bytes
    }

    /// True for bytes whose type came after a vocabulary of the past: for it they are not there.
    pub fn passes_over(&self, bytes: &[u8]) -> bool {
        let declared = |number| u32::try_from(number).is_ok_and(|number| self.types.contains_key(&number));
        let number = Reader::new(bytes).unsigned();
        number.is_ok_and(|number| self.came_later(number) && !declared(number))
    }

    /// True when a name that is not declared in its place may be one that was declared later: it has a number at all, and the
    /// vocabulary is one of the past.
    fn came_later(&self, number: u64) -> bool {
        self.of_the_past && usize::try_from(number).is_ok_and(|number| number < self.names.len())
    }

    /// The event of some bytes.
    ///
    /// # Errors
    /// `record-undecodable` when the bytes are damaged, or name a type or field that the catalogue no longer declares.
    pub fn decode(&self, vocabulary: &Vocabulary, bytes: &[u8]) -> Result<Event, Problem> {
        let damaged = |error: WireError| Problem::new(DECODE, error.to_string());
        let mut reader = Reader::new(bytes);
        let number = reader.unsigned().map_err(damaged)?;
        let kind = u32::try_from(number).ok().and_then(|number| self.types.get(&number)).copied();
        let kind = kind.ok_or_else(|| self.dropped("type", number))?;
        let flags = reader.byte().map_err(damaged)?;
        let occurred_at = Timestamp::from_millis(reader.signed().map_err(damaged)?);
        let known_at = occurred_at.plus(probity_primitives::Duration(reader.signed().map_err(damaged)?));
        let id_of = |reader: &mut Reader<'_>| ExternalId::try_new(&reader.text().map_err(damaged)?);
        let source = id_of(&mut reader)?;
        let id = id_of(&mut reader)?;
        let merchant = if flags & HAS_MERCHANT == 0 { None } else { Some(id_of(&mut reader)?) };
        let buyer = if flags & HAS_BUYER == 0 { None } else { Some(id_of(&mut reader)?) };
        let currency = if flags & HAS_CURRENCY == 0 {
            None
        } else {
            let mut code = [0; 3];
            for byte in &mut code {
                *byte = reader.byte().map_err(damaged)?;
            }
            Some(Currency::try_new(std::str::from_utf8(&code).unwrap_or("?"))?)
        };
        let mut fields = vec![None; vocabulary.get(kind).fields.len()];
        while !reader.is_empty() {
            self.decode_field(kind, &mut reader, &mut fields)?;
        }
        let known_given = flags & KNOWN_GIVEN != 0;
        Ok(Event { id, source, kind, occurred_at, known_at, known_given, merchant, buyer, currency, fields })
    }

    fn decode_field(
        &self,
        kind: TypeIndex,
        reader: &mut Reader<'_>,
        fields: &mut [Option<FieldValue>],
    ) -> Result<(), Problem> {
        let damaged = |error: WireError| Problem::new(DECODE, error.to_string());
        let header = reader.unsigned().map_err(damaged)?;
        let number = header >> 2;
        let place = u32::try_from(number).ok().and_then(|number| self.fields.get(&(kind, number))).copied();
        if place.is_none() && !self.came_later(number) {
            return Err(self.dropped("field", number));
        }
        let value = match header & 3 {
            INTEGER => Some(FieldValue::Integer(reader.signed().map_err(damaged)?)),
            TEXT => Some(FieldValue::Text(reader.text().map_err(damaged)?.into())),
            TRUE_FALSE => Some(FieldValue::Boolean(reader.byte().map_err(damaged)? != 0)),
            _ => {
                let word = reader.unsigned().map_err(damaged)?;
                let known = |at| self.choices.get(&(kind, at, u32::try_from(word).ok()?)).copied();
                let choice = place.and_then(|FieldPlace(at)| known(at));
                if choice.is_none() && !self.came_later(word) {
                    return Err(self.dropped("choice", word));
                }
                choice.map(FieldValue::Choice)
            }
        };
        if let Some(slot) = place.and_then(|FieldPlace(at)| fields.get_mut(usize::from(at))) {
            *slot = value;
        }
        Ok(())
    }

    fn dropped(&self, what: &str, number: u64) -> Problem {
        let name = usize::try_from(number).ok().and_then(|number| self.names.get(number));
        let detail = match name {
            Some(name) => {
                format!("the catalogue no longer declares the {what} '{name}', which the log holds")
            }
            None => format!("the record names a {what} by an unknown number"),
        };
        Problem::new(DECODE, detail)
            .hint("declare it again: types and fields in use may be added to, not dropped")
    }
}
