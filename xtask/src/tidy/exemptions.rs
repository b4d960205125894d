//! The ratchet: what may break a rule for now, with the reason. It only ever gets shorter.

use crate::checkout::Checkout;
use crate::finding::Finding;

/// Where the entries stand.
pub(super) const LIST: &str = "xtask/tidy-allowed.toml";

/// One entry.
pub(super) struct Exemption {
    /// The file it is about.
    pub(super) path: String,
    /// The function in it, for an entry about one.
    pub(super) function: Option<String>,
    /// How many lines it may have; 0 for an entry that is not about length.
    pub(super) limit: usize,
}

impl Exemption {
    /// The entry as a message names it.
    pub(super) fn shown(&self) -> String {
        self.function
            .as_ref()
            .map_or_else(|| self.path.clone(), |name| format!("`fn {name}` in {}", self.path))
    }
}

/// The readable entries of some kinds, and what is wrong with the others.
pub(super) struct Exemptions {
    pub(super) entries: Vec<Exemption>,
    pub(super) findings: Vec<Finding>,
}

/// The entries of the kinds `file`, `function` (about length) or `sql`.
pub(super) fn of(tree: &Checkout, kinds: &[&str]) -> Exemptions {
    let mut read = Exemptions { entries: vec![], findings: vec![] };
    let text = tree.file(LIST).map_or("", |file| file.text.as_str());
    let list = match text.parse::<toml::Table>() {
        Ok(list) => list,
        Err(error) => {
            read.findings.push(Finding::new(LIST, format!("not TOML: {error}"), "mend the file"));
            return read;
        }
    };
    for kind in kinds {
        for entry in list.get(*kind).and_then(toml::Value::as_array).into_iter().flatten() {
            match exemption(kind, entry) {
                Some(exemption) => read.entries.push(exemption),
                None => read.findings.push(Finding::new(
                    LIST,
                    format!("a [[{kind}]] entry lacks a field: {entry}"),
                    "write path and reason; limit for a [[file]]; limit and function for a [[function]]",
                )),
            }
        }
    }
    read
}

fn exemption(kind: &str, entry: &toml::Value) -> Option<Exemption> {
    let text =
        |key: &str| entry.get(key).and_then(toml::Value::as_str).filter(|text| !text.trim().is_empty());
    text("reason")?;
    let limit =
        entry.get("limit").and_then(toml::Value::as_integer).and_then(|limit| usize::try_from(limit).ok());
    let function = text("function").map(str::to_owned);
    if (kind == "function") != function.is_some() {
        return None;
    }
    let limit = if kind == "sql" { 0 } else { limit? };
    Some(Exemption { path: text("path")?.to_owned(), function, limit })
}
