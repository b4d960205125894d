//! The flat form of an event: keys and values of one JSON object or one table row, before the schema is looked at.

use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The code of input that is not JSON, or is JSON that no event can be.
pub const EVENT_JSON: Code = Code::new("event-json");

/// One value of the flat form.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number within 64 bits.
    Integer(i64),
    /// A number with a fraction, an exponent, or too many digits: no field takes one, for floats do not hold what was written.
    Float,
    /// Text.
    Text(Cow<'a, str>),
    /// An object: money as `{"amount": "12.30", "currency": "EUR"}`, or the `data` of a CloudEvent.
    Object(Flat<'a>),
    /// A list; no field takes one.
    List,
}

/// Keys and values in the order in which they came; each key once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flat<'a> {
    /// The pairs.
    pub pairs: Vec<(Cow<'a, str>, Cell<'a>)>,
    /// The cells come from a table whose every cell is text: whole numbers, truths and blanks are read from text.
    pub from_table: bool,
}

/// How deep objects may nest: an envelope, its data, a money object.
const DEEPEST: u8 = 3;
/// How many keys one object may have.
const MOST_KEYS: usize = 256;

impl<'a> Flat<'a> {
    /// Reads one JSON object. A key that stands twice, a list or a nesting beyond three objects is refused.
    ///
    /// # Errors
    /// `event-json` with line and column.
    pub fn from_json(json: &'a [u8]) -> Result<Self, Problem> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let read = CellSeed { depth: 0 }.deserialize(&mut deserializer).and_then(|cell| {
            deserializer.end()?;
            Ok(cell)
        });
        match read {
            Ok(Cell::Object(flat)) => Ok(flat),
            Ok(_) => Err(Problem::new(EVENT_JSON, "an event is a JSON object")),
            Err(error) => Err(Problem::new(EVENT_JSON, error.to_string())),
        }
    }

    /// Reads a JSON list of objects, each with its own bytes, so that one bad item does not take the others with it.
    ///
    /// # Errors
    /// `event-json` when the list itself cannot be read.
    pub fn split_list(json: &'a [u8]) -> Result<Vec<&'a serde_json::value::RawValue>, Problem> {
        serde_json::from_slice(json).map_err(|error| Problem::new(EVENT_JSON, error.to_string()))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Cell<'a>> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, cell)| cell)
    }

    /// Takes the value of a key out.
    pub fn take(&mut self, key: &str) -> Option<Cell<'a>> {
        let at = self.pairs.iter().position(|(name, _)| name == key)?;
        Some(self.pairs.swap_remove(at).1)
    }
}

struct CellSeed {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for CellSeed {
    type Value = Cell<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cell<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Cell<'de>, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Cell<'de>, E> {
        Ok(Cell::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Cell<'de>, E> {
        Ok(Cell::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Cell<'de>, E> {
        Ok(i64::try_from(value).map_or(Cell::Float, Cell::Integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Cell<'de>, E> {
        Ok(Cell::Float)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cell<'de>, A::Error> {
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Cell::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell<'de>, A::Error> {
        if self.depth == DEEPEST {
            return Err(A::Error::custom("objects are nested deeper than an event's"));
        }
        let mut pairs: Vec<(Cow<'de, str>, Cell<'de>)> = Vec::with_capacity(16);
        while let Some(key) = map.next_key_seed(KeySeed)? {
            if pairs.iter().any(|(name, _)| *name == key) {
                return Err(A::Error::custom(format!("the key '{}' stands twice", shown(&key))));
            }
            if pairs.len() == MOST_KEYS {
                return Err(A::Error::custom("an object has more than 256 keys"));
            }
            let cell = map.next_value_seed(CellSeed { depth: self.depth + 1 })?;
            pairs.push((key, cell));
        }
        Ok(Cell::Object(Flat { pairs, from_table: false }))
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_taken_and_refused() {
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        let cases: [(&[u8], bool); 10] = [
            (br#"{"id":"1","n":5,"t":null,"b":true,"m":{"amount":"1","currency":"EUR"}}"#, true),
            (br#"{"a":1,"a":2}"#, false),
            (br#"{"a":{"b":1,"b":2}}"#, false),
            (br#"{"a":{"b":{"c":{"d":1}}}}"#, false),
            (br#"[1]"#, false),
            (br#"{"a":1} x"#, false),
            (b"{\"a\":\"\xff\"}", false),
            (br#"{"a":"\ud800"}"#, false),
            (deep.as_bytes(), false),
            (b"", false),
        ];
        for (json, good) in cases {
            assert_eq!(
                Flat::from_json(json).is_ok(),
                good,
                "{}",
                String::from_utf8_lossy(&json[..json.len().min(40)])
            );
        }
    }

    #[test]
    fn numbers_that_floats_would_bend_are_told_apart() {
        let flat =
            Flat::from_json(br#"{"a":1.5,"b":1e308,"c":9223372036854775808,"d":9223372036854775807,"e":-1}"#)
                .unwrap();
        let cells: Vec<_> = flat.pairs.into_iter().map(|(_, cell)| cell).collect();
        assert_eq!(
            cells,
            [Cell::Float, Cell::Float, Cell::Float, Cell::Integer(i64::MAX), Cell::Integer(-1)]
        );
    }
}
