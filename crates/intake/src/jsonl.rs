//! JSON Lines: one object a line.

use std::borrow::Cow;
use std::fmt;

use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lines::{Line, Window};
use crate::row::{Aside, Cell, Counts, Item, LONGEST_CONTENT, LONGEST_ROW, ROW_INVALID};
use crate::source::{Bytes, unreadable};

/// A line that is not one flat JSON object: not JSON, nested, or with a key given twice.
pub const JSON_INVALID: Code = Code::new("intake-json-invalid");

/// Events have some thirty fields; a line with more keys than this is hostile or not an event.
const MOST_KEYS: usize = 256;

/// Reads JSON Lines: gives out each line that is UTF-8 and at most [`LONGEST_ROW`] long, sets the others aside.
pub struct JsonlReader {
    window: Window,
    name: String,
    taken: usize,
    counts: Counts,
}

impl JsonlReader {
    /// `name` is the file's name, for messages.
    pub fn new(source: Bytes, name: &str) -> Self {
        Self { window: Window::new(source), name: name.to_owned(), taken: 0, counts: Counts::default() }
    }

    /// What has been read so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The next line, `None` at the end.
    ///
    /// # Errors
    /// `intake-file-unreadable` when the file cannot be read any further.
    pub fn read(&mut self) -> Result<Option<Item<'_>>, Problem> {
        let (line, content) = loop {
            self.window.consume(std::mem::take(&mut self.taken));
            let found = self.window.line(0).map_err(|e| unreadable(&self.name, &e))?;
            match found {
                Line::End => return Ok(None),
                Line::TooLong => {
                    self.counts.lines += 1;
                    let content = self.window.bytes(LONGEST_CONTENT).to_vec();
                    let len = self.window.skip_line().map_err(|e| unreadable(&self.name, &e))?;
                    let detail = format!("a line of {len} bytes; at most {LONGEST_ROW} are read");
                    return Ok(Some(self.aside(detail, content)));
                }
                Line::Found { content, next } => {
                    self.counts.lines += 1;
                    self.taken = next;
                    let mark = if self.counts.lines == 1 { bom(self.window.bytes(content)) } else { 0 };
                    self.window.consume(mark);
                    self.taken -= mark;
                    if self.window.bytes(content - mark).iter().all(u8::is_ascii_whitespace) {
                        self.counts.blank += 1;
                        continue;
                    }
                    break (self.counts.lines, content - mark);
                }
            }
        };
        if let Err(error) = std::str::from_utf8(self.window.bytes(content)) {
            let detail = format!("not valid UTF-8 at byte {} of the line", error.valid_up_to() + 1);
            let content = self.window.bytes(content.min(LONGEST_CONTENT)).to_vec();
            return Ok(Some(self.aside(detail, content)));
        }
        self.counts.rows += 1;
        self.counts.row_lines += 1;
        let json = std::str::from_utf8(self.window.bytes(content)).unwrap_or_default();
        Ok(Some(Item::Object { line, json }))
    }

    fn aside(&mut self, detail: String, content: Vec<u8>) -> Item<'static> {
        self.counts.aside += 1;
        self.counts.aside_lines += 1;
        let line = self.counts.lines;
        let problem = Problem::new(ROW_INVALID, detail).at(format!("{}:{line}", self.name));
        Item::Aside(Aside { line, lines: 1, problem, content })
    }
}

/// The length of a byte order mark at the start of `bytes`.
pub(crate) fn bom(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

/// The members of one flat JSON object in the order in which they stand.
///
/// Numbers keep their literal text, so no amount passes through a float. A key given twice is refused: most readers would
/// silently take the last one.
///
/// # Errors
/// `intake-json-invalid` for text that is not one JSON object, for nested values, repeated keys, lone surrogates, and more than 256 keys.
///
/// ```
/// use probity_intake::{Cell, jsonl::flat_object};
/// let members = flat_object(r#"{"id":"e1","value":1.10}"#)?;
/// assert_eq!(members[1], ("value".into(), Cell::Number("1.10".into())));
/// assert!(flat_object(r#"{"id":"e1","id":"e2"}"#).is_err());
/// # Ok::<(), probity_primitives::Problem>(())
/// ```
pub fn flat_object(json: &str) -> Result<Vec<(Cow<'_, str>, Cell<'_>)>, Problem> {
    let invalid = |detail: String| Problem::new(JSON_INVALID, detail);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let raw = deserializer.deserialize_map(Members).map_err(|error| invalid(plain(&error)))?;
    deserializer.end().map_err(|error| invalid(plain(&error)))?;

    let mut members: Vec<(Cow<'_, str>, Cell<'_>)> = Vec::with_capacity(raw.len());
    for (key, value) in raw {
        let key = string(key.get()).map_err(&invalid)?;
        if members.iter().any(|(earlier, _)| *earlier == key) {
            return Err(invalid(format!("the key “{}” is given twice", shown(&key)))
                .at(pointer(&key))
                .hint("give each key once; which of the two is meant cannot be known"));
        }
        let cell = cell(value.get()).map_err(|detail| invalid(detail).at(pointer(&key)))?;
        members.push((key, cell));
    }
    Ok(members)
}

/// serde_json's message; its "line 1" would be mistaken for a line of the file.
fn plain(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

fn pointer(key: &str) -> String {
    format!("/{}", shown(&key.replace('~', "~0").replace('/', "~1")))
}

fn cell(raw: &str) -> Result<Cell<'_>, String> {
    Ok(match raw.as_bytes().first() {
        Some(b'n') => Cell::Null,
        Some(b't') => Cell::Boolean(true),
        Some(b'f') => Cell::Boolean(false),
        Some(b'"') => Cell::Text(string(raw)?),
        Some(b'{' | b'[') => return Err("a nested value; the fields of an event are flat".to_owned()),
        _ => Cell::Number(Cow::Borrowed(raw)),
    })
}

/// The content of a string token that serde_json has already found whole; borrowed where it has no escapes.
fn string(token: &str) -> Result<Cow<'_, str>, String> {
    if !token.contains('\\') {
        let inner = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        return inner.map(Cow::Borrowed).ok_or_else(|| "not a string".to_owned());
    }
    serde_json::from_str::<String>(token).map(Cow::Owned).map_err(|error| plain(&error))
}

/// Collects members as raw tokens, so that neither a repeated key nor a digit of a number is lost.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some(entry) = map.next_entry()? {
            if members.len() == MOST_KEYS {
                return Err(serde::de::Error::custom(format!("more than {MOST_KEYS} keys")));
            }
            members.push(entry);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<&[(&str, Cell<'_>)], &str>) {
        match (flat_object(json), expected) {
            (Ok(found), Ok(wanted)) => {
                let found: Vec<_> = found.iter().map(|(k, v)| (k.as_ref(), v.clone())).collect();
                assert_eq!(found, wanted, "{json}");
            }
            (Err(problem), Err(part)) => assert!(problem.to_string().contains(part), "{json}: {problem}"),
            (found, _) => panic!("{json}: {found:?}"),
        }
    }

    #[test]
    fn objects_are_flat_and_exact() {
        check("{}", Ok(&[]));
        check(
            r#" {"a":"x","b":18446744073709551616,"c":1.10,"d":1e309,"e":null,"f":true,"g":""} "#,
            Ok(&[
                ("a", Cell::Text("x".into())),
                ("b", Cell::Number("18446744073709551616".into())),
                ("c", Cell::Number("1.10".into())),
                ("d", Cell::Number("1e309".into())),
                ("e", Cell::Null),
                ("f", Cell::Boolean(true)),
                ("g", Cell::Text("".into())),
            ]),
        );
        check(r#"{"caf\u00e9":"a\n\ud83d\ude00"}"#, Ok(&[("café", Cell::Text("a\n😀".into()))]));
        check(r#"{"a":1,"a":2}"#, Err("given twice"));
        check(r#"{"a":1,"\u0061":2}"#, Err("given twice"));
        check(r#"{"a":{"b":1}}"#, Err("/a: a nested value"));
        check(r#"{"a/b":[1]}"#, Err("/a~1b: a nested value"));
        check(r#"{"a":"\ud800"}"#, Err("/a: unexpected end of hex escape"));
        check(r#"{"a":NaN}"#, Err("column"));
        check(r#"{"a":01}"#, Err("column"));
        check(r#"{"a":1} {"b":2}"#, Err("trailing"));
        check(r#"[1]"#, Err("one JSON object"));
        check(r#""a""#, Err("one JSON object"));
        check("{\"a\":\"\u{0}\"}", Err("control character"));
        check(r#"{"a":1"#, Err("EOF"));
        check("", Err("EOF"));
    }

    #[test]
    fn depth_and_width_are_bounded() {
        check(&format!("{{\"a\":{}", "[".repeat(1_000_000)), Err("EOF"));
        check(&"{\"a\":".repeat(1_000_000), Err(""));
        let wide: Vec<String> = (0..300).map(|n| format!("\"k{n}\":1")).collect();
        check(&format!("{{{}}}", wide.join(",")), Err("more than 256 keys"));
    }

    #[test]
    fn lines_are_counted_and_bad_ones_set_aside() {
        let text = b"\xef\xbb\xbf{\"a\":1}\r\n\n{\"b\":\"\xff\"}\n  \n{\"c\":3}";
        let mut reader = JsonlReader::new(Box::new(&text[..]), "x.jsonl");
        let mut seen = Vec::new();
        while let Some(item) = reader.read().unwrap() {
            seen.push(match item {
                Item::Object { line, json } => format!("{line} {json}"),
                Item::Aside(aside) => aside.problem.to_string(),
                Item::Row(_) => unreachable!(),
            });
        }
        assert_eq!(seen, ["1 {\"a\":1}", "x.jsonl:3: not valid UTF-8 at byte 7 of the line", "5 {\"c\":3}"]);
        let expected =
            Counts { lines: 5, rows: 2, row_lines: 2, aside: 1, aside_lines: 1, blank: 2, header: 0 };
        assert_eq!(reader.counts(), expected);
    }
}
